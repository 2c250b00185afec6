package rig

import (
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Moves is every appearance and disappearance of an address at the directors,
// as their kernels tell.
type Moves struct {
	mu   sync.Mutex
	list []move // Guarded by mu.
}

type move struct {
	at   lab.Director
	addr netip.Addr
	come bool
}

// WatchMoves follows the addresses of both directors until the test ends.
func (p *Pair) WatchMoves(t testing.TB) *Moves {
	t.Helper()
	m := &Moves{}
	for _, d := range []lab.Director{lab.A, lab.B} {
		updates, done := make(chan netlink.AddrUpdate, 100), make(chan struct{})
		if err := p.Director(d).Do(func() error { return netlink.AddrSubscribe(updates, done) }); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { close(done) })
		go func() {
			for u := range updates {
				a, _ := netip.AddrFromSlice(u.LinkAddress.IP)
				m.add(move{d, a.Unmap(), u.NewAddr})
			}
		}()
	}
	return m
}

func (m *Moves) add(one move) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, one)
}

// Of returns an address's moves by director, "+" for each appearance and "-"
// for each disappearance. The kernel may tell one twice.
func (m *Moves) Of(address string) map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]string{}
	for _, one := range m.list {
		sign := map[bool]string{true: "+", false: "-"}[one.come]
		if name := one.at.String(); one.addr.String() == address && !strings.HasSuffix(all[name], sign) {
			all[name] += sign
		}
	}
	return all
}
