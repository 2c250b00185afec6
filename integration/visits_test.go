package integration

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// answered counts answers by the name of the real server.
type answered map[string]int

func (a answered) total() (n int) {
	for _, count := range a {
		n += count
	}
	return n
}

// patience is that of a client. It is spent only where something is lost.
const patience = 10 * time.Second

// visitAll makes clients of n addresses call a service once each, up to the
// first error, and returns who answered.
func visitAll(p *rig.Pair, protocol traffic.Protocol, at netip.AddrPort, n int) (answered, error) {
	answers := make(answered)
	for i := range n {
		server, err := visit(p, protocol, netip.AddrPortFrom(p.Plan().Visitor(i+1, at.Addr()), 0), at)
		if err != nil {
			return answers, err
		}
		answers[server]++
	}
	return answers, nil
}

// visit calls a service once and returns which server answered. One that does
// not see the client's own address is an error.
func visit(p *rig.Pair, protocol traffic.Protocol, from, at netip.AddrPort) (string, error) {
	c, err := traffic.Call(p.Client(), protocol, from, at, patience)
	if err != nil {
		return "", err
	}
	defer c.Close()
	tale, err := c.Ask("hello")
	if err == nil && tale.Client != c.Local {
		err = fmt.Errorf("%s sees the client %s as %s", tale.Server, c.Local, tale.Client)
	}
	return tale.Server, err
}

// hear makes real server i answer at an address.
func hear(t *testing.T, p *rig.Pair, i int, protocol traffic.Protocol, at netip.AddrPort) {
	t.Helper()
	hearIn(t, p, p.Server(i), protocol, at)
}

// hearIn makes a host answer at an address.
func hearIn(t *testing.T, p *rig.Pair, h *lab.Host, protocol traffic.Protocol, at netip.AddrPort) {
	t.Helper()
	teller := &traffic.Teller{Name: h.Name, In: h, Loop: p.Loop}
	if err := teller.Hear(protocol, at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(teller.Close)
}

// earOf is where a real server must listen for a service.
func earOf(method string, own, service netip.AddrPort) netip.AddrPort {
	if method == "NAT" {
		return own
	}
	return service
}
