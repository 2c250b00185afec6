package lab

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The crowd is a network that ends at the client: every address in it is the
// client's, so that one host can be as many clients as a scheduler needs to
// show what it does. RFC 5737's third network, and one of RFC 3849. Never
// changed.
var (
	crowdNet  = netip.MustParsePrefix("203.0.113.0/24")
	crowdNet6 = netip.MustParsePrefix("2001:db8:113::/64")
)

// Visitor returns the client's address number i of the crowd, from 1 to 254, of
// the same family as the address that it visits.
func (p Plan) Visitor(i int, at netip.Addr) netip.Addr {
	a := host(crowdNet, i)
	if at.Is6() {
		return beside(a, crowdNet6)
	}
	return a
}

// buildCrowd routes the crowd to the client, which takes it as its own.
func (l *Lab) buildCrowd() error {
	networks := []struct {
		crowd netip.Prefix
		via   netip.Addr
	}{{crowdNet, l.plan.Client.Addr}}
	if l.plan.Client.Addr6.IsValid() {
		networks = append(networks, struct {
			crowd netip.Prefix
			via   netip.Addr
		}{crowdNet6, l.plan.Client.Addr6})
	}
	// A route of type local makes every address of the network one's own; for
	// sockets of IPv6 it takes this too.
	if err := l.client.sysctls([]sysctl{{"net.ipv6.ip_nonlocal_bind", "1", true}}); err != nil {
		return err
	}
	lo, err := l.client.handle.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find lo in %s: %w", l.client.Name, err)
	}
	for _, n := range networks {
		if err := l.router.handle.RouteAdd(&netlink.Route{Dst: ipNet(n.crowd), Gw: n.via.AsSlice()}); err != nil {
			return fmt.Errorf("route %s to the client: %w", n.crowd, err)
		}
		err := l.client.handle.RouteAdd(&netlink.Route{
			Dst: ipNet(n.crowd), LinkIndex: lo.Attrs().Index, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL,
			Scope: netlink.SCOPE_HOST,
		})
		if err != nil {
			return fmt.Errorf("give %s to the client: %w", n.crowd, err)
		}
	}
	return nil
}
