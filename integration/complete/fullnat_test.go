package complete

import (
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// FULLNAT, from its first packet to the planned stop of its director.
func TestFullNAT(t *testing.T) {
	p, all := startFullNAT(t, 2)
	t.Run("needs no way back", func(t *testing.T) { needsNoWayBack(t, p, all) })
	t.Run("rules come back after a flush", func(t *testing.T) { rulesComeBack(t, p, all) })
	t.Run("pool resets nobody", func(t *testing.T) { poolResetsNobody(t, p, all) })
	t.Run("connections survive a planned stop", func(t *testing.T) {
		survive(t, p, all, func() { p.Stop(t, lab.A) })
	})
}

// FULLNAT, when its director loses power.
func TestFullNATSurvivesAPowerLoss(t *testing.T) {
	p, all := startFullNAT(t, 2)
	clash := sharePort(t, p, all[0])
	survive(t, p, all, func() {
		if err := p.PowerLoss(lab.A); err != nil {
			t.Fatal(err)
		}
	})
	kept, remapped := 0, 0
	for _, c := range clash {
		if again, err := c.Ask("still there"); err != nil || again != c.first {
			continue
		} else if c.remapped() {
			remapped++
		} else {
			kept++
		}
	}
	t.Logf("of %d connections that fought for their ports, %d that had kept theirs live on, and %d that had got others", len(clash), kept, remapped)
}

// Real servers that know no way back to the client are reached in both
// protocols of both families: they see an address of the pool, and the client,
// whose socket hears nobody else, the VIP. Nothing was changed on the servers.
func needsNoWayBack(t *testing.T, p *rig.Pair, all []fullNAT) {
	const clients = 4
	for _, f := range all {
		answers := make(map[string]int)
		for i := range clients {
			tale := ask(t, call(t, p, f.protocol, visitor(p, i+1, f.at), f.at))
			answers[tale.Server]++
			if tale.Client.Addr() != f.pool {
				t.Errorf("%s: the real server sees %s, want the pool's %s", f, tale.Client, f.pool)
			}
		}
		if answers["s1"] != clients/2 || answers["s2"] != clients/2 {
			t.Errorf("%s: %d clients are answered by %v, want both servers in turn", f, clients, answers)
		}
		t.Logf("%s: %d clients are answered by %v, who see %s", f, clients, answers, f.pool)
		// Where there is no way back there is none beside tandem's either.
		if c, err := traffic.Call(p.Client(), traffic.TCP, visitor(p, 9, f.at), f.farServer(0), nothing); err == nil {
			c.Close()
			t.Errorf("%s: the real server answers a client that asks it directly", f)
		}
	}
}

// talk is a connection by FULLNAT and what its real server first said.
type talk struct {
	fullNAT
	*traffic.Caller
	first traffic.Tale
}

func (t talk) String() string { return t.fullNAT.String() + " from " + t.Local.String() }

// remapped says whether the connection's port was taken at the pool.
func (t talk) remapped() bool { return t.first.Client.Port() != t.Local.Port() }

func startTalk(t *testing.T, p *rig.Pair, f fullNAT, from netip.AddrPort) talk {
	t.Helper()
	c := call(t, p, f.protocol, from, f.at)
	return talk{f, c, ask(t, c)}
}

// survive holds that connections which kept their port outlive their director:
// the other one derives the same source address and port.
func survive(t *testing.T, p *rig.Pair, all []fullNAT, end func()) {
	t.Helper()
	const clients = 3
	var talks []talk
	for _, f := range all {
		for i := range clients {
			// Ports of their own, so that none is taken.
			from := netip.AddrPortFrom(p.Plan().Visitor(i+1, f.at.Addr()), uint16(20001+i))
			talks = append(talks, startTalk(t, p, f, from))
		}
	}
	for _, c := range talks {
		if c.remapped() {
			t.Errorf("%s: the real server sees port %d", c, c.first.Client.Port())
		}
		waitKnown(t, p, lab.B, c.protocol, c.Local)
	}
	end()
	p.WaitVirtual(t, lab.B)
	alive := make(map[string]int)
	for _, c := range talks {
		again, err := c.Ask("still there")
		if err != nil || again != c.first {
			t.Errorf("%s: before %v, after %v, %v", c, c.first, again, err)
			continue
		}
		alive[c.fullNAT.String()]++
	}
	t.Logf("of %d connections these live on: %v", len(talks), alive)
	for _, f := range all {
		if c := startTalk(t, p, f, visitor(p, 7, f.at)); c.first.Client.Addr() != f.pool {
			t.Errorf("a new connection of %s comes from %s, want %s", f, c.first.Client, f.pool)
		}
	}
}

// sharePort opens connections from one port of several clients. Only one of
// them can have it at each real server; the others get another one, which the
// other director cannot guess.
func sharePort(t *testing.T, p *rig.Pair, f fullNAT) (talks []talk) {
	t.Helper()
	remapped := 0
	for i := range 4 {
		c := startTalk(t, p, f, netip.AddrPortFrom(p.Plan().Visitor(i+1, f.at.Addr()), 30000))
		waitKnown(t, p, lab.B, c.protocol, c.Local)
		if c.remapped() {
			remapped++
		}
		talks = append(talks, c)
	}
	if remapped != 2 {
		t.Errorf("%d of %d connections from one port to two real servers got another one, want 2", remapped, len(talks))
	}
	return talks
}
