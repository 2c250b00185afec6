package traffic

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Claim is one answer to an ARP request for the VIP.
type Claim struct {
	At time.Time
	By lab.Director // 0 where the hardware address is no director's.
}

// Owners is a set of directors that claim the VIP at one time.
type Owners uint8

// NewOwners returns the set of these directors.
func NewOwners(directors ...lab.Director) Owners {
	var o Owners
	for _, d := range directors {
		o |= 1 << d
	}
	return o
}

// Has reports whether a director is in the set.
func (o Owners) Has(d lab.Director) bool { return o&(1<<d) != 0 }

// Count returns how many claim the VIP.
func (o Owners) Count() int {
	n := 0
	for _, d := range everyone {
		if o.Has(d) {
			n++
		}
	}
	return n
}

// String returns "none", "a", "b", "a+b"; "other" stands for a stranger.
func (o Owners) String() string {
	var names []string
	for i, name := range []string{"a", "b", "other"} {
		if o.Has(everyone[i]) {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, "+")
}

// MarshalText is String, for JSON.
func (o Owners) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

var everyone = [...]lab.Director{lab.A, lab.B, 0}

// Span is a time during which the owners did not change.
type Span struct {
	From, To time.Time
	Owners   Owners
}

// Length returns how long the span lasted.
func (s Span) Length() time.Duration { return s.To.Sub(s.From) }

// Timeline reduces claims, in order of time, to spans that cover the time
// between from and to without a hole. A director owns the VIP from an answer
// until its last one before it leaves requests unanswered for longer than
// silence. An owner's end is therefore early by up to one request interval,
// never late: a clean handover shows a moment without an owner and never two.
// Silence shorter than the limit is no loss of ownership: a busy test kernel
// answers late.
func Timeline(claims []Claim, silence time.Duration, from, to time.Time) []Span {
	var held []tenure
	for _, d := range everyone {
		held = append(held, tenures(claims, d, silence, to)...)
	}
	cuts := []time.Time{from, to}
	for _, t := range held {
		for _, at := range []time.Time{t.from, t.to} {
			if at.After(from) && at.Before(to) {
				cuts = append(cuts, at)
			}
		}
	}
	slices.SortFunc(cuts, time.Time.Compare)

	var spans []Span
	for i := 1; i < len(cuts); i++ {
		span := Span{From: cuts[i-1], To: cuts[i]}
		for _, t := range held {
			if !t.from.After(span.From) && !t.to.Before(span.To) {
				span.Owners |= NewOwners(t.by)
			}
		}
		switch last := len(spans) - 1; {
		case span.Length() == 0:
		case last >= 0 && spans[last].Owners == span.Owners:
			spans[last].To = span.To
		default:
			spans = append(spans, span)
		}
	}
	return spans
}

// tenure is one uninterrupted ownership.
type tenure struct {
	from, to time.Time
	by       lab.Director
}

func tenures(claims []Claim, d lab.Director, silence time.Duration, end time.Time) []tenure {
	var held []tenure
	for _, c := range claims {
		if c.By != d || c.At.After(end) {
			continue
		}
		if last := len(held) - 1; last >= 0 && c.At.Sub(held[last].to) <= silence {
			held[last].to = c.At
			continue
		}
		held = append(held, tenure{c.At, c.At, d})
	}
	// The next answer of the last owner would have come after the end.
	if last := len(held) - 1; last >= 0 && end.Sub(held[last].to) <= silence {
		held[last].to = end
	}
	return held
}

// Held returns how long exactly n directors claimed the VIP.
func Held(spans []Span, n int) time.Duration {
	var sum time.Duration
	for _, s := range spans {
		if s.Owners.Count() == n {
			sum += s.Length()
		}
	}
	return sum
}

// Settled returns since when the VIP has been one director's alone, the same
// one to the end; false where it ended with none or two. Moments at which that
// director did not answer count to its time, for nobody else did: Held tells
// how long they were.
func Settled(spans []Span) (since time.Time, ok bool) {
	if len(spans) == 0 || spans[len(spans)-1].Owners.Count() != 1 {
		return time.Time{}, false
	}
	final := spans[len(spans)-1].Owners
	for _, s := range slices.Backward(spans) {
		switch s.Owners {
		case final:
			since = s.From
		case NewOwners():
		default:
			return since, true
		}
	}
	return since, true
}
