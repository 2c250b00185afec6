package calm

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// owners follows which director has which addresses, by the kernels' events.
type owners struct {
	mu      sync.Mutex // guards what follows
	held    [2]map[netip.Addr]bool
	changes int // addresses that came or went
	at      time.Time
	log     []move
	wake    chan struct{}
}

// move is an address that came to a director or left it.
type move struct {
	d   lab.Director
	has bool
	at  time.Time
}

func watch(t testing.TB, p *rig.Pair) *owners {
	t.Helper()
	o := &owners{wake: make(chan struct{}, 1), held: [2]map[netip.Addr]bool{{}, {}}}
	for _, d := range []lab.Director{lab.A, lab.B} {
		updates, done := make(chan netlink.AddrUpdate, 10000), make(chan struct{})
		must(t, p.Director(d).Do(func() error {
			return netlink.AddrSubscribeWithOptions(updates, done, netlink.AddrSubscribeOptions{ReceiveBufferSize: 16 << 20, ReceiveBufferForceSize: true})
		}))
		t.Cleanup(func() { close(done) })
		go func() {
			for u := range updates {
				if a, ok := netip.AddrFromSlice(u.LinkAddress.IP); ok {
					o.note(d, a.Unmap(), u.NewAddr)
				}
			}
		}()
	}
	return o
}

func (o *owners) note(d lab.Director, a netip.Addr, has bool) {
	if b := a.As16(); !a.Is4() || b[12] != 10 || b[13] != 10 {
		return // no address of the crowd
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held[d-1][a] == has {
		return // an address that is told again has not moved
	}
	if has {
		o.held[d-1][a] = true
	} else {
		delete(o.held[d-1], a)
	}
	o.changes++
	o.at = time.Now()
	o.log = append(o.log, move{d, has, o.at})
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// wait waits until a director has n addresses and returns when it got the last.
func (o *owners) wait(t testing.TB, d lab.Director, n int) time.Time {
	t.Helper()
	return o.until(t, d, func(have int) bool { return have == n })
}

// waitSome waits until a director has any.
func (o *owners) waitSome(t testing.TB, d lab.Director) time.Time {
	t.Helper()
	return o.until(t, d, func(have int) bool { return have > 0 })
}

func (o *owners) until(t testing.TB, d lab.Director, enough func(int) bool) time.Time {
	t.Helper()
	deadline := time.After(rig.Patience)
	for {
		o.mu.Lock()
		have, at := len(o.held[d-1]), o.at
		o.mu.Unlock()
		if enough(have) {
			return at
		}
		select {
		case <-o.wake:
		case <-deadline:
			t.Fatalf("director %s has %d addresses after %s, which is not what it should have", d, have, rig.Patience)
		}
	}
}

// latest is when an address moved last, and how many each director has.
func (o *owners) latest() (at time.Time, have [2]int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at, [2]int{len(o.held[0]), len(o.held[1])}
}

// history is all moves so far, as "a+" and "b-".
func (o *owners) history() (list []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.log {
		list = append(list, m.d.String()+map[bool]string{true: "+", false: "-"}[m.has])
	}
	return list
}

// waitMoves waits until the moves so far are these.
func (o *owners) waitMoves(t testing.TB, want ...string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("the moves are %v", want), func() error {
		if got := o.history(); !slices.Equal(got, want) {
			return fmt.Errorf("they are %v", got)
		}
		return nil
	})
}

// clear forgets the moves so far.
func (o *owners) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.log = nil
}

// back waits until director A has an address again, since clear.
func (o *owners) back(limit time.Duration) (time.Time, bool) { return o.find(lab.A, true, limit) }

// gone waits until director A has lost an address, since clear.
func (o *owners) gone(limit time.Duration) (time.Time, bool) { return o.find(lab.A, false, limit) }

func (o *owners) find(d lab.Director, has bool, limit time.Duration) (time.Time, bool) {
	deadline := time.After(limit)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		o.mu.Lock()
		i := slices.IndexFunc(o.log, func(m move) bool { return m.d == d && m.has == has })
		if i >= 0 {
			defer o.mu.Unlock()
			return o.log[i].at, true
		}
		o.mu.Unlock()
		select {
		case <-tick.C:
		case <-deadline:
			return time.Time{}, false
		}
	}
}

// moved is how many addresses have come or gone so far.
func (o *owners) moved() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.changes
}
