package conf

import (
	"maps"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
)

// needs is what the services of the file need of the host.
type needs struct {
	nat4      bool     // somebody rewrites packets of IPv4
	nat6      *service // the first one that rewrites those of IPv6; nil: none
	redirects bool     // NAT of IPv4: real servers must not learn a way around
	fullNAT   bool
}

func (l *loader) needs() (n needs) {
	for _, v := range l.services {
		full, nat := v.usesFullNAT(), v.usesNAT()
		n.fullNAT = n.fullNAT || full
		n.nat4 = n.nat4 || (nat || full) && v.Key.Family == ipvs.IPv4
		if (nat || full) && v.Key.Family == ipvs.IPv6 && n.nat6 == nil {
			n.nat6 = v
		}
		n.redirects = n.redirects || nat && v.Key.Family == ipvs.IPv4
	}
	return n
}

// finishSysctls joins the settings of the file with those that its services
// cannot do without.
func (l *loader) finishSysctls() sysctl.Settings {
	n := l.needs()
	l.within("global_defs: lvs_sysctl", func() { l.judgeSysctls(n) })
	want := make(map[string]string)
	for name, s := range l.global.sysctls {
		want[name] = s.value
	}
	need := func(yes bool, name, value string) {
		if _, said := want[name]; yes && !said {
			want[name] = value
		}
	}
	if _, said := want["ipv6_forwarding"]; n.nat6 != nil && !said {
		l.within(n.nat6.scope, func() {
			l.notef(n.nat6.pos, "", "NAT of IPv6: tandem switches IPv6 forwarding on, and keeps router advertisements accepted where they are (accept_ra 2 instead of 1)")
		})
	}
	need(n.nat4, "ip_forward", "1")
	need(n.nat6 != nil, "ipv6_forwarding", "1")
	need(n.redirects, "send_redirects", "0")
	need(n.fullNAT, "conntrack", "1")

	settings := make(sysctl.Settings)
	for _, k := range knobs {
		value, ok := want[k.name]
		if !ok || value == leave {
			continue
		}
		settings[k.file()] = value
		if k.name == "send_redirects" {
			// The kernel sends them where either says so (IN_DEV_TX_REDIRECTS
			// in include/linux/inetdevice.h).
			for _, dev := range l.devices() {
				settings["net/ipv4/conf/"+dev+"/send_redirects"] = value
			}
		}
	}
	if n.fullNAT {
		// After a failover packets come to a director that has not seen the
		// connection begin. Conntrack calls them invalid without either: loose
		// lets it take a connection up in the middle, which hardened hosts
		// forbid, liberal takes segments outside the window that it guesses
		// then (net/netfilter/nf_conntrack_proto_tcp.c).
		settings["net/netfilter/nf_conntrack_tcp_be_liberal"] = "1"
		settings["net/netfilter/nf_conntrack_tcp_loose"] = "1"
	}
	if len(settings) == 0 {
		return nil
	}
	return settings
}

// devices are the interfaces that have a virtual address.
func (l *loader) devices() []string {
	devices := make(map[string]bool)
	for _, in := range l.instances {
		devices[in.Interface] = true
		for _, a := range in.addresses() {
			devices[in.device(a)] = true
		}
	}
	return slices.Sorted(maps.Keys(devices))
}

// judgeSysctls drops what contradicts the rest of the file, and says what
// works otherwise than it looks.
func (l *loader) judgeSysctls(n needs) {
	sysctls, sync := l.global.sysctls, l.global.sync != nil
	refuse := func(name, value string, conflict bool, why string) {
		if s, ok := sysctls[name]; ok && s.value == value && conflict {
			l.errorf(s.pos, "", "%s %s is ignored: %s", name, value, why)
			delete(sysctls, name)
		}
	}
	refuse("backup_only", "1", sync, "with lvs_sync_daemon the backup daemon runs on the master too, which would forward nothing")
	refuse("conntrack", "0", n.fullNAT, "FULLNAT changes the source by connection tracking")
	refuse("ip_forward", "0", n.nat4, "NAT and FULLNAT forward packets")
	refuse("ipv6_forwarding", "0", n.nat6 != nil, "NAT and FULLNAT forward packets")

	if reuse, nodest := sysctls["conn_reuse_mode"], sysctls["expire_nodest_conn"]; reuse.value == "0" && nodest.value == "1" {
		l.warnf(reuse.pos, "leave conn_reuse_mode at 1", "conn_reuse_mode 0 weakens expire_nodest_conn 1: "+
			"a client that comes back from the same port is sent to the server it had, of whatever weight")
	}
	if sync {
		return
	}
	idle := func(name string, pos syntax.Pos) {
		if strings.HasPrefix(name, "sync_") {
			l.warnf(pos, "", "%s has no effect without lvs_sync_daemon", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sysctls)) {
		idle(name, sysctls[name].pos)
	}
	for _, name := range slices.Sorted(maps.Keys(l.global.said)) {
		idle(l.global.said[name].value, l.global.said[name].pos)
	}
}
