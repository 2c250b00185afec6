package complete

import (
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// FULLNAT reaches real servers that know no way back to the client, in both
// protocols of both families: they see an address of the pool, and the client,
// whose socket hears nobody else, the VIP. Nothing was changed on the servers.
func TestFullNATNeedsNoWayBack(t *testing.T) {
	p, all := startFullNAT(t, 2)
	const clients = 4
	for _, f := range all {
		t.Run(f.String(), func(t *testing.T) {
			answers := make(map[string]int)
			for i := range clients {
				tale := ask(t, call(t, p, f.protocol, visitor(p, i+1, f.at), f.at))
				answers[tale.Server]++
				if tale.Client.Addr() != f.pool {
					t.Errorf("the real server sees %s, want the pool's %s", tale.Client, f.pool)
				}
			}
			if answers["s1"] != clients/2 || answers["s2"] != clients/2 {
				t.Errorf("%d clients are answered by %v, want both servers in turn", clients, answers)
			}
			// Where there is no way back there is none beside tandem's either.
			if c, err := traffic.Call(p.Client(), traffic.TCP, visitor(p, 9, f.at), f.farServer(0), patience/5); err == nil {
				c.Close()
				t.Error("the real server answers a client that asks it directly")
			}
		})
	}
}

// Connections that kept their port survive the loss of a director and its
// planned stop alike: the other one derives the same source address and port.
func TestFullNATConnectionsSurvive(t *testing.T) {
	for name, power := range ends {
		t.Run(name, func(t *testing.T) {
			p, all := startFullNAT(t, 2)
			const clients = 3
			type conversation struct {
				fullNAT
				*traffic.Caller
				first traffic.Tale
			}
			var talks []conversation
			for _, f := range all {
				for i := range clients {
					c := call(t, p, f.protocol, visitor(p, i+1, f.at), f.at)
					first := ask(t, c)
					if first.Client.Port() != c.Local.Port() {
						t.Logf("%s: port %d became %d", f, c.Local.Port(), first.Client.Port())
						continue
					}
					talks = append(talks, conversation{f, c, first})
				}
			}
			for _, c := range talks {
				waitKnown(t, p, lab.B, c.protocol, c.Local)
			}
			takeAway(t, p, power)
			alive := make(map[string]int)
			for _, c := range talks {
				again, err := c.Ask("still there")
				if err != nil || again != c.first {
					t.Errorf("%s from %s: before %v, after %v, %v", c.fullNAT, c.Local, c.first, again, err)
					continue
				}
				alive[c.String()]++
			}
			t.Logf("of %d connections that kept their port these live on: %v", len(talks), alive)
			for _, f := range all {
				if tale := ask(t, call(t, p, f.protocol, visitor(p, 7, f.at), f.at)); tale.Client.Addr() != f.pool {
					t.Errorf("a new connection of %s comes from %s, want %s", f, tale.Client, f.pool)
				}
			}
		})
	}
}
