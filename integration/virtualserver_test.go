package integration

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// tellPort is where the real servers tell in their own names who they are. By
// NAT every service can use them, whatever its own port is.
const tellPort = 9000

// tell makes the real servers do so.
func tell(t *testing.T, p *rig.Pair) {
	t.Helper()
	for i, leg := range p.Plan().Servers {
		for _, a := range []netip.Addr{leg.Addr, leg.Addr6} {
			hear(t, p, i, traffic.TCP, netip.AddrPortFrom(a, tellPort))
			hear(t, p, i, traffic.UDP, netip.AddrPortFrom(a, tellPort))
		}
	}
}

// virtualServer is a block of a configuration.
type virtualServer struct {
	at         string // "192.0.2.100 80", "fwmark 7", "group many".
	protocol   traffic.Protocol
	algo, kind string   // lb_algo, lb_kind.
	lines      []string // More of them.
	servers    []realServer
}

// realServer is a block of it.
type realServer struct {
	at     netip.AddrPort
	weight int
	lines  []string // More of them.
}

// shared are the first of the lab's real servers with these weights, at the
// port where they tell who they are.
func shared(p *rig.Pair, vip netip.Addr, weights ...int) (servers []realServer) {
	for i, weight := range weights {
		servers = append(servers, realServer{at: netip.AddrPortFrom(p.Plan().Servers[i].For(vip), tellPort), weight: weight})
	}
	return servers
}

// at writes an address and port as a configuration does.
func at(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().String()
	}
	return fmt.Sprintf("%s %d", a.Addr(), a.Port())
}

func (v virtualServer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s {\n    lb_algo %s\n    lb_kind %s\n", v.at, v.algo, v.kind)
	if !strings.HasPrefix(v.at, "fwmark") {
		fmt.Fprintf(&b, "    protocol %s\n", v.protocol)
	}
	for _, line := range v.lines {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	for _, r := range v.servers {
		fmt.Fprintf(&b, "    real_server %s {\n", at(r.at))
		fmt.Fprintf(&b, "        weight %d\n", r.weight)
		for _, line := range r.lines {
			fmt.Fprintf(&b, "        %s\n", line)
		}
		b.WriteString("    }\n")
	}
	b.WriteString("}\n")
	return b.String()
}
