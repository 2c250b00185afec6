package vrrp

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestOversleptOwners: after a pause of any length there is one owner again one
// advertisement interval and 50 ms after the end of it, and never two from then
// on but for the moment that a message takes. Who wakes up changes its state at
// most once, unless it preempts.
func TestOversleptOwners(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		for _, times := range []float64{0.5, 0.9, 1, 1.1, 3, 30} {
			for _, nopreempt := range []bool{false, true} {
				kind := map[bool]string{false: "stopped process", true: "paused machine"}[deaf]
				rest := map[bool]string{false: "preempts", true: "nopreempt"}[nopreempt]
				bubble(t, fmt.Sprintf("%s, %v down intervals, %s", kind, times, rest), func(t *testing.T, l *lan) {
					a, _ := pair(l, func(in *Instance) { in.NoPreempt = nopreempt })
					a.freeze(deaf)
					wake := lastSent + time.Duration(times*float64(downB))
					l.until(wake)
					l.take()
					a.thaw()
					for at := wake; at < wake+20*time.Second; at += 10 * ms {
						l.until(at)
						if owners := l.owners(); at > wake+interval+50*ms && len(strings.Fields(owners)) != 1 {
							t.Fatalf("%s after waking up: owners %q", at-wake, owners)
						}
					}
					var changes int
					for _, line := range l.take("state") {
						if strings.Fields(line)[1] == "a" {
							changes++
						}
					}
					if nopreempt && changes > 1 || changes > 2 {
						t.Errorf("a changed its state %d times", changes)
					}
				})
			}
		}
	}
}

// TestWaitingAdverts: keepalived 2.4 leaves the rest for later once it has read
// two of one virtual router, which bounds a flood. Here a round reads up to
// maxFetch, and serves its timers in between.
func TestWaitingAdverts(t *testing.T) {
	bubble(t, "K-48 all that wait are read in one round, the last one counts", func(t *testing.T, l *lan) {
		a, b := pair(l)
		b.freeze(false)
		for range 100 {
			b.hear(goodFrame(a))
		}
		b.thaw()
		synctest.Wait()
		l.until(lastSent + interval)
		// Four of a before, these, and one since.
		if got := b.router.Snapshot()[0].Counters.Received; got != 105 {
			t.Errorf("%d received", got)
		}
	})
}
