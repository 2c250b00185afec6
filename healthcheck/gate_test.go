package healthcheck

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGate(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pass := Result{Reason: Passed}
	fail := func(n int) Result { return Result{Reason: Refused, Fails: n} }
	local := Result{Reason: LocalError, Fails: 9}
	for _, row := range []struct {
		name    string
		retries int
		results []Result
		want    []Verdict // after each result
	}{
		{"one success brings it up", 3, []Result{pass}, []Verdict{Up}},
		{"without retries one failure takes it down", 0, []Result{pass, fail(1), pass}, []Verdict{Up, Down, Up}},
		{"retries are further attempts", 2, []Result{pass, fail(1), fail(2), fail(3)}, []Verdict{Up, Up, Up, Down}},
		{"a success between starts the count anew", 1, []Result{pass, fail(1), pass, fail(1), pass}, []Verdict{Up, Up, Up, Up, Up}},
		{"never seen up gets its retries too", 1, []Result{fail(1), fail(2)}, []Verdict{Unknown, Down}},
		{"results that were replaced are counted", 2, []Result{pass, fail(3)}, []Verdict{Up, Down}},
		{"our own trouble takes nobody down", 0, []Result{pass, local, local}, []Verdict{Up, Up, Up}},
		{"our own trouble brings nobody up", 0, []Result{fail(1), local}, []Verdict{Down, Down}},
		{"our own trouble at the start decides nothing", 0, []Result{local}, []Verdict{Unknown}},
		{"down stays down", 1, []Result{fail(2), fail(3), fail(4)}, []Verdict{Down, Down, Down}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var g Gate
			since := time.Time{}
			for i, r := range row.results {
				before := g.Verdict
				r.At = start.Add(time.Duration(i) * time.Second)
				var changed bool
				g, changed = g.Step(r, row.retries)
				if g.Verdict != row.want[i] || changed != (before != row.want[i]) {
					t.Errorf("result %d: %v, changed %v; want %v after %v", i, g.Verdict, changed, row.want[i], before)
				}
				if changed {
					since = r.At
				}
				if !g.Since.Equal(since) || g.Last != r {
					t.Errorf("result %d: since %v, last %v; want %v, %v", i, g.Since, g.Last, since, r)
				}
			}
			checkExport(t, g)
		})
	}
}

// checkExport hands a gate over as an upgrade does.
func checkExport(t *testing.T, g Gate) {
	t.Helper()
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	var back Gate
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g, back); diff != "" {
		t.Errorf("exported and read back (-was +is):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	for r := Passed; r <= LocalError; r++ {
		if r.String() == "?" {
			t.Errorf("reason %d has no name", r)
		}
	}
	if Verdict(9).String() != "?" || Reason(99).String() != "?" || Down.String() != "down" {
		t.Error("names do not match")
	}
}
