package conf

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// judgeDropped warns of virtual servers on the addresses of an instance that
// takes no packets to them: the firewall is asked before IPVS is (priority -1
// against 98 of NF_INET_LOCAL_IN), with keepalived's chains as with ours.
func (l *loader) judgeDropped(f floating) {
	services := make(map[*instance][]*service)
	for _, v := range l.services {
		for _, in := range f.holders(v) {
			if in.drops() {
				services[in] = append(services[in], v)
			}
		}
	}
	for _, in := range l.instances {
		if all := services[in]; len(all) > 0 {
			l.within("vrrp_instance "+in.Name, func() { in.warnDropped(l, f, all) })
		}
	}
}

// warnDropped says which services of a router that takes no packets are reached
// by nobody, and what makes them reachable.
func (in *instance) warnDropped(l *loader, f floating, services []*service) {
	addrs := services[0].addresses()
	i := slices.IndexFunc(addrs, func(a netip.Addr) bool { return f.holder[a] == in })
	more := ""
	if n := len(services) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	pos, keyword, hint := in.pos, "strict mode", "write accept"
	switch {
	case in.met.has("no_accept"):
		pos, keyword, hint = in.met.at(in.pos, "no_accept"), "no_accept", "write accept instead"
	case in.met.has("strict_mode"):
		pos = in.met.at(in.pos, "strict_mode")
	}
	if in.strict && in.Version == vrrp.V2 {
		hint = "write strict_mode off, or version 3 and accept"
	}
	l.warnf(pos, hint, "%s: the master drops all packets to %s, those of %s%s too: no client reaches it", keyword, addrs[i], services[0].scope, more)
}
