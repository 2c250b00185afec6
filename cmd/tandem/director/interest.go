package director

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/link"
)

// interests are the interfaces that a VRRP configuration depends on, each once
// and in order, with what of them matters.
func interests(c vrrp.Config) link.Interests {
	names := c.Interfaces()
	for _, i := range c.Instances {
		for _, a := range i.Floating() {
			if a.Dev != "" {
				names = append(names, a.Dev)
			}
		}
	}
	slices.Sort(names)
	in := link.Interests{Virtual: virtual(c), Wait: c.ForwardingWait}
	at := make(map[string]int)
	for _, name := range slices.Compact(names) {
		at[name] = len(in.Links)
		in.Links = append(in.Links, link.Interest{Name: name, Delay: c.LinkDelays[name]})
	}
	for _, i := range c.Instances {
		l := &in.Links[at[i.Interface]]
		l.Speaks = true
		l.Peers = append(l.Peers, i.Peers...)
		for _, a := range i.Addresses {
			if a.Dev == "" || a.Dev == i.Interface {
				l.Virtual = append(l.Virtual, a.Prefix.Addr())
			}
		}
	}
	return in
}

// virtual are the virtual addresses of a VRRP configuration, each once and in
// order.
func virtual(c vrrp.Config) (list []netip.Addr) {
	for _, i := range c.Instances {
		for _, a := range i.Floating() {
			list = append(list, a.Prefix.Addr())
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}
