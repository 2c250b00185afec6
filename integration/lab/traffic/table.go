package traffic

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Table polls a director's IPVS table for one real server, as the kernel shows
// it: whether the director's word was followed by its deed.
type Table struct {
	stop    context.CancelFunc
	done    sync.WaitGroup
	mu      sync.Mutex
	changes []Presence // Guarded by mu.
}

// Presence says in how many services a real server gets connections.
type Presence struct {
	At       time.Time // When it was first seen so.
	Services int
}

// Serving counts the services in which a real server is listed with a weight
// above 0. A weight of 0 gets no new connection: inhibit_on_failure keeps the
// entry, so absence is too much to ask for.
func Serving(table []lab.VirtualService, server netip.Addr) int {
	n := 0
	for _, s := range table {
		for _, d := range s.Destinations {
			if d.Addr.Addr() == server && d.Weight > 0 {
				n++
				break
			}
		}
	}
	return n
}

// StartTable reads the table every interval and notes every change. A read that
// fails (the namespace is gone) notes nothing.
func StartTable(ctx context.Context, read func() ([]lab.VirtualService, error), server netip.Addr, every time.Duration) *Table {
	ctx, cancel := context.WithCancel(ctx)
	t := &Table{stop: cancel}
	t.done.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for ctx.Err() == nil {
			if table, err := read(); err == nil {
				t.note(Presence{time.Now(), Serving(table, server)})
			}
			select {
			case <-ctx.Done():
			case <-ticks.C:
			}
		}
	})
	return t
}

func (t *Table) note(p Presence) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.changes); n == 0 || t.changes[n-1].Services != p.Services {
		t.changes = append(t.changes, p)
	}
}

// Services returns in how many services the server was at the last look, -1
// before the first.
func (t *Table) Services() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.changes) == 0 {
		return -1
	}
	return t.changes[len(t.changes)-1].Services
}

// Stop ends the polling and returns the changes, the first look included.
func (t *Table) Stop() []Presence {
	t.stop()
	t.done.Wait()
	return t.changes
}

// Reached returns when the server was first seen, after a time, to be in
// exactly n services; false where it never was.
func Reached(changes []Presence, after time.Time, n int) (time.Time, bool) {
	for _, p := range changes {
		if p.Services == n && p.At.After(after) {
			return p.At, true
		}
	}
	return time.Time{}, false
}
