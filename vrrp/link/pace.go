package link

import (
	"context"
	"time"
)

// pace limits how often events alone lead to a pass, which is what an edge does
// when it looks at the kernel anew: a read of all addresses. A storm of them, on
// whatever interface, costs 100 passes a second, and where one takes long a fifth
// of the time. Another program that keeps
// removing an address gets a fight of a dozen rounds a second.
type pace struct {
	next time.Time // the next pass on account of an event
	gap  time.Duration
	lost time.Time // when an address was last missing
}

const (
	shortGap = 10 * time.Millisecond
	longGap  = 80 * time.Millisecond
	// truce without a loss ends a fight.
	truce = 10 * time.Second
)

// passed notes a pass that began then, and whether it found a virtual address
// removed.
func (p *pace) passed(began, now time.Time, lost bool) {
	switch {
	case lost && now.Sub(p.lost) < truce:
		p.gap = min(2*p.gap, longGap)
	case now.Sub(p.lost) >= truce:
		p.gap = shortGap
	}
	if lost {
		p.lost = now
	}
	// No more than longGap: an address that is removed has to be back in 100 ms.
	p.next = now.Add(max(p.gap, min(4*now.Sub(began), longGap)))
}

// wait returns when there is something to do, or when the context ends: a wish
// counts at once, an event from next on, and again asks for a retry.
func (p *pace) wait(ctx context.Context, wish, event signal, again bool) {
	var deadline time.Time
	if again {
		deadline = time.Now().Add(retry)
	}
	p.until(ctx, wish, event, deadline)
}

// until is wait with a deadline of the caller's; zero: none. It returns
// whether that is what it waited for.
func (p *pace) until(ctx context.Context, wish, event signal, deadline time.Time) (expired bool) {
	var later <-chan time.Time
	if !deadline.IsZero() {
		later = time.After(time.Until(deadline))
	}
	for {
		hint, open := event, (<-chan time.Time)(nil)
		if d := time.Until(p.next); d > 0 {
			hint, open = nil, time.After(d)
		}
		select {
		case <-ctx.Done():
			return false
		case <-wish:
			return false
		case <-hint:
			return false
		case <-later:
			return true
		case <-open:
		}
	}
}
