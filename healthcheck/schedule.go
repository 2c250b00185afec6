package healthcheck

import (
	"container/heap"
	"context"
	"math"
	"time"
)

// soon is the distance of the first probes of new checks: a handful of servers
// is known within a blink after the start, and many do not come as a burst.
const soon = 10 * time.Millisecond

// pause is the least distance of two attempts of a probe: a delay_loop of a
// microsecond is a valid configuration, and no reason to burn a CPU.
const pause = 10 * time.Millisecond

// golden shifts the places of one Set against those of the next, so that
// checks added in small lots do not end up at the same moment of the interval.
var golden = (math.Sqrt(5) - 1) / 2

// probe is one Spec that runs, for all keys that want it.
type probe struct {
	spec    Spec
	text    string // the Spec as text: its identity
	keys    []Key
	checker Checker

	place  time.Time // a moment at which it is due; it repeats every interval
	due    time.Time
	fails  int  // failures in a row
	silent bool // the last attempt ran into its timeout
	last   Result

	stop context.CancelFunc // of the running attempt; nil: none runs
	gone bool               // no longer wanted
}

// next says when a probe is due after an attempt that ended now. While
// failures are fewer than what a verdict takes it retries soon; otherwise it
// returns to its own place in the interval. Places never shift by how long an
// attempt took or waited, so checks spread once stay spread.
//
// keepalived counts delay_loop from the end of an attempt; here it is the
// distance of the starts. The first attempt after retries comes at the place,
// thus after at most one interval.
func (p *probe) next(now time.Time, reason Reason) time.Time {
	if reason != Passed && reason != LocalError && p.fails <= p.spec.Retries {
		return now.Add(p.spec.RetryDelay)
	}
	missed := now.Sub(p.place)/p.spec.Interval + 1
	if now.Before(p.place) {
		missed = 0
	}
	p.place = p.place.Add(missed * p.spec.Interval)
	return p.place
}

// spread gives new probes their places: evenly over the interval among those
// of one interval. The first attempt comes at the place or soon, whichever is
// earlier. keepalived draws a random delay up to delay_loop instead (keyword
// warmup).
func spread(fresh []*probe, now time.Time, lot int) {
	count := make(map[time.Duration]int)
	for _, p := range fresh {
		count[p.spec.Interval]++
	}
	seen := make(map[time.Duration]int)
	for i, p := range fresh {
		every := p.spec.Interval
		_, share := math.Modf(float64(seen[every])/float64(count[every]) + float64(lot)*golden)
		seen[every]++
		p.place = now.Add(time.Duration(share * float64(every)))
		p.due = p.place
		if first := now.Add(time.Duration(i) * soon); first.Before(p.due) {
			p.due = first
		}
	}
}

// agenda is a heap of probes by due time.
type agenda []*probe

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*probe)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	p := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return p
}

func (a *agenda) add(p *probe) { heap.Push(a, p) }

// pop takes the first probe out if it is due; nil: none is.
func (a *agenda) pop(now time.Time) *probe {
	if len(*a) == 0 || (*a)[0].due.After(now) {
		return nil
	}
	return heap.Pop(a).(*probe)
}

// prune drops the probes that are gone.
func (a *agenda) prune() {
	kept := (*a)[:0]
	for _, p := range *a {
		if !p.gone {
			kept = append(kept, p)
		}
	}
	clear((*a)[len(kept):])
	*a = kept
	heap.Init(a)
}
