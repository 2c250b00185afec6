package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// world is what the checks of a test meet: it notes every attempt and answers
// as the test says. The mutex guards every field.
type world struct {
	mu      sync.Mutex
	start   time.Time
	begun   map[string][]time.Duration // by target, since start
	running map[string]int
	most    int  // attempts at once
	overlap bool // two at once of one target
	ended   map[string]int
	answer  func(target string, nth int) answer
}

// answer is how an attempt goes: it takes a time and ends with a reason.
type answer struct {
	takes  time.Duration
	reason Reason
	panics bool
}

var errBroken = errors.New("no such kind")

// build makes checkers that ask the world.
func (w *world) build(s Spec) (Checker, error) {
	if s.Kind == "BROKEN" {
		return nil, errBroken
	}
	return visitor{w, s.Target.String()}, nil
}

type visitor struct {
	*world
	target string
}

func (v visitor) Check(ctx context.Context) (Reason, string) {
	v.mu.Lock()
	v.begun[v.target] = append(v.begun[v.target], time.Since(v.start))
	v.running[v.target]++
	all := 0
	for _, n := range v.running {
		all += n
	}
	v.most = max(v.most, all)
	v.overlap = v.overlap || v.running[v.target] > 1
	a := answer{reason: Passed}
	if v.answer != nil {
		a = v.answer(v.target, len(v.begun[v.target]))
	}
	v.mu.Unlock()
	select {
	case <-time.After(a.takes):
	case <-ctx.Done():
	}
	v.mu.Lock()
	v.running[v.target]--
	v.ended[v.target]++
	v.mu.Unlock()
	if a.panics {
		panic("as asked")
	}
	return a.reason, "as asked"
}

// starts are the attempts at a target so far.
func (w *world) starts(target string) []time.Duration { return w.all()[target] }

// all are the attempts at all targets so far.
func (w *world) all() map[string][]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.begun)
}

// ends is how many attempts at a target have ended.
func (w *world) ends(target string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended[target]
}

// simulate runs a Runner in a bubble with its own clock.
func simulate(t *testing.T, opt Options, ans func(string, int) answer, play func(t *testing.T, w *world, r *Runner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			start: time.Now(), begun: make(map[string][]time.Duration), running: make(map[string]int),
			ended: make(map[string]int), answer: ans,
		}
		r := NewRunner(w.build, slog.New(slog.DiscardHandler), opt)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- r.Run(ctx) }()
		play(t, w, r)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if w.overlap {
			t.Error("two attempts at once of one target")
		}
		for target, n := range w.running {
			if n != 0 {
				t.Errorf("%s is still running", target)
			}
		}
	})
}

// after lets the bubble's clock go on, and everything at that moment happen.
func after(d time.Duration) {
	time.Sleep(d) // the bubble's clock: no real time passes
	synctest.Wait()
}

func spec(n int) Spec {
	return Spec{
		Kind: TCP, Target: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 80),
		Timeout: time.Second, Interval: 10 * time.Second, Retries: 2, RetryDelay: time.Second,
	}
}

func checks(n int) []Check {
	list := make([]Check, n)
	for i := range list {
		list[i] = Check{Key: Key(fmt.Sprint("check ", i)), Spec: spec(i)}
	}
	return list
}

func seconds(list ...float64) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, s := range list {
		out[i] = time.Duration(s * float64(time.Second))
	}
	return out
}

func TestSpread(t *testing.T) {
	for _, row := range []struct {
		name  string
		n     int
		until time.Duration // by then all have been probed once
	}{
		{"three servers are known at once", 3, 20 * time.Millisecond},
		{"a hundred within a second", 100, 990 * time.Millisecond},
		{"five thousand take the interval", 5000, 10 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
				r.Set(checks(row.n))
				after(row.until)
				if n := len(w.all()); n != row.n {
					t.Errorf("%d of %d probed after %s", n, row.n, row.until)
				}
				after(30*time.Second - row.until)
				second := make([]int, 30)
				for target, list := range w.all() {
					for i, at := range list {
						if at >= 10*time.Second && at < 30*time.Second {
							second[at/time.Second]++
						}
						if i > 0 && at-list[i-1] > 10*time.Second {
							t.Fatalf("%s was left alone for %s", target, at-list[i-1])
						}
					}
				}
				steady := second[10:]
				if row.n >= 10 && float64(slices.Max(steady)) > 1.01*float64(row.n)/10 {
					t.Errorf("starts in each second %v, mean is %d", steady, row.n/10)
				}
			})
		})
	}
}

func TestSpreadOfSmallLots(t *testing.T) {
	simulate(t, Options{}, nil, func(t *testing.T, w *world, r *Runner) {
		for n := 1; n <= 100; n++ {
			r.Set(checks(n))
			synctest.Wait()
		}
		after(20 * time.Second)
		tenth := make([]int, 10)
		for _, list := range w.all() {
			tenth[list[len(list)-1]%(10*time.Second)/time.Second]++
		}
		if slices.Max(tenth) > 13 {
			t.Errorf("starts in each tenth of the interval %v, want about 10", tenth)
		}
	})
}

func TestPacing(t *testing.T) {
	always := func(r Reason, takes time.Duration) func(string, int) answer {
		return func(string, int) answer { return answer{takes: takes, reason: r} }
	}
	for _, row := range []struct {
		name   string
		answer func(string, int) answer
		want   []time.Duration // starts within 35 s
	}{
		{"a healthy target every interval", always(Passed, time.Second), seconds(0, 10, 20, 30)},
		{"an attempt longer than the interval skips a place", always(Passed, 11*time.Second), seconds(0, 20)},
		{"retries, then every interval while down", always(Refused, 0), seconds(0, 1, 2, 10, 20, 30)},
		{"a retry waits from the end of the attempt", always(TimedOut, time.Second), seconds(0, 2, 4, 10, 20, 30)},
		{"our own trouble is not retried", always(LocalError, 0), seconds(0, 10, 20, 30)},
		{"after a retry that passes back to its place", func(_ string, nth int) answer {
			return answer{reason: []Reason{Passed, Refused}[nth%2]}
		}, seconds(0, 1, 10, 11, 20, 21, 30, 31)},
		{"a panic costs one attempt", func(_ string, nth int) answer {
			return answer{reason: Passed, panics: nth == 2}
		}, seconds(0, 10, 20, 30)},
	} {
		t.Run(row.name, func(t *testing.T) {
			simulate(t, Options{}, row.answer, func(t *testing.T, w *world, r *Runner) {
				r.Set(checks(1))
				after(35 * time.Second)
				if diff := cmp.Diff(row.want, w.starts("10.0.0.0:80")); diff != "" {
					t.Errorf("starts (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestDetection(t *testing.T) {
	simulate(t, Options{}, func(_ string, nth int) answer {
		return answer{reason: map[bool]Reason{true: Passed, false: Refused}[nth == 1 || nth > 4]}
	}, func(t *testing.T, w *world, r *Runner) {
		r.Set(checks(1))
		var g Gate
		var story []string
		for range 50 {
			after(time.Second)
			for _, res := range r.Take() {
				var changed bool
				if g, changed = g.Step(res, 2); changed {
					story = append(story, fmt.Sprint(res.At.Sub(w.start), " ", g.Verdict, " ", res.Fails))
				}
			}
		}
		want := []string{"0s up 0", "12s down 3", "20s up 0"}
		if diff := cmp.Diff(want, story); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
	})
}
