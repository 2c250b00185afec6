package drill

import (
	"math"
	"slices"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// Row is one line of the report: all runs of a scenario with one pair. Times
// are medians over the runs, counts are sums. What never came in a run counts
// as an infinite time.
type Row struct {
	Scenario, Pair string
	Runs           int

	Outage, OutageMax Millis
	Ratio             float64 // Outage to the bound.
	Against           float64 // Outage to that of the pair compared with; 0: none.

	NewFailed, NewLate, NewOf  int
	TalkersSurvived, TalkersOf int
	TalkersShare               float64 // That survived: the median of the runs.
	SilentSurvived, SilentOf   int
	NoOwner, TwoOwners         Millis
	OneOwner, Table            Millis
	Settled                    bool // Every run ended with one owner.
	Followed                   bool // In every run the IPVS table followed.
	Judged                     bool // Counts for the verdict of the drill.
	Checks                     []Check
	Remarks                    []string
}

// Missed reports whether a budget was missed.
func (r Row) Missed() bool {
	for _, c := range r.Checks {
		if !c.OK {
			return true
		}
	}
	return false
}

// noisy reports whether the machine's noise decided about a budget.
func (r Row) noisy() bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Noisy })
}

// check returns the check of a figure, false where it has no budget.
func (r Row) check(f Figure) (Check, bool) {
	for _, c := range r.Checks {
		if c.Figure == f {
			return c, true
		}
	}
	return Check{}, false
}

// reduce makes a row of the samples of one scenario and pair.
func reduce(samples []Sample, bounds Bounds) Row {
	r := Row{Scenario: samples[0].Scenario, Pair: samples[0].Pair, Runs: len(samples), Settled: true, Followed: true}
	var outages, none, two, one, table []Millis
	var shares []float64
	for _, s := range samples {
		outages, none, two = append(outages, s.Outage), append(none, s.NoOwner), append(two, s.TwoOwners)
		one, table = append(one, orNever(s.OneOwner)), append(table, orNever(s.Table))
		if s.Talkers.Of > 0 {
			shares = append(shares, float64(s.Talkers.Survived)/float64(s.Talkers.Of))
		}
		r.Settled = r.Settled && s.OneOwner != nil
		r.Followed = r.Followed && s.Table != nil
		r.NewFailed += s.Newcomers.Failed
		r.NewLate += s.Newcomers.Late
		r.NewOf += s.Newcomers.Of
		r.TalkersSurvived += s.Talkers.Survived
		r.TalkersOf += s.Talkers.Of
		r.SilentSurvived += s.Silent.Survived
		r.SilentOf += s.Silent.Of
		r.Remarks = append(r.Remarks, s.Remarks...)
	}
	r.Outage, r.OutageMax = traffic.Median(outages), traffic.Quantile(outages, 1)
	r.NoOwner, r.TwoOwners = traffic.Median(none), traffic.Median(two)
	r.OneOwner, r.Table = traffic.Median(one), traffic.Median(table)
	r.TalkersShare = traffic.Median(shares)
	if bounds.MasterDown > 0 {
		r.Ratio = float64(r.Outage / bounds.MasterDown)
	}
	return r
}

// never is a time that did not come.
var never = Millis(math.Inf(1))

func orNever(m *Millis) Millis {
	if m == nil {
		return never
	}
	return *m
}
