package link

import (
	"context"
	"time"
)

// pace limits how often events alone lead to a pass, which is what an edge does
// when it looks at the kernel anew. A storm of them costs 100 passes a second,
// each a read of all addresses. Another program that keeps
// removing an address gets a fight that slows down to one round a second.
type pace struct {
	next time.Time // the next pass on account of an event
	gap  time.Duration
	lost time.Time // when an address was last missing
}

const (
	shortGap = 10 * time.Millisecond
	longGap  = time.Second
	// truce without a loss ends a fight.
	truce = 10 * time.Second
)

// passed notes a pass, and whether it found a virtual address removed.
func (p *pace) passed(now time.Time, lost bool) {
	switch {
	case lost && now.Sub(p.lost) < truce:
		p.gap = min(2*p.gap, longGap)
	case now.Sub(p.lost) >= truce:
		p.gap = shortGap
	}
	if lost {
		p.lost = now
	}
	p.next = now.Add(p.gap)
}

// wait returns when there is something to do, or when the context ends: a wish
// counts at once, an event from next on, and again asks for a retry.
func (p *pace) wait(ctx context.Context, wish, event signal, again bool) {
	var later <-chan time.Time
	if again {
		later = time.After(retry)
	}
	for {
		hint, open := event, (<-chan time.Time)(nil)
		if d := time.Until(p.next); d > 0 {
			hint, open = nil, time.After(d)
		}
		select {
		case <-ctx.Done():
			return
		case <-wish:
			return
		case <-hint:
			return
		case <-later:
			return
		case <-open:
		}
	}
}
