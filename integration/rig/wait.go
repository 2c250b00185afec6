package rig

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Patience bounds every wait. It is no judgement: a busy machine may take its
// time, and a test judges what happened, not when.
const Patience = 45 * time.Second

// Until waits for a condition: a function that returns nil once it holds, and
// else why not yet.
func Until(t testing.TB, what string, condition func() error) {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("wait until %s: %v", what, t.Context().Err())
		}
		if time.Since(start) > Patience {
			t.Fatalf("wait until %s: not within %s: %v", what, Patience, err)
		}
	}
}

// WaitLog waits until a director has said a line with all of the words, and
// returns in how many lines they stand then. Its output comes by a pipe: what
// it did may be seen before what it said.
func (p *Pair) WaitLog(t testing.TB, d lab.Director, words ...string) (n int) {
	t.Helper()
	Until(t, fmt.Sprintf("director %s says %q", d, words), func() error {
		if n = p.Log(d).Count(words...); n == 0 {
			return errors.New("it has not")
		}
		return nil
	})
	return n
}

// Owners returns which directors have an address: "", "a", "b" or "a+b".
func (p *Pair) Owners(a netip.Addr) (string, error) {
	var names []string
	for _, d := range []lab.Director{lab.A, lab.B} {
		has, err := p.Director(d).HasAddress(a)
		if err != nil {
			return "", err
		}
		if has {
			names = append(names, d.String())
		}
	}
	return strings.Join(names, "+"), nil
}

// WaitOwner waits until exactly these directors, as Owners names them, have an
// address.
func (p *Pair) WaitOwner(t testing.TB, a netip.Addr, want string) {
	t.Helper()
	Until(t, fmt.Sprintf("%s is at %q", a, want), func() error {
		switch got, err := p.Owners(a); {
		case err != nil:
			return err
		case got != want:
			return fmt.Errorf("it is at %q", got)
		}
		return nil
	})
}

// WaitVirtual waits until every virtual address of the plan, and the gateway of
// the real servers, is at exactly this director.
func (p *Pair) WaitVirtual(t testing.TB, d lab.Director) {
	t.Helper()
	plan := p.Plan()
	all := slices.Concat(plan.VIPs, plan.VIPs6)
	if plan.Mode == lab.NAT || plan.Mode == lab.All {
		all = append(all, plan.Gateway)
		if plan.Gateway6.IsValid() {
			all = append(all, plan.Gateway6)
		}
	}
	for _, a := range all {
		p.WaitOwner(t, a, d.String())
	}
}
