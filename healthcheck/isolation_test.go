package healthcheck

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEqualSpecsShareOneProbe(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		list := checks(1)
		for i := range 99 {
			list = append(list, Check{Key: Key(fmt.Sprint("shared ", i)), Spec: spec(0)})
		}
		r.Set(list)
		after(time.Second)
		if n := len(w.starts("10.0.0.0:80")); n != 1 {
			t.Errorf("%d probes of one target", n)
		}
		keys := make(map[Key]bool)
		for _, res := range r.Take() {
			keys[res.Key] = true
		}
		if len(keys) != 100 {
			t.Errorf("results for %d keys, want 100", len(keys))
		}

		// A check that joins later need not wait for the next turn.
		r.Set(append(list, Check{Key: "late", Spec: spec(0)}))
		synctest.Wait()
		if got := r.Take(); len(got) != 1 || got[0].Key != "late" || !got[0].OK() {
			t.Errorf("the late one got %v", got)
		}
	})
}

func TestSetChangesOnlyWhatChanged(t *testing.T) {
	answers := func(target string, nth int) answer {
		return answer{takes: 300 * time.Millisecond, reason: Passed}
	}
	simulate(t, Options{}, answers, func(t *testing.T, w *world, r *Runner) {
		r.Set(checks(3))
		after(100 * time.Millisecond) // all three are under way

		other := checks(3)[:2]
		other[1].Spec = spec(9)
		r.Set(other)
		synctest.Wait()
		for i, want := range []int{0, 1, 1} {
			if got := w.ends(fmt.Sprintf("10.0.0.%d:80", i)); got != want {
				t.Errorf("check %d: %d attempts cancelled by Set, want %d", i, got, want)
			}
		}
		after(25 * time.Second)
		if diff := cmp.Diff(seconds(0, 10, 20), w.starts("10.0.0.0:80")); diff != "" {
			t.Errorf("unchanged (-want +got):\n%s", diff)
		}
		if n := len(w.starts("10.0.0.2:80")); n != 1 {
			t.Errorf("removed: %d starts, want 1", n)
		}
		changed := w.starts("10.0.0.9:80")
		if len(changed) < 3 || changed[0] != 100*time.Millisecond {
			t.Errorf("changed: starts %v, want one at once", changed)
		}
	})
}

func TestSetDropsResultsOfFormerSpecs(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		r.Set(checks(3))
		after(time.Second)
		list := checks(2)
		list[1].Spec = spec(7)
		r.Set(list)
		// Before anybody else runs: what is left is of the check that stayed.
		if got := r.Take(); len(got) != 1 || got[0].Key != "check 0" {
			t.Errorf("got %v", got)
		}
	})
}

func TestDuplicateKeyLastCounts(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		r.Set([]Check{{"twice", spec(1)}, {"twice", spec(2)}})
		after(time.Second)
		if len(w.starts("10.0.0.1:80")) != 0 || len(w.starts("10.0.0.2:80")) != 1 {
			t.Errorf("starts %v", w.all())
		}
		if got := r.Take(); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
}

func TestDeadTargetsDelayNobody(t *testing.T) {
	// 40 of 44 targets answer nothing for 5 s; there are 8 slots.
	answers := func(target string, nth int) answer {
		if slices.Contains([]string{"10.0.0.0:80", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}, target) {
			return answer{reason: Passed}
		}
		return answer{takes: 5 * time.Second, reason: TimedOut}
	}
	simulate(t, Options{Concurrency: 8}, answers, func(t *testing.T, w *world, r *Runner) {
		r.Set(checks(44))
		after(10 * time.Minute)
		w.mu.Lock()
		if w.most != 8 {
			t.Errorf("%d probes at once, want 8", w.most)
		}
		w.mu.Unlock()
		// In the beginning nobody knows who is dead; from then on the live
		// ones keep their places to the millisecond.
		for _, target := range []string{"10.0.0.0:80", "10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"} {
			list := w.starts(target)
			for i := len(list) - 1; i > 0 && list[i] > time.Minute; i-- {
				if gap := list[i] - list[i-1]; gap != 10*time.Second {
					t.Fatalf("%s: %s between probes at %s, want 10s", target, gap, list[i])
				}
			}
		}
		// The dead ones share what they may have, and none is forgotten:
		// 6 slots for 5 s each are 1.2 attempts a second for 40 targets.
		for target, list := range w.all() {
			if last := list[len(list)-1]; last < 9*time.Minute {
				t.Errorf("%s: last probe at %s", target, last)
			}
		}
	})
}

func TestSlowReaderSeesTheNewest(t *testing.T) {
	answers := func(_ string, nth int) answer {
		if nth == 1 {
			return answer{reason: Passed}
		}
		return answer{reason: Refused}
	}
	simulate(t, Options{}, answers, func(t *testing.T, w *world, r *Runner) {
		r.Set(checks(2))
		after(25 * time.Second) // nobody takes anything meanwhile
		got := r.Take()
		if len(got) != 2 {
			t.Fatalf("got %v", got)
		}
		for _, res := range got {
			g, _ := Gate{Verdict: Up}.Step(res, 2)
			if res.Fails < 3 || g.Verdict != Down {
				t.Errorf("%+v leads to %v, want down", res, g.Verdict)
			}
		}
		select {
		case <-r.Ready():
			if rest := r.Take(); len(rest) != 0 {
				t.Errorf("again %v", rest)
			}
		default:
		}
	})
}

func TestCheckThatCannotBeMade(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		broken := spec(1)
		broken.Kind = "BROKEN"
		r.Set([]Check{{"broken", broken}, {"sound", spec(2)}})
		after(time.Second)
		for _, res := range r.Take() {
			want := Result{Key: "broken", Reason: LocalError, Detail: errBroken.Error()}
			if res.Key == "sound" {
				want = Result{Key: "sound", Reason: Passed, Detail: "as asked"}
			}
			res.At, res.Late = time.Time{}, 0
			if diff := cmp.Diff(want, res); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		}
	})
}

func TestTinyIntervalDoesNotSpin(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		s := spec(0)
		s.Interval = time.Microsecond
		r.Set([]Check{{"eager", s}})
		after(time.Second)
		if n := len(w.starts("10.0.0.0:80")); n > 101 {
			t.Errorf("%d probes in a second", n)
		}
	})
}

func TestDefaultConcurrency(t *testing.T) {
	if n := DefaultConcurrency(); n < 64 || n > 8192 {
		t.Errorf("got %d", n)
	}
}
