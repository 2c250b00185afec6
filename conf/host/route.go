package host

import (
	"math"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routes notes by which interfaces the default route of a family leaves, and
// what each reaches without a router.
func (p picture) routes(family int) error {
	var defaults []int
	table := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	err := again(func() error {
		best := math.MaxInt
		defaults = nil
		return p.kernel.RouteListFilteredIter(family, table, netlink.RT_FILTER_TABLE, func(r netlink.Route) bool {
			if r.Type != unix.RTN_UNICAST {
				return true
			}
			to, isDefault := destination(r, family)
			switch {
			case isDefault && r.Priority < best:
				best, defaults = r.Priority, ways(r)
			case isDefault && r.Priority == best:
				defaults = append(defaults, ways(r)...)
			case !isDefault:
				p.network(r, to)
			}
			return true
		})
	})
	for _, index := range defaults {
		if in := p.at(index); in != nil && family == unix.AF_INET {
			in.Default4 = true
		} else if in != nil {
			in.Default6 = true
		}
	}
	return err
}

// destination is where a route leads.
func destination(r netlink.Route, family int) (to netip.Prefix, isDefault bool) {
	if r.Dst == nil {
		return to, true
	}
	a, _ := netip.AddrFromSlice(r.Dst.IP)
	if family == unix.AF_INET {
		a = a.Unmap()
	}
	bits, _ := r.Dst.Mask.Size()
	return netip.PrefixFrom(a, bits), bits == 0
}

// ways are the interfaces that a route leaves by.
func ways(r netlink.Route) []int {
	if len(r.MultiPath) == 0 {
		return []int{r.LinkIndex}
	}
	var all []int
	for _, hop := range r.MultiPath {
		all = append(all, hop.LinkIndex)
	}
	return all
}

// network notes what an interface reaches by a route without a gateway, unless
// its addresses say it already. A network that came with a floating address
// leaves with it.
func (p picture) network(r netlink.Route, to netip.Prefix) {
	in := p.at(r.LinkIndex)
	if in == nil || r.Gw != nil || r.Via != nil || len(r.MultiPath) > 0 || r.Encap != nil ||
		!to.IsValid() || to.Addr().IsLinkLocalUnicast() {
		return
	}
	if source, ok := netip.AddrFromSlice(r.Src); ok && has(in.Floating, source.Unmap()) {
		return
	}
	same := func(own netip.Prefix) bool { return own.Masked() == to }
	if !slices.ContainsFunc(in.Addresses, same) && !slices.Contains(in.Networks, to) {
		in.Networks = append(in.Networks, to)
	}
}

func has(prefixes []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Addr() == a })
}
