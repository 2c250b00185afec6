package traffic

import (
	"slices"
	"time"
)

// Gap is a time without a reply: the reply before it, and the reply (or the end
// of the observation) that ended it.
type Gap struct {
	From, To time.Time
}

// Length returns how long the gap lasted.
func (g Gap) Length() time.Duration { return g.To.Sub(g.From) }

// Gaps returns every gap longer than over that touches the time between from
// and to. Replies are in order of time. A gap that was already open at from
// counts from its own beginning, for the client waited since then; where no
// reply came before from it counts from there. The silence up to to counts too.
func Gaps(replies []time.Time, from, to time.Time, over time.Duration) []Gap {
	var gaps []Gap
	last := from
	next, _ := slices.BinarySearchFunc(replies, from, func(r, t time.Time) int { return r.Compare(t) })
	if next > 0 {
		last = replies[next-1]
	}
	for _, r := range replies[next:] {
		if r.After(to) {
			break
		}
		if r.Sub(last) > over {
			gaps = append(gaps, Gap{last, r})
		}
		last = r
	}
	if to.Sub(last) > over {
		gaps = append(gaps, Gap{last, to})
	}
	return gaps
}

// Longest returns the longest of the gaps, the first of equals.
func Longest(gaps []Gap) Gap {
	var longest Gap
	for _, g := range gaps {
		if g.Length() > longest.Length() {
			longest = g
		}
	}
	return longest
}

// Outage returns for how long a service that is asked every interval gave no
// sign of life: the longest gap between replies, less the interval that lies
// between two replies of a healthy one. It is never negative.
func Outage(replies []time.Time, from, to time.Time, interval time.Duration) time.Duration {
	return max(0, Longest(Gaps(replies, from, to, 0)).Length()-interval)
}
