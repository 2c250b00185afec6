// Package complete holds the black-box tests of what needs nftables beside
// IPVS: FULLNAT, firewall marks that tandem sets, directors that are each
// other's real servers. They run on the complete test kernel where this one has
// not both, and skip where there is neither. It may be emulated in software:
// tests keep to few connections and few processes, and judge what happened and
// how often, never how fast.
package complete

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

func TestMain(m *testing.M) {
	rig.Main()
	lab.MainComplete(rig.Uncached{M: m})
}

// calm is a pair that does not take a machine which stands still for a second
// for a dead director.
var calm = lab.ConfigOptions{AdvertInt: 500 * time.Millisecond}

// newPair builds a lab of both families without any service.
func newPair(t *testing.T) *rig.Pair {
	t.Helper()
	lab.RequireComplete(t)
	return rig.New(t, lab.Options{Mode: lab.All})
}

// start starts tandem on both directors with these services, and waits until A
// has the addresses, B knows, and both have what they need in their kernels.
func start(t *testing.T, p *rig.Pair, services string, count int) {
	t.Helper()
	o := calm
	o.Extra = services
	p.StartBoth(t, o)
	p.WaitVirtual(t, lab.A)
	for _, d := range []lab.Director{lab.A, lab.B} {
		p.WaitServices(t, d, count)
		waitRules(t, p, d)
	}
}

// waitRules waits until a director's nftables have what it wants there.
func waitRules(t *testing.T, p *rig.Pair, d lab.Director) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("director %s has its rules", d), func() error {
		switch r := p.Status(t, d).Rules; {
		case r == nil || r.Rules == 0:
			return errors.New("it has none")
		case len(r.Problems) > 0:
			return errors.New(strings.Join(r.Problems, "; "))
		}
		return nil
	})
}

// patience is that of a client. It is spent only where something is lost.
const patience = 10 * time.Second

// nothing is how long an answer is waited for that is not to come.
const nothing = time.Second

// call connects to a service as the client.
func call(t *testing.T, p *rig.Pair, protocol traffic.Protocol, local netip.AddrPort, service netip.AddrPort) *traffic.Caller {
	t.Helper()
	c, err := traffic.Call(p.Client(), protocol, local, service, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// ask says something and returns the answer.
func ask(t *testing.T, c *traffic.Caller) traffic.Tale {
	t.Helper()
	tale, err := c.Ask("hello")
	if err != nil {
		t.Fatal(err)
	}
	return tale
}

// waitKnown waits until a director knows a client's connection.
func waitKnown(t *testing.T, p *rig.Pair, d lab.Director, protocol traffic.Protocol, client netip.AddrPort) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("director %s knows %s of %s", d, protocol, client), func() error {
		known, err := p.Director(d).Connections()
		if err != nil {
			return err
		}
		for _, c := range known {
			if c.Client == client && c.Protocol == protocol.String() {
				return nil
			}
		}
		return fmt.Errorf("it knows %d others", len(known))
	})
}

// hear makes a real server answer at an address.
func hear(t *testing.T, p *rig.Pair, name string, in traffic.Sockets, protocol traffic.Protocol, at netip.AddrPort) {
	t.Helper()
	if err := (&traffic.Teller{Name: name, In: in, Loop: p.Loop}).Hear(protocol, at); err != nil {
		t.Fatal(err)
	}
}

// visitor is an address of the client's, with any port.
func visitor(p *rig.Pair, i int, service netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(p.Plan().Visitor(i, service.Addr()), 0)
}
