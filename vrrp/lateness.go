package vrrp

import "time"

// LatenessBounds are the upper bounds of the classes of Lateness; the last class
// has none.
var LatenessBounds = [...]time.Duration{
	100 * time.Microsecond, 200 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond,
	10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second,
}

// Lateness is how long after their time the adverts of an instance had been
// handed to the kernel. Only those that a timer asked for count: an answer to
// another master has no time of its own.
type Lateness struct {
	Last, Max time.Duration
	Sum       time.Duration
	Classes   [len(LatenessBounds) + 1]uint64 // how many were at most as late as the bound
}

// add notes one advert. What left in company a moment early was not late.
func (l *Lateness) add(late time.Duration) {
	late = max(late, 0)
	l.Last, l.Max = late, max(l.Max, late)
	l.Sum += late
	for i, bound := range LatenessBounds {
		if late <= bound {
			l.Classes[i]++
			return
		}
	}
	l.Classes[len(LatenessBounds)]++
}

// Count returns how many adverts there were.
func (l Lateness) Count() (n uint64) {
	for _, c := range l.Classes {
		n += c
	}
	return n
}

// Quantile returns a lateness that the share q of all adverts did not exceed:
// the bound of its class, or Max where that says more. Without adverts it is 0.
func (l Lateness) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(l.Count()))
	for i, bound := range LatenessBounds {
		if l.Classes[i] > rank {
			return min(bound, l.Max)
		}
		rank -= l.Classes[i]
	}
	return l.Max
}
