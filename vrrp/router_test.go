package vrrp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The two directors of most tests: a has priority 150 and waits 3.4140625 s,
// b has 100 and waits 3.609375 s.
const (
	downA = 3*interval + 106*interval/256
	downB = down
)

// pair starts both, and runs until a is master and has sent its fourth
// advert, 6.4140625 s after the start.
func pair(l *lan, change ...func(*Instance)) (a, b *node) {
	a = l.join("a", "10.20.0.1", vi(150, change...))
	b = l.join("b", "10.20.0.2", vi(100, change...))
	l.until(downA + 3*interval)
	l.take()
	return a, b
}

const lastSent = downA + 3*interval // by a, when pair returns

// adverts is what a node sends: count adverts, one an interval.
func adverts(node string, priority int, from time.Duration, count int) (lines []string) {
	for i := range count {
		lines = append(lines, fmt.Sprintf("%s %s 51/%d", from+time.Duration(i)*interval, node, priority))
	}
	return lines
}

func TestPair(t *testing.T) {
	bubble(t, "S-02 T-05 election: the higher priority is up first and the other stays silent", func(t *testing.T, l *lan) {
		l.join("a", "10.20.0.1", vi(150))
		l.join("b", "10.20.0.2", vi(100))
		l.until(10 * time.Second)
		l.expect("send want announce state", append(adverts("a", 150, downA, 7),
			"0s a VI_1 eth0 absent 10.20.0.99", "0s a VI_1 BACKUP: started",
			"0s b VI_1 eth0 absent 10.20.0.99", "0s b VI_1 BACKUP: started",
			"3.4140625s a VI_1 eth0 present 10.20.0.99", "3.4140625s a VI_1 x5", "3.4140625s a VI_1 MASTER: no master heard",
			"8.4140625s a VI_1 x5")...)
	})

	bubble(t, "K-16 S-01 election: state MASTER is no head start, an owner is", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100))
		l.until(time.Second)
		l.join("a", "10.20.0.1", vi(255))
		l.until(2 * time.Second)
		l.expect("state", "0s b VI_1 BACKUP: started", "1s a VI_1 MASTER: owns the addresses")
	})

	bubble(t, "T-03 death: the backup takes over a master down interval after the last advert", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(lastSent + 999*ms)
		a.kill()
		l.until(15 * time.Second)
		l.expect("state", fmt.Sprintf("%s b VI_1 MASTER: no master heard", lastSent+downB))
	})

	bubble(t, "S-18 K-39 stop: one priority 0, the addresses gone, the backup up after skew", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(7 * time.Second)
		if err := a.router.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		l.until(9 * time.Second)
		l.expect("send want state", append(adverts("b", 100, 7*time.Second+skew, 2),
			"7s a 51/0", "7s a VI_1 eth0 absent 10.20.0.99", "7s a VI_1 INIT: stopped",
			"7.609375s b VI_1 eth0 present 10.20.0.99", "7.609375s b VI_1 MASTER: master stopped")...)
	})

	bubble(t, "S-07 stop of a backup says nothing", func(t *testing.T, l *lan) {
		_, b := pair(l)
		if err := b.router.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		l.expect("send state", lastSentAt("b VI_1 INIT: stopped"))
	})

	bubble(t, "leave: nothing moves and nothing is said", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		if err := a.router.Leave(t.Context()); err != nil {
			t.Error(err)
		}
		l.until(lastSent + downB - 1)
		l.expect("send want announce state")
		if owners := l.owners(); owners != "a" {
			t.Errorf("owners %q, want a", owners)
		}
	})

	bubble(t, "S-11 S-16 failback: the one that returns waits, preempts, and the other yields to its first advert", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100))
		l.until(10 * time.Second)
		l.take()
		l.join("a", "10.20.0.1", vi(150))
		l.until(10*time.Second + downA + ms)
		l.expect("state",
			"10s a VI_1 BACKUP: started",
			"13.4140625s a VI_1 MASTER: master has a lower priority",
			"13.4140625s b VI_1 BACKUP: heard a higher priority")
		if owners := l.owners(); owners != "a" {
			t.Errorf("owners %q, want a", owners)
		}
	})

	bubble(t, "S-21 nopreempt: the one that returns stays a backup", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100))
		l.until(10 * time.Second)
		l.take()
		l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.NoPreempt = true }))
		l.until(time.Hour)
		l.expect("state", "10s a VI_1 BACKUP: started")
	})

	bubble(t, "K-28 preempt_delay: from the first lower advert, then a down interval from the last accepted one", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100)) // master at 3.609375 s, an advert each second
		l.until(10 * time.Second)
		l.take()
		l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.PreemptDelay = 30 * time.Second }))
		l.until(time.Minute)
		// Heard first at 10.609375 s, accepted last at 39.609375 s.
		l.expect("state",
			"10s a VI_1 BACKUP: started",
			"43.0234375s a VI_1 MASTER: master has a lower priority",
			"43.0234375s b VI_1 BACKUP: heard a higher priority")
	})

	bubble(t, "K-49 unicast: the same election between peers", func(t *testing.T, l *lan) {
		l.join("a", "10.20.0.4", vi(150, unicast))
		l.join("b", "10.20.0.10", vi(100, func(in *Instance) { in.Peers = append(in.Peers, lower) }))
		l.until(10 * time.Second)
		l.expect("state", "0s a VI_1 BACKUP: started", "0s b VI_1 BACKUP: started", "3.4140625s a VI_1 MASTER: no master heard")
	})

	bubble(t, "version 2 with a password: the same election", func(t *testing.T, l *lan) {
		a, b := pair(l, auth)
		a.kill()
		l.until(15 * time.Second)
		l.expect("state", fmt.Sprintf("%s b VI_1 MASTER: no master heard", lastSent+downB))
		if drops := b.router.Snapshot()[0].Counters.Drops; len(drops) > 0 {
			t.Errorf("drops %v", drops)
		}
	})
}

// lastSentAt puts a text at the time when pair returns.
func lastSentAt(text string) string { return fmt.Sprintf("%s %s", lastSent, text) }

func TestSplit(t *testing.T) {
	bubble(t, "S-16 S-17 split and heal: the lower one yields to an answer, the survivor announces twice", func(t *testing.T, l *lan) {
		a, b := pair(l)
		l.split(a, b, true)
		l.until(20 * time.Second)
		l.expect("state", fmt.Sprintf("%s b VI_1 MASTER: no master heard", lastSent+downB))
		if owners := l.owners(); owners != "a b" {
			t.Errorf("while split: owners %q, want both", owners)
		}
		// b sends at 20.0234375 s, before a at 20.4140625 s.
		l.split(a, b, false)
		l.until(25 * time.Second)
		// a answers that, and a tenth of an interval later b's last word.
		l.expect("send want announce state", append(adverts("a", 150, 20*time.Second+123437500, 5),
			"20.0234375s b 51/100", "20.0234375s b 51/100", "20.0234375s b VI_1 eth0 absent 10.20.0.99", "20.0234375s b VI_1 BACKUP: heard a higher priority",
			"20.0234375s a 51/150", "20.0234375s a VI_1 x5", "21.0234375s a VI_1 x5")...)
	})

	bubble(t, "S-16 K-22 split and heal: the survivor announces again though its own advert is the first to cross", func(t *testing.T, l *lan) {
		a, b := pair(l)
		l.split(a, b, true)
		l.until(20*time.Second + 200*ms)
		l.take()
		// a sends at 20.4140625 s, before b at 21.0234375 s.
		l.split(a, b, false)
		l.until(22 * time.Second)
		l.expect("send want announce state", append(adverts("a", 150, 20*time.Second+414062500, 2), "20.4140625s a 51/150",
			"20.4140625s b 51/100", "20.4140625s b VI_1 eth0 absent 10.20.0.99", "20.4140625s b VI_1 BACKUP: heard a higher priority",
			"20.4140625s a VI_1 x5", "21.4140625s a VI_1 x5")...)
	})

	bubble(t, "S-16 K-22 a plain failback: the last word of the other is no news", func(t *testing.T, l *lan) {
		b := l.join("b", "10.20.0.2", vi(100))
		l.until(10 * time.Second)
		a := l.join("a", "10.20.0.1", vi(150))
		l.take()
		l.until(18 * time.Second)
		l.expect("announce", "13.4140625s a VI_1 x5")
		if got := a.router.Snapshot()[0].Counters; got.LowerHeard != 0 {
			t.Errorf("%d lower masters heard", got.LowerHeard)
		}
		// Nor is it a regular advert that left late.
		if got := b.router.Snapshot()[0].Counters.Lateness.Max; got != 0 {
			t.Errorf("b was late by %s", got)
		}
	})

	bubble(t, "K-23 one-way loss: a master that hears a lower one defends its addresses, at most once an interval", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.Announce = Announce{Repeat: 5, LowerRepeat: 5} }))
		b := l.join("b", "10.20.0.2", vi(100, func(in *Instance) { in.Interval = 900 * ms }))
		l.until(lastSent)
		l.take()
		l.drop(a, b, true)
		// b is up at 10.0234375 s and advertises every 0.9 s.
		l.until(13 * time.Second)
		l.expect("announce state",
			"10.0234375s b VI_1 x5", "10.0234375s b VI_1 MASTER: no master heard",
			"10.0234375s a VI_1 x5", // heard
			"11.0234375s a VI_1 x5", // once more
			"12.7234375s a VI_1 x5") // heard again
		l.drop(a, b, false)
		l.until(20 * time.Second)
		l.expect("announce state", "13.6234375s b VI_1 BACKUP: heard a higher priority", "13.7234375s a VI_1 x5")
	})

	bubble(t, "S-19 equal priority: both get up at once, the higher address stays", func(t *testing.T, l *lan) {
		l.delay = ms
		l.join("a", "10.20.0.9", vi(100))
		l.join("b", "10.20.0.10", vi(100))
		l.until(10 * time.Second)
		l.expect("state",
			"0s a VI_1 BACKUP: started", "0s b VI_1 BACKUP: started",
			"3.609375s a VI_1 MASTER: no master heard", "3.609375s b VI_1 MASTER: no master heard",
			"3.610375s a VI_1 BACKUP: heard the same priority from a higher address")
	})
}

func TestBadFramesChangeNoTimer(t *testing.T) {
	bubble(t, "R-16 C-06 K-10 Q-01 at a master", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		for range 50 {
			time.Sleep(100 * ms)
			a.hear(bad(higher))
		}
		synctest.Wait()
		l.expect("send state", adverts("a", 150, lastSent+interval, 5)...)
		if got := a.router.Snapshot()[0].Counters.Drops["checksum"]; got != 50 {
			t.Errorf("checksum counter %d, want 50", got)
		}
		if n := strings.Count(a.logged.String(), "reason=checksum"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})

	bubble(t, "R-16 C-06 at a backup", func(t *testing.T, l *lan) {
		a, b := pair(l)
		a.kill()
		for range 50 {
			time.Sleep(100 * ms)
			b.hear(bad(higher))
		}
		l.expect("state", fmt.Sprintf("%s b VI_1 MASTER: no master heard", lastSent+downB))
	})

	bubble(t, "R-06 Q-03 messages for nobody are counted apart", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		f := bad(higher)
		f.Payload[1] = 52
		a.hear(f)
		f.Payload = f.Payload[:1]
		a.hear(f)
		synctest.Wait()
		if got := a.router.Strays(); got["vrid"] != 1 || got["truncated"] != 1 || len(got) != 2 {
			t.Errorf("strays %v", got)
		}
	})
}

func TestOddAdvertsAreAccepted(t *testing.T) {
	bubble(t, "R-11 R-12 K-11 K-12 K-47 T-06 another address and interval: logged once, counted, followed", func(t *testing.T, l *lan) {
		l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.Interval, in.Addresses = 2*interval, manyAddresses(2) }))
		b := l.join("b", "10.20.0.2", vi(100))
		l.until(20 * time.Second)
		s := b.router.Snapshot()[0]
		// a is up at 6.828125 s, when b has been master since 3.609375 s, and
		// answers b's last word.
		if s.State != Backup || s.Interval != 2*interval || s.Counters.Odd["address-list"] != 8 || s.Counters.Odd["interval"] != 8 {
			t.Errorf("b: %+v", s)
		}
		if n := strings.Count(b.logged.String(), "odd=address-list"); n != 2 {
			t.Errorf("logged %d times, want once in each state", n)
		}
	})
}

func TestSendErrors(t *testing.T) {
	bubble(t, "are counted, logged once, and stop nothing", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150))
		a.mu.Lock()
		a.sendErr = errNoBuffers
		a.mu.Unlock()
		l.until(10 * time.Second)
		s := a.router.Snapshot()[0]
		if s.State != Master || s.Counters.SendErrors != 7 || s.Counters.Sent != 0 || !s.LastSent.IsZero() {
			t.Errorf("%+v", s)
		}
		if n := strings.Count(a.logged.String(), "send advert"); n != 1 {
			t.Errorf("logged %d times, want once", n)
		}
	})
}

func TestSendErrorsOfALinkThatIsDown(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		down bool // as the Router knows
	}{
		{"it is not known yet", fmt.Errorf("send: %w", syscall.ENETDOWN), false},
		{"the interface is gone", fmt.Errorf("send: %w", syscall.ENODEV), false},
		{"it is known", errNoBuffers, true},
	} {
		bubble(t, "are counted and not logged: "+tt.name, func(t *testing.T, l *lan) {
			a := l.join("a", "10.20.0.1", vi(150))
			l.until(5 * time.Second)
			a.mu.Lock()
			a.sendErr = tt.err
			a.mu.Unlock()
			if tt.down {
				a.link("eth0", false)
			}
			l.until(10 * time.Second)
			if s := a.router.Snapshot()[0]; s.Counters.SendErrors == 0 {
				t.Errorf("%+v", s)
			}
			if strings.Contains(a.logged.String(), "send advert") {
				t.Error(a.logged)
			}
		})
	}
}

func TestRunRefusesWhatValidateRefuses(t *testing.T) {
	r := NewRouter(vi(0), nil, nil, nil)
	if err := r.Run(t.Context()); err == nil {
		t.Error("priority 0 runs")
	}
	if err := r.Reconfigure(vi(0)); err == nil {
		t.Error("priority 0 reconfigures")
	}
	if err := r.Post("VI_1", Stop{}); err == nil {
		t.Error("a stop can be posted")
	}
}

func TestStopGivesUpWithItsContext(t *testing.T) {
	bubble(t, "a router that stands still", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.freeze(false)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := a.router.Stop(ctx); err == nil {
			t.Error("stopped")
		}
		// It is asked, gets no answer in time, and says what it last said.
		if s := a.router.Snapshot(); len(s) != 1 || s[0].State != Master {
			t.Errorf("snapshot %+v", s)
		}
	})
}

func TestPingTellsARouterThatWorksFromOneThatDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRouter(Config{}, nil, nil, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a router that does not run answers: %v", err)
		}
	})
}
