package lab

import (
	"fmt"
	"net/netip"
	"slices"
)

// The networks of IPv6, of RFC 3849: 192.0.2.100 and 2001:db8:2::100 are the
// same interface. Never changed.
var (
	clientNet6  = netip.MustParsePrefix("2001:db8:51::/64")
	outsideNet6 = netip.MustParsePrefix("2001:db8:2::/64")
	insideNet6  = netip.MustParsePrefix("2001:db8:77::/64")
)

// bits6 is the length of their prefixes.
const bits6 = 64

// DualStack returns the plan with an address of IPv6 beside each of IPv4.
func (p Plan) DualStack() Plan {
	for _, of := range []struct {
		leg     *Leg
		network netip.Prefix
	}{
		{&p.Client, clientNet6}, {&p.RouterClient, clientNet6},
		{&p.RouterOutside, outsideNet6}, {&p.RouterInside, insideNet6},
		{&p.Directors[0].Outside, outsideNet6}, {&p.Directors[0].Inside, insideNet6},
		{&p.Directors[1].Outside, outsideNet6}, {&p.Directors[1].Inside, insideNet6},
		{&p.Witness.Outside, outsideNet6}, {&p.Witness.Inside, insideNet6},
	} {
		of.leg.Addr6 = beside(of.leg.Addr, of.network)
	}
	p.Servers, p.Summed = slices.Clone(p.Servers), slices.Clone(p.Summed)
	for _, legs := range [][]Leg{p.Servers, p.Summed} {
		for i := range legs {
			legs[i].Addr6 = beside(legs[i].Addr, insideNet6)
		}
	}
	p.Gateway6 = beside(p.Gateway, insideNet6)
	p.VIPs6 = nil
	for _, vip := range p.VIPs {
		p.VIPs6 = append(p.VIPs6, beside(vip, outsideNet6))
	}
	return p
}

// beside returns the address in a network of IPv6 that looks like this one: the
// last number of both is written alike.
func beside(a netip.Addr, network netip.Prefix) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("%s%d", network.Addr(), a.As4()[3]))
}

// For returns the leg's address of the same family as another address.
func (l Leg) For(other netip.Addr) netip.Addr {
	if other.Is6() {
		return l.Addr6
	}
	return l.Addr
}

// vip6 returns what floats with VIP i.
func (p Plan) vip6(i int) []netip.Addr {
	if i >= len(p.VIPs6) {
		return nil
	}
	return p.VIPs6[i : i+1]
}
