package director

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// interests are the interfaces that a VRRP configuration depends on, and its
// virtual addresses, each once and in order.
func interests(c vrrp.Config) (names []string, virtual []netip.Addr) {
	names = c.Interfaces()
	for _, i := range c.Instances {
		for _, a := range i.Floating() {
			virtual = append(virtual, a.Prefix.Addr())
			if a.Dev != "" {
				names = append(names, a.Dev)
			}
		}
	}
	slices.Sort(names)
	slices.SortFunc(virtual, netip.Addr.Compare)
	return slices.Compact(names), slices.Compact(virtual)
}
