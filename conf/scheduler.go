package conf

import (
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// schedulers are those of the kernel (net/netfilter/ipvs/ip_vs_*.c).
var schedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos"}

// setScheduler reads lb_algo. A name that the kernel has not would make it
// refuse the whole service.
func (v *service) setScheduler(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	if !slices.Contains(schedulers, w.Text) {
		l.invalid(s.Keyword(), w, "it takes "+strings.Join(schedulers, ", "))
		return
	}
	v.IPVS.Scheduler = w.Text
}

// flagRows are the keywords of the flags that schedulers read
// (IP_VS_SVC_F_SCHED_* in linux/ip_vs.h): flag-1 to flag-3 by number, the
// others by what they mean to sh and mh.
func flagRows() []row[service] {
	return []row[service]{
		flagBit("flag-1", ipvs.Sched1),
		flagBit("flag-2", ipvs.Sched2),
		flagBit("flag-3", ipvs.Sched3),
		schedulerFlag("sh-fallback", "sh", ipvs.Sched1),
		schedulerFlag("sh-port", "sh", ipvs.Sched2),
		schedulerFlag("mh-fallback", "mh", ipvs.Sched1),
		schedulerFlag("mh-port", "mh", ipvs.Sched2),
		flagBit("ops", ipvs.OnePacket),
	}
}

// flagBit is a flag that stands by itself.
func flagBit(name string, bit ipvs.Flags) row[service] {
	return custom(name, "", func(v *service, _ *loader, _ *syntax.Statement) { v.IPVS.Flags |= bit })
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
