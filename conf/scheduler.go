package conf

import (
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// schedulers are those of the kernel (net/netfilter/ipvs/ip_vs_*.c).
var schedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos"}

// setScheduler reads lb_algo. A name that the kernel has not would make it
// refuse the whole service.
func (v *service) setScheduler(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	if l.oneOf(s.Keyword(), w, schedulers) {
		v.IPVS.Scheduler = w.Text
	}
}

// flagRows are the keywords of the flags that schedulers read
// (IP_VS_SVC_F_SCHED_* in linux/ip_vs.h): flag-1 to flag-3 by number, the
// others by what they mean to sh and mh.
func flagRows() []row[service] {
	const fallback = "a connection whose server has the weight 0 or is full goes to another one"
	const port = "the port of the client counts too"
	return []row[service]{
		flagBit("flag-1", ipvs.Sched1).doc("off", "the first flag of the scheduler"),
		flagBit("flag-2", ipvs.Sched2).doc("off", "the second flag of the scheduler"),
		flagBit("flag-3", ipvs.Sched3).doc("off", "the third flag of the scheduler"),
		schedulerFlag("sh-fallback", "sh", ipvs.Sched1).doc("off", fallback),
		schedulerFlag("sh-port", "sh", ipvs.Sched2).doc("off", port),
		schedulerFlag("mh-fallback", "mh", ipvs.Sched1).doc("off", fallback),
		schedulerFlag("mh-port", "mh", ipvs.Sched2).doc("off", port),
		flagBit("ops", ipvs.OnePacket).doc("off", "each packet of UDP is scheduled for itself"),
	}
}

// flagBit is a flag that stands by itself. Where the scheduler has a name for
// it, that is shown.
func flagBit(name string, bit ipvs.Flags) row[service] {
	return custom(name, "", func(v *service, _ *loader, _ *syntax.Statement) { v.IPVS.Flags |= bit }).shown(func(v *service) []Node {
		byName := (v.IPVS.Scheduler == "sh" || v.IPVS.Scheduler == "mh") && bit&(ipvs.Sched1|ipvs.Sched2) != 0
		if v.IPVS.Flags&bit == 0 || byName {
			return nil
		}
		return statement(name)
	})
}

// schedulerFlag is a flag that only one scheduler has. As in keepalived it
// counts below lb_algo only.
func schedulerFlag(name, scheduler string, flag ipvs.Flags) row[service] {
	return custom(name, "", func(v *service, l *loader, s *syntax.Statement) {
		if v.IPVS.Scheduler != scheduler {
			l.errorf(s.Pos, "write it below lb_algo "+scheduler, "%s is ignored: it belongs to the scheduler %s", name, scheduler)
			return
		}
		v.IPVS.Flags |= flag
	}).shown(func(v *service) []Node {
		if v.IPVS.Scheduler != scheduler || v.IPVS.Flags&flag == 0 {
			return nil
		}
		return statement(name)
	})
}

// judgeFlags drops one-packet scheduling where it cannot be. A firewall mark
// may be on packets of any protocol, of which the kernel takes the UDP ones.
func (v *service) judgeFlags(l *loader) {
	if v.IPVS.Flags&ipvs.OnePacket != 0 && v.Key.FWMark == 0 && v.Key.Protocol != ipvs.UDP {
		l.errorf(v.met.at(v.pos, "ops"), "", "ops is ignored: one-packet scheduling is for UDP only, and the service is %s", v.Key.Protocol)
		v.IPVS.Flags &^= ipvs.OnePacket
	}
}
