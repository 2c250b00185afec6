package drill

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJudge(t *testing.T) {
	at := Bounds{Advert: 200, Skew: 122, MasterDown: 722}
	outage := Budget{Outage: bound(1.25)}
	owner := Budget{OneOwner: func(b Bounds) Millis { return b.Advert + 50 }}
	talkers := Budget{Talkers: 0.95}
	tests := []struct {
		name   string
		budget Budget
		row    Row
		counts bool
		want   []Check
	}{
		{"no budget, no check", Budget{}, Row{Outage: 9999}, false, nil},
		{"the limit itself is met", outage, Row{Outage: 902.5}, false, []Check{{Outage, "<=902", true, false}}},
		{"the median is over the limit by less than the noise", outage, Row{Outage: 912.5}, false, []Check{{Outage, "<=902", true, true}}},
		{"the median is over the limit by more than the noise", outage, Row{Outage: 912.6}, false, []Check{{Outage, "<=902", false, false}}},
		{"a time is not judged by counts", outage, Row{Outage: 9999}, true, nil},
		{"one owner in time", owner, Row{OneOwner: 250}, false, []Check{{OneOwner, "<=250", true, false}}},
		{"two owners in most of the runs", owner, Row{OneOwner: never}, false, []Check{{OneOwner, "<=250", false, false}}},
		{"one owner in the end, by counts", owner, Row{OneOwner: 999, Settled: true}, true, []Check{{OneOwner, "in the end", true, false}}},
		{"two owners in one run, by counts", owner, Row{OneOwner: 10}, true, []Check{{OneOwner, "in the end", false, false}}},
		{"95 of 100 talkers", talkers, Row{TalkersShare: 0.95}, true, []Check{{Talkers, ">=95%", true, false}}},
		{"94 of 100 talkers", talkers, Row{TalkersShare: 0.94}, false, []Check{{Talkers, ">=95%", false, false}}},
		{"no talkers prove nothing", talkers, Row{}, false, []Check{{Talkers, ">=95%", false, false}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.budget.judge(tt.row, at, tt.counts, 10)); diff != "" {
				t.Errorf("checks differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReduceTakesMediansOfTimesAndSumsOfCounts(t *testing.T) {
	ms := func(m Millis) *Millis { return &m }
	got := reduce([]Sample{
		{Outage: 700, NoOwner: 10, OneOwner: ms(20), Talkers: Survival{Survived: 40, Of: 40}, Newcomers: NewcomersSeen{Failed: 1, Late: 2, Of: 30}},
		{Outage: 100, NoOwner: 30, OneOwner: ms(60), Talkers: Survival{Survived: 38, Of: 40}, Newcomers: NewcomersSeen{Of: 31}},
		{Outage: 361, NoOwner: 20, TwoOwners: 5, Silent: Survival{Survived: 1, Of: 2}},
	}, Bounds{MasterDown: 722})
	want := Row{
		Runs: 3, Outage: 361, OutageMax: 700, Ratio: 0.5, NoOwner: 20, OneOwner: 60, Table: never,
		TalkersSurvived: 78, TalkersOf: 80, TalkersShare: 1, SilentSurvived: 1, SilentOf: 2, NewFailed: 1, NewLate: 2, NewOf: 61,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("row differs (-want +got):\n%s", diff)
	}
}

func TestMillisRoundToATenth(t *testing.T) {
	if got := millis(Millis(721.94).Duration()); got != 721.9 {
		t.Errorf("%v, want 721.9", got)
	}
}
