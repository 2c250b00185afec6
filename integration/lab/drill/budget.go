package drill

import "fmt"

// Bounds are the timers of the director that takes over, by which budgets are
// measured (RFC 9568 section 6.1).
type Bounds struct {
	Advert     Millis `json:"advert_int_ms"`  // Its Advertisement_Interval.
	Skew       Millis `json:"skew_ms"`        // Its Skew_Time.
	MasterDown Millis `json:"master_down_ms"` // Its Master_Down_Interval, 3 × advert + skew: the bound.
	// Table is how long a health check may take to notice that a real server's
	// process died.
	Table Millis `json:"table_ms"`
}

// Budget says what a scenario may cost. Nil and 0 mean that nothing is asked.
type Budget struct {
	Outage   func(Bounds) Millis // At most.
	OneOwner func(Bounds) Millis // At most, from the event.
	Table    func(Bounds) Millis // At most, from the event.
	Talkers  float64             // The share that survives, at least.
}

// Figure names a measured quantity that a budget can limit.
type Figure int

// The figures.
const (
	Outage Figure = iota
	OneOwner
	Table
	Talkers
)

// String returns the figure's name.
func (f Figure) String() string {
	names := [...]string{"outage ms", "one owner after ms", "table after ms", "talkers"}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("figure %d", int(f))
	}
	return names[f]
}

// Check is one figure held against its budget.
type Check struct {
	Figure Figure
	Limit  string // "<=902", ">=95%", or "in the end" where only counts are judged.
	OK     bool
	Noisy  bool // OK only because the machine's own noise is as large as what is over the limit.
}

// judge holds a row's figures against a budget. Floor is the outage that the
// same drill measured while nothing happened: a time that is over its limit by
// no more tells of the machine, not of the director, and is not missed. Where
// only counts are judged, a limit of time becomes the question whether it
// happened at all: a busy machine makes no test fail.
func (b Budget) judge(r Row, bounds Bounds, countsOnly bool, floor Millis) []Check {
	var checks []Check
	add := func(f Figure, limit func(Bounds) Millis, median Millis, always bool) {
		switch {
		case limit == nil:
		case countsOnly && f == Outage: // A time and no count.
		case countsOnly:
			checks = append(checks, Check{Figure: f, Limit: "in the end", OK: always})
		default:
			most := limit(bounds)
			checks = append(checks, Check{
				Figure: f, Limit: fmt.Sprintf("<=%.0f", most),
				OK: median <= most+floor, Noisy: median > most && median <= most+floor,
			})
		}
	}
	add(Outage, b.Outage, r.Outage, true)
	add(OneOwner, b.OneOwner, r.OneOwner, r.Settled)
	add(Table, b.Table, r.Table, r.Followed)
	if b.Talkers > 0 {
		checks = append(checks, Check{
			Figure: Talkers, Limit: fmt.Sprintf(">=%.0f%%", 100*b.Talkers), OK: r.TalkersShare >= b.Talkers,
		})
	}
	return checks
}
