package integration

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// Every forwarding method carries real requests to every real server, through
// both directors in turn.
func TestForwardingMethodsCarryHTTP(t *testing.T) {
	for _, mode := range []lab.Mode{lab.DR, lab.NAT, lab.TUN} {
		t.Run(mode.String(), func(t *testing.T) {
			p := rig.NewIPVS(t, lab.Options{Mode: mode})
			p.StartBoth(t, quick)
			web := netip.AddrPortFrom(p.VIP(), lab.HTTPPort)
			want := map[string]int{"s1": 3, "s2": 3, "s3": 3} // Round robin.

			p.WaitForwarding(t, lab.A)
			p.WaitPage(t, web)
			if diff := cmp.Diff(want, p.Visit(t, web, 9)); diff != "" {
				t.Errorf("answers through director a (-want +got):\n%s", diff)
			}
			p.WaitForwarding(t, lab.B)
			p.Stop(t, lab.A)
			p.WaitOwner(t, p.VIP(), "b")
			p.WaitPage(t, web)
			if diff := cmp.Diff(want, p.Visit(t, web, 9)); diff != "" {
				t.Errorf("answers through director b (-want +got):\n%s", diff)
			}
		})
	}
}

// Two real servers of weights 1 and 3 share the connections as 1 to 3. The
// service has another port than its servers, which only NAT can do.
func TestNATSharesConnectionsByWeight(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.NAT})
	const port, requests = 8080, 40
	servers := p.Plan().Servers
	o := quick
	o.Extra = fmt.Sprintf(`
virtual_server %s %d {
    delay_loop 1
    lb_algo wrr
    lb_kind NAT
    protocol TCP
    real_server %s %d {
        weight 1
        TCP_CHECK {
        }
    }
    real_server %s %d {
        weight 3
        TCP_CHECK {
        }
    }
}`, p.VIP(), port, servers[0].Addr, lab.HTTPPort, servers[1].Addr, lab.HTTPPort)
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitOwner(t, p.VIP(), "a")

	service := netip.AddrPortFrom(p.VIP(), port)
	p.WaitTable(t, lab.A, service, "s1=1 s2=3")
	p.WaitPage(t, service)
	got := p.Visit(t, service, requests)
	// The page above was the first of a round of four.
	if got["s1"] < requests/4-1 || got["s1"] > requests/4+1 || got["s1"]+got["s2"] != requests {
		t.Errorf("%d requests to servers of weight 1 and 3 were answered by %v", requests, got)
	}
}
