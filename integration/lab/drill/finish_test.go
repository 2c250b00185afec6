package drill

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab/traffic"
)

func TestNewcomersSeen(t *testing.T) {
	event := time.Unix(1000, 0)
	at := func(ms int) time.Time { return event.Add(time.Duration(ms) * time.Millisecond) }
	end := at(2000)
	attempts := []traffic.Attempt{
		{Start: at(-100), Took: 50 * time.Millisecond, Outcome: traffic.Refused}, // Over before the event.
		{Start: at(-10), Took: 1200 * time.Millisecond, Outcome: traffic.Served}, // Under way at the event.
		{Start: at(40), Took: 3 * time.Second, Outcome: traffic.Stuck},
		{Start: at(90), Took: time.Millisecond, Outcome: traffic.Reset},
		{Start: at(140), Took: 500 * time.Millisecond, Outcome: traffic.Served}, // Just not late.
		{Start: at(2001), Took: time.Millisecond, Outcome: traffic.Refused},     // After the end.
	}
	want := NewcomersSeen{
		Failed: 2, Late: 1, Of: 4,
		Why: map[string]int{"stuck": 1, "reset": 1},
		Visits: []Visit{
			{At: -10, Took: 1200, Outcome: "served"},
			{At: 40, Took: 3000, Outcome: "stuck"},
			{At: 90, Took: 1, Outcome: "reset"},
		},
	}
	if diff := cmp.Diff(want, newcomersSeen(attempts, event, end)); diff != "" {
		t.Errorf("newcomers differ (-want +got):\n%s", diff)
	}
}

func TestSurvivalLeavesOutTheDoomed(t *testing.T) {
	var s Survival
	s.add(ConnSample{Outcome: "served"}, true)
	s.add(ConnSample{Outcome: "reset"}, false)
	s.add(ConnSample{Outcome: "closed", Doomed: true}, false)
	s.add(ConnSample{Outcome: "served", Doomed: true}, true)
	if s.Survived != 1 || s.Of != 2 || s.doomed() != 2 {
		t.Errorf("%d of %d survived with %d doomed, want 1 of 2 with 2", s.Survived, s.Of, s.doomed())
	}
	if diff := cmp.Diff(map[string]int{"reset": 1}, s.Lost); diff != "" {
		t.Errorf("losses differ (-want +got):\n%s", diff)
	}
}
