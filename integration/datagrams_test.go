package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// A service of one-packet scheduling picks a server for each datagram, where
// another one stays with the first. A server with as many connections as its
// upper threshold gets no new one, until it has fewer than the lower one again.
func TestDatagramsAndThresholds(t *testing.T) {
	const portStays, portOnePacket, portLimited = 9211, 9212, 9213
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All})
	datagrams := func(port uint16, kind string, lines ...string) virtualServer {
		v := virtualServer{
			at: at(netip.AddrPortFrom(p.VIP(), port)), protocol: traffic.UDP, algo: "rr", kind: kind, lines: lines,
			servers: shared(p, p.VIP(), 1, 1, 1),
		}
		for i := range v.servers {
			if kind == "DR" {
				v.servers[i].at = netip.AddrPortFrom(v.servers[i].at.Addr(), port)
				hear(t, p, i, traffic.UDP, netip.AddrPortFrom(p.VIP(), port))
			}
		}
		return v
	}
	limited := datagrams(portLimited, "NAT")
	limited.servers[0].lines = []string{"uthreshold 2", "lthreshold 1"}
	tell(t, p)
	o := calm
	o.Global = "lvs_timeouts udp 4"
	// The answer to a datagram that is forgotten already finds no way back
	// through NAT: one-packet scheduling is for DR and TUN.
	o.Extra = datagrams(portStays, "DR").String() + datagrams(portOnePacket, "DR", "ops").String() + limited.String()
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, 3)
	p.WaitVirtual(t, lab.A)

	for _, row := range []struct {
		what string
		port uint16
		want int // How many servers answer, each alike.
	}{
		{"a client's datagrams stay with one server", portStays, 1},
		{"with one-packet scheduling each finds another one", portOnePacket, 3},
	} {
		t.Run(row.what, func(t *testing.T) {
			c, err := traffic.Call(p.Client(), traffic.UDP, netip.AddrPortFrom(p.Plan().Client.Addr, 0), netip.AddrPortFrom(p.VIP(), row.port), patience)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			const datagrams = 6
			got := make(answered)
			for range datagrams {
				tale, err := c.Ask("hello")
				if err != nil {
					t.Error(err)
				}
				got[tale.Server]++
			}
			for server, n := range got {
				if len(got) != row.want || n != datagrams/row.want {
					t.Errorf("%d datagrams are answered by %v, want %d servers; %s has %d", datagrams, got, row.want, server, n)
				}
			}
		})
	}
	t.Run("thresholds", func(t *testing.T) {
		service := netip.AddrPortFrom(p.VIP(), portLimited)
		want := answered{"s1": 2, "s2": 4, "s3": 4}
		got, err := visitAll(p, traffic.UDP, service, 10)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("ten clients, answered with a threshold of 2 at s1 (-want +got):\n%s%v", diff, err)
		}
		rig.Until(t, "the connections are forgotten", func() error {
			services, err := p.Director(lab.A).IPVS()
			for _, s := range services {
				for _, d := range s.Destinations {
					if n := d.Active + d.Inactive; s.Addr == service && n > 0 {
						return fmt.Errorf("%s has %d", d.Addr, n)
					}
				}
			}
			return err
		})
		if got, err = visitAll(p, traffic.UDP, service, 10); got["s1"] != 2 || got.total() != 10 {
			t.Errorf("ten more clients are answered by %v, want two by s1; %v", got, err)
		}
	})
}
