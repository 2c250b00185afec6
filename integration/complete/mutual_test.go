package complete

import (
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// Two directors that are each other's real servers serve their clients in every
// combination of roles, connections outlive the changes, and no packet goes
// round between the two.
func TestMutualDirectorsDoNotLoop(t *testing.T) {
	for _, kind := range []string{"DR", "TUN"} {
		t.Run(kind, func(t *testing.T) {
			m := startMutual(t, kind)
			var crowd crowd

			crowd.grow(t, m, 3)
			m.check(t, "A is master", crowd)

			m.gate(t, lab.A, false)
			m.waitRoles(t, "FAULT", "MASTER")
			crowd.grow(t, m, 3)
			m.check(t, "B is master", crowd)

			m.gate(t, lab.A, true)
			m.waitRoles(t, "MASTER", "BACKUP")
			m.check(t, "A is master again", crowd)

			m.part(t, true)
			m.waitRoles(t, "MASTER", "MASTER")
			m.check(t, "both are master", crowd)

			m.part(t, false)
			m.waitRoles(t, "MASTER", "BACKUP")
			for _, d := range both {
				m.gate(t, d, false)
			}
			m.waitRoles(t, "FAULT", "FAULT")
			// The router still knows the last one.
			m.check(t, "neither is master", crowd)
		})
	}
}

// crowd are connections to a mutual service, old and new.
type crowd []crowdMember

type crowdMember struct {
	*traffic.Caller
	protocol traffic.Protocol
	server   string
}

// grow adds connections of n clients, one of each protocol.
func (c *crowd) grow(t *testing.T, m mutual, n int) {
	t.Helper()
	for range n {
		for _, protocol := range []traffic.Protocol{traffic.TCP, traffic.UDP} {
			at := m.service(protocol)
			caller := call(t, m.Pair, protocol, visitor(m.Pair, len(*c)+1, at), at)
			*c = append(*c, crowdMember{caller, protocol, ask(t, caller).Server})
		}
	}
	for _, d := range both {
		for _, member := range *c {
			waitKnown(t, m.Pair, d, member.protocol, member.Local)
		}
	}
}

// check holds that every connection is answered as before, and that no TTL has
// come to its end.
func (m mutual) check(t *testing.T, roles string, crowd crowd) {
	t.Helper()
	served := make(map[string]int)
	for _, c := range crowd {
		tale, err := c.Ask("still there")
		if err != nil || tale.Server != c.server {
			t.Errorf("%s: %s from %s to %s: answered by %q, %v", roles, c.protocol, c.Local, c.server, tale.Server, err)
			continue
		}
		served[tale.Server]++
	}
	t.Logf("%s: of %d connections these are answered: %v", roles, len(crowd), served)
	for _, d := range both {
		if n := expired(t, m.Director(d)); n > 0 {
			t.Errorf("%s: at director %s %d packets have come to the end of their TTL", roles, d, n)
		}
	}
}
