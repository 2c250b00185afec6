package host

import (
	"math"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// routes notes by which interfaces the default route of a family leaves, and
// what each reaches without a router.
func (p picture) routes(family int) error {
	table := &netlink.Route{Table: unix.RT_TABLE_MAIN}
	all, err := listed(func(take func(netlink.Route) bool) error {
		return p.kernel.RouteListFilteredIter(family, table, netlink.RT_FILTER_TABLE, take)
	})
	if err != nil {
		return err
	}
	best := math.MaxInt
	var defaults []int
	for _, r := range all {
		to, isDefault := destination(r)
		switch {
		case isDefault && r.Priority < best:
			best, defaults = r.Priority, ways(r)
		case isDefault && r.Priority == best:
			defaults = append(defaults, ways(r)...)
		case !isDefault:
			p.network(r, to)
		}
	}
	for _, index := range defaults {
		if in := p.at(index); in != nil && family == unix.AF_INET {
			in.Default4 = true
		} else if in != nil {
			in.Default6 = true
		}
	}
	return nil
}

// listed are the routes that matter here. What a dump gave before it was
// interrupted is dropped: the next one gives it again, if it is still so. The
// table may hold the whole Internet, of which only the routes without a router
// are kept.
func listed(dump func(take func(netlink.Route) bool) error) (all []netlink.Route, err error) {
	err = ifaddr.Whole(func() error {
		all = nil
		return dump(func(r netlink.Route) bool {
			if _, isDefault := destination(r); r.Type == unix.RTN_UNICAST && (isDefault || direct(r)) {
				all = append(all, r)
			}
			return true
		})
	})
	return all, err
}

// destination is where a route leads.
func destination(r netlink.Route) (to netip.Prefix, isDefault bool) {
	if r.Dst == nil {
		return to, true
	}
	a, _ := netip.AddrFromSlice(r.Dst.IP)
	if r.Family == unix.AF_INET {
		a = a.Unmap()
	}
	bits, _ := r.Dst.Mask.Size()
	return netip.PrefixFrom(a, bits), bits == 0
}

// direct tells that a route needs no router.
func direct(r netlink.Route) bool {
	return r.Gw == nil && r.Via == nil && len(r.MultiPath) == 0 && r.Encap == nil
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
	if in == nil || !direct(r) || !to.IsValid() || to.Addr().IsLinkLocalUnicast() {
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
