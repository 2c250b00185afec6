package vrrp

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestPause(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		kind := map[bool]string{false: "stopped process", true: "paused machine"}[deaf]

		bubble(t, kind+": a master that wakes up before its peer's down interval goes on", func(t *testing.T, l *lan) {
			a, _ := pair(l)
			a.freeze(deaf)
			l.until(lastSent + 2500*ms)
			a.thaw()
			l.until(20 * time.Second)
			l.expect("state")
			if owners := l.owners(); owners != "a" {
				t.Errorf("owners %q, want a", owners)
			}
		})

		for _, times := range []time.Duration{1, 3, 30} {
			bubble(t, fmt.Sprintf("%s: a master that slept %d down intervals hears the other and goes BACKUP once", kind, times), func(t *testing.T, l *lan) {
				a, b := pair(l, func(in *Instance) { in.NoPreempt = true })
				a.freeze(deaf)
				wake := lastSent + times*downB + 100*ms
				l.until(wake)
				l.expect("state", fmt.Sprintf("%s b VI_1 MASTER: no master heard", lastSent+downB))
				a.thaw()
				l.until(wake + 20*time.Second)
				lines := l.take("state")
				if len(lines) != 1 || !strings.HasSuffix(lines[0], "a VI_1 BACKUP: overslept and heard another master") {
					t.Errorf("after waking up: %q", lines)
				}
				if sent := a.router.Snapshot()[0].Counters; sent.Sent != 4 || sent.LateWakeups != 1 {
					t.Errorf("a sent %d adverts, want the 4 before the pause; late wake-ups %d, want 1", sent.Sent, sent.LateWakeups)
				}
				if got := b.router.Snapshot()[0].State; got != Master {
					t.Errorf("b is %s", got)
				}
			})
		}

		for _, times := range []float64{0.5, 0.99, 1, 1.01, 1.1, 3, 30} {
			bubble(t, fmt.Sprintf("%s: a backup that slept %v down intervals changes nothing", kind, times), func(t *testing.T, l *lan) {
				_, b := pair(l)
				b.freeze(deaf)
				wake := lastSent + time.Duration(times*float64(downB))
				l.until(wake)
				b.thaw()
				l.until(wake + 20*time.Second)
				l.expect("state")
			})
		}
	}

	bubble(t, "a preempting master that slept goes BACKUP, waits its down interval and preempts", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.freeze(false)
		l.until(20 * time.Second)
		l.take()
		a.thaw()
		l.until(30 * time.Second)
		l.expect("state",
			"20s a VI_1 BACKUP: overslept and heard another master",
			"23.4140625s a VI_1 MASTER: master has a lower priority",
			"23.4140625s b VI_1 BACKUP: heard a higher priority")
	})

	bubble(t, "a master that slept alone speaks and announces after an interval and skew", func(t *testing.T, l *lan) {
		a, b := pair(l)
		b.kill()
		a.freeze(false)
		l.until(20 * time.Second)
		l.take()
		a.thaw()
		l.until(23 * time.Second)
		l.expect("send announce state", append(adverts("a", 150, 21414062500, 2), "21.4140625s a VI_1 x5")...)
	})

	bubble(t, "an advert that waits outranks the timer it would have restarted", func(t *testing.T, l *lan) {
		// b stands still from before its timer fires until just after; what a
		// sent meanwhile waits in the queue. No pause is long enough to notice.
		a, b := pair(l)
		l.drop(a, b, true)
		l.until(lastSent + downB - ms)
		b.freeze(false)
		l.drop(a, b, false)
		b.hear(goodFrame(a))
		l.until(lastSent + downB + 10*ms)
		b.thaw()
		l.until(20 * time.Second)
		l.expect("state")
	})
}

// goodFrame is an advert as a node would send it.
func goodFrame(n *node) Frame {
	f := bad(n.addr)
	f.Payload[7]--
	return f
}
