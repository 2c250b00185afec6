package calm

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// slow is one virtual router whose backup takes over after 722 ms: three
// intervals and the skew of priority 100.
var slow = crowd{instances: 1, interval: 0.2}

const masterDown = 722 * time.Millisecond

// pauses are how long a master is held, in master down intervals.
var pauses = []float64{0.5, 1, 3, 30}

// held is what a pause of the master led to.
type held struct {
	moves   string        // "a-" and the like, in order
	overlap time.Duration // both had the address after the master went on
}

// hold stops director A for a while as a hypervisor would, and waits until it
// is master again and the other one is not.
func hold(t testing.TB, p *rig.Pair, moves *owners, pause time.Duration) (h held) {
	t.Helper()
	moves.log = nil
	signal(t, p.Process(lab.A).Pid(), syscall.SIGSTOP)
	<-time.After(pause)
	signal(t, p.Process(lab.A).Pid(), syscall.SIGCONT)
	woke := time.Now()
	// Long enough for B to yield and A to take over, or to be seen not to.
	quiet := 3 * masterDown
	for last := woke; ; {
		<-time.After(quiet / 4)
		at, n := moves.latest()
		if at.After(last) {
			last = at
		}
		if time.Since(last) > quiet && (n == [2]int{1, 0} || time.Since(woke) > rig.Patience) {
			break
		}
	}
	moves.mu.Lock()
	defer moves.mu.Unlock()
	var names []string
	has := [2]bool{true, false}
	for i, m := range moves.log {
		sign := map[bool]string{true: "+", false: "-"}[m.has]
		names = append(names, m.d.String()+sign)
		has[m.d-1] = m.has
		if both := has == [2]bool{true, true}; both {
			until := time.Now()
			if i+1 < len(moves.log) {
				until = moves.log[i+1].at
			}
			h.overlap += max(0, until.Sub(latest(m.at, woke)))
		}
	}
	h.moves = strings.Join(names, " ")
	return h
}

// signal sends a signal to a process and all that it has started.
func signal(t testing.TB, pid int, s syscall.Signal) {
	t.Helper()
	for _, one := range family(t, pid) {
		must(t, syscall.Kill(one.pid, s))
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// A master that is held and goes on yields once to who has taken over, and then
// preempts it once; held for less, it goes on as if nothing had been.
func TestPausedMasterYieldsOnce(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	slow.cable(t, p)
	moves := watch(t, p)
	p.Start(t, lab.A, slow.config(lab.A))
	moves.wait(t, lab.A, 1)
	p.Start(t, lab.B, slow.config(lab.B))
	rig.Until(t, "B hears the master", func() error {
		if i := p.Instance(t, lab.B, "V0"); i.Received == 0 {
			return fmt.Errorf("it is %s", i.State)
		}
		return nil
	})
	// While A is held B takes over; A yields and preempts, and B yields.
	once := []string{"b+ a- a+ b-", "b+ a- b- a+", "a- b+ a+ b-", "a- b+ b- a+"}
	wants := map[float64][]string{0.5: {""}, 1: append(slices.Clone(once), ""), 3: once, 30: once}
	for _, factor := range pauses {
		t.Run(fmt.Sprintf("held for %g master down intervals", factor), func(t *testing.T) {
			h := hold(t, p, moves, time.Duration(factor*float64(masterDown)))
			t.Logf("moves %q, both for %s after it went on", h.moves, h.overlap)
			if !slices.Contains(wants[factor], h.moves) {
				t.Errorf("moves %q, want one of %q", h.moves, wants[factor])
			}
		})
	}
}

// BenchmarkPause measures for how long two directors have the address after a
// master that was held goes on. The budget is an interval and 50 ms.
func BenchmarkPause(b *testing.B) {
	budget := time.Duration(slow.interval*float64(time.Second)) + 50*time.Millisecond
	for b.Loop() {
		for _, d := range directors() {
			p := rig.New(b, lab.Options{})
			slow.cable(b, p)
			moves := watch(b, p)
			p.Launch(b, lab.A, d.command, slow.config(lab.A))
			moves.wait(b, lab.A, 1)
			join(b, p, d, slow)
			for _, factor := range pauses {
				h := hold(b, p, moves, time.Duration(factor*float64(masterDown)))
				b.Logf("%-10s held %4.1f x master down: both for %4d ms after, moves %s", d.name, factor, h.overlap.Milliseconds(), h.moves)
				if d.name == "tandem" && h.overlap > budget {
					b.Errorf("tandem: two owners for %s, the budget is %s", h.overlap, budget)
				}
			}
		}
	}
}
