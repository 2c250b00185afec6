package complete

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// The ports of the marked service.
const (
	shopPort   = 8080
	securePort = 8443
)

// marked is a service by firewall mark that names its members: both ports of
// the VIP, held together by persistence (PFMC).
func marked(p lab.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, `virtual_server fwmark 7 {
    mark_match %s tcp %d,%d
    lb_algo rr
    lvs_method DR
    persistence_timeout 300
`, p.VIPs[0], shopPort, securePort)
	for _, leg := range p.Servers {
		fmt.Fprintf(&b, "    real_server %s 0 {\n        weight 1\n        TCP_CHECK {\n            connect_port %d\n        }\n    }\n",
			leg.Addr, lab.EchoPort)
	}
	b.WriteString("}\n")
	return b.String()
}

// Tandem marks the packets of a service on both directors, so that a client
// stays with its real server across ports and across a failover, and what it
// has open lives on.
func TestMarkedServiceSurvivesAFailover(t *testing.T) {
	p := newPair(t)
	vip := p.VIP()
	shop, secure := netip.AddrPortFrom(vip, shopPort), netip.AddrPortFrom(vip, securePort)
	for i := range p.Plan().Servers {
		for _, at := range []netip.AddrPort{shop, secure} {
			hear(t, p, fmt.Sprintf("s%d", i+1), p.Server(i), traffic.TCP, at)
		}
	}
	start(t, p, marked(p.Plan()), 1)

	const clients = 6
	homes := make([]string, clients)
	servers := make(map[string]int)
	var open []*traffic.Caller
	for i := range clients {
		c := call(t, p, traffic.TCP, visitor(p, i+1, shop), shop)
		homes[i] = ask(t, c).Server
		servers[homes[i]]++
		open = append(open, c)
		if s := ask(t, call(t, p, traffic.TCP, visitor(p, i+1, secure), secure)).Server; s != homes[i] {
			t.Errorf("client %d shops at %s and pays at %s", i+1, homes[i], s)
		}
	}
	if len(servers) != len(p.Plan().Servers) {
		t.Errorf("%d clients are at %v, want all real servers", clients, servers)
	}
	for _, c := range open {
		waitKnown(t, p, lab.B, traffic.TCP, c.Local)
	}
	if err := p.PowerLoss(lab.A); err != nil {
		t.Fatal(err)
	}
	p.WaitVirtual(t, lab.B)
	for i, c := range open {
		if tale, err := c.Ask("still there"); err != nil || tale.Server != homes[i] {
			t.Errorf("client %d, connected to %s: after the failover %v, %v", i+1, homes[i], tale, err)
		}
		for _, at := range []netip.AddrPort{shop, secure} {
			if s := ask(t, call(t, p, traffic.TCP, visitor(p, i+1, at), at)).Server; s != homes[i] {
				t.Errorf("client %d moves from %s to %s at %s", i+1, homes[i], s, at)
			}
		}
	}
	t.Logf("%d clients kept their real servers: %v", clients, servers)
}
