package drill

import (
	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

// Row is one line of the report: all runs of a scenario with one pair. Times
// are medians over the runs, counts are sums.
type Row struct {
	Scenario, Pair string
	Runs           int

	Outage, OutageMax Millis
	Ratio             float64 // Outage to the bound.
	Against           float64 // Outage to that of the pair compared with; 0: none.

	NewFailed, NewLate, NewOf  int
	TalkersSurvived, TalkersOf int
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
	for _, s := range samples {
		outages, none, two = append(outages, s.Outage), append(none, s.NoOwner), append(two, s.TwoOwners)
		if s.OneOwner != nil {
			one = append(one, *s.OneOwner)
		}
		if s.Table != nil {
			table = append(table, *s.Table)
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
	if bounds.MasterDown > 0 {
		r.Ratio = float64(r.Outage / bounds.MasterDown)
	}
	return r
}
