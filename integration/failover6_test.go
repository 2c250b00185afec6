package integration

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// A failover takes the addresses of IPv6 with those of IPv4: the VIP outside and
// the gateway of the real servers inside, whose neighbours hear of it at once
// and not when their own entries get old.
func TestFailoverTakesIPv6Along(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All})
	plan := p.Plan()
	tell(t, p)
	o := quick
	var services []netip.AddrPort
	for _, vip := range []netip.Addr{plan.VIPs[0], plan.VIPs6[0]} {
		nat, dr := netip.AddrPortFrom(vip, 9501), netip.AddrPortFrom(vip, 9502)
		routed := virtualServer{at: at(dr), algo: "rr", kind: "DR"}
		for i, leg := range plan.Servers {
			hear(t, p, i, traffic.TCP, dr)
			routed.servers = append(routed.servers, realServer{at: netip.AddrPortFrom(leg.For(vip), dr.Port()), weight: 1})
		}
		o.Extra += virtualServer{at: at(nat), algo: "rr", kind: "NAT", servers: shared(p, vip, 1, 1, 1)}.String() + routed.String()
		services = append(services, nat, dr)
	}
	p.StartBoth(t, o)
	for _, d := range []lab.Director{lab.A, lab.B} {
		p.WaitServices(t, d, len(services))
	}
	visitBoth := func(d lab.Director) {
		t.Helper()
		for _, service := range services {
			got, err := visitAll(p, traffic.TCP, service, 6)
			if want := (answered{"s1": 2, "s2": 2, "s3": 2}); !maps.Equal(got, want) {
				t.Errorf("%s through director %s is answered by %v, want %v; %v", service, d, got, want, err)
			}
		}
	}
	p.WaitVirtual(t, lab.A)
	visitBoth(lab.A) // Now the neighbours know where the addresses are.
	if err := p.PowerLoss(lab.A); err != nil {
		t.Fatal(err)
	}
	p.WaitVirtual(t, lab.B)
	// Nobody talks until the neighbours have heard.
	legs := plan.Legs(lab.B)
	waitNeighbour(t, p.Router(), lab.OutsideLink, plan.VIPs6[0], legs.Outside.MAC)
	for i := range plan.Servers {
		waitNeighbour(t, p.Server(i), lab.InsideLink, plan.Gateway6, legs.Inside.MAC)
	}
	visitBoth(lab.B)
}

// waitNeighbour waits until a host has an address at a hardware address.
func waitNeighbour(t *testing.T, h *lab.Host, link string, a netip.Addr, want net.HardwareAddr) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("%s finds %s at %s", h.Name, a, want), func() error {
		mac, err := h.Neighbour(link, a)
		if err == nil && mac.String() != want.String() {
			err = fmt.Errorf("it is at %s", mac)
		}
		return err
	})
}
