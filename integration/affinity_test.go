package integration

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// What a scheduler with a memory or a hash keeps together.
type affinity int

const (
	byClient      affinity = iota // A client has one server.
	byPort                        // A client has several, by its ports.
	byDestination                 // A virtual address has one server.
)

// Every scheduler that is to keep something at one server does, and uses more
// than one server for all. Where that server has weight 0, its clients are
// refused, unless a flag sends them elsewhere.
func TestSchedulersKeepAffinity(t *testing.T) {
	rows := []struct {
		what    string
		algo    string
		lines   []string
		keeps   affinity
		drained bool // s1 has weight 0.
		refused bool // Some clients are.
	}{
		{what: "sh: a client has its server", algo: "sh"},
		{what: "sh: a drained server's clients are refused", algo: "sh", drained: true, refused: true},
		{what: "sh-fallback: a drained server's clients go elsewhere", algo: "sh", lines: []string{"sh-fallback"}, drained: true},
		{what: "sh-port: a client's ports are spread", algo: "sh", lines: []string{"sh-port"}, keeps: byPort},
		{what: "sh-port and sh-fallback together", algo: "sh", lines: []string{"sh-port", "sh-fallback"}, keeps: byPort, drained: true},
		{what: "mh: a client has its server", algo: "mh"},
		{what: "mh: a drained server's clients are refused", algo: "mh", drained: true, refused: true},
		{what: "mh-fallback: a drained server's clients go elsewhere", algo: "mh", lines: []string{"mh-fallback"}, drained: true},
		{what: "mh-port: a client's ports are spread", algo: "mh", lines: []string{"mh-port"}, keeps: byPort},
		{what: "dh: a destination has its server", algo: "dh", keeps: byDestination},
		{what: "lblc: a destination has its server", algo: "lblc", keeps: byDestination},
		{what: "lblcr: a destination has its server", algo: "lblcr", keeps: byDestination},
	}
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All, VIPs: lab.DefaultVIPs(6)})
	tell(t, p)
	o := calm
	for i, row := range rows {
		v := virtualServer{at: at(rowPort(p, i)), algo: row.algo, kind: "NAT", lines: row.lines, servers: shared(p, p.VIP(), 1, 1, 1)}
		if row.keeps == byDestination {
			v.at = fmt.Sprintf("fwmark %d", i+1) // Of all virtual addresses.
			for _, vip := range p.Plan().VIPs {
				mark(t, p, vip, i+1, rowPort(p, i).Port())
			}
		}
		o.Extra += v.String()
	}
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(rows))
	p.WaitVirtual(t, lab.A)
	for i, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			service := rowPort(p, i)
			if row.drained {
				rig.Must(t, p.Director(lab.A), "ipvsadm", "-e", "-t", service.String(), "-m", "-w", "0",
					"-r", netip.AddrPortFrom(p.Plan().Servers[0].Addr, tellPort).String())
			}
			clients, targets := 12, []netip.AddrPort{service}
			if row.keeps == byDestination {
				targets = nil
				for _, vip := range p.Plan().VIPs {
					targets = append(targets, netip.AddrPortFrom(vip, service.Port()))
				}
				clients = 3
			}
			seen := callAll(t, p, targets, clients, row.keeps == byDestination)
			if (seen.refused > 0) != row.refused {
				t.Errorf("%d connections were refused, want some: %t", seen.refused, row.refused)
			}
			if seen.spread != (row.keeps == byPort) {
				t.Errorf("one of what is to stay together was answered by several servers: %t; %v", seen.spread, seen.servers)
			}
			if len(seen.servers) < 2 || row.drained && seen.servers["s1"] > 0 {
				t.Errorf("answers came from %v, want more than one server and none that is drained", seen.servers)
			}
		})
	}
}

// affinities is what a number of clients have seen.
type affinities struct {
	servers answered
	spread  bool // Something that has a name in common was answered by several.
	refused int
}

// callAll makes each client call each target three times, from other ports, and
// looks for the servers that a client, or a target, has in common.
func callAll(t *testing.T, p *rig.Pair, targets []netip.AddrPort, clients int, byTarget bool) affinities {
	t.Helper()
	seen := affinities{servers: make(answered)}
	home := make(map[netip.Addr]string)
	for range 3 {
		for i := range clients {
			for _, target := range targets {
				client := p.Plan().Visitor(i+1, target.Addr())
				server, err := visit(p, traffic.TCP, netip.AddrPortFrom(client, 0), target)
				switch {
				case errors.Is(err, syscall.ECONNREFUSED):
					seen.refused++
					continue
				case err != nil:
					t.Error(err)
					continue
				}
				common := client
				if byTarget {
					common = target.Addr()
				}
				if home[common] == "" {
					home[common] = server
				}
				seen.spread = seen.spread || home[common] != server
				seen.servers[server]++
			}
		}
	}
	return seen
}

// mark gives packets that come to director A for these ports of a virtual
// address a firewall mark.
func mark(t *testing.T, p *rig.Pair, vip netip.Addr, mark int, ports ...uint16) {
	t.Helper()
	if err := p.Director(lab.A).Mark(lab.OutsideLink, vip, ports, uint32(mark)); err != nil {
		t.Fatal(err)
	}
}
