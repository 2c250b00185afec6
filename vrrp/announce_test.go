package vrrp

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// announced serves every deadline of a master until an end, and returns when
// it announced its addresses how often, counted from becoming master.
func announced(t *testing.T, m *Machine, until time.Duration) (bursts []string) {
	t.Helper()
	start := epoch.Add(down)
	for at := m.Deadline(); at.Before(start.Add(until)); at = m.Deadline() {
		for _, a := range m.Step(at, Expired{}) {
			if b, ok := a.(Burst); ok {
				bursts = append(bursts, fmt.Sprintf("%s x%d", at.Sub(start), b.Repeat))
			}
		}
	}
	return bursts
}

func TestAnnouncing(t *testing.T) {
	tests := []struct {
		name  string
		cfg   Announce
		until time.Duration
		want  []string // besides the first burst
	}{
		{"K-23 keepalived's default: again after the delay", Announce{Repeat: 5, Delay: 5 * time.Second}, time.Hour, []string{"5s x5"}},
		{"K-23 the first refresh comes a period after that, more or less", DefaultAnnounce, 200 * time.Second, []string{"5s x5", "1m9.02s x1", "2m4.1s x1", "3m1.88s x1"}},
		{"K-23 no delay, refresh alone", Announce{Repeat: 2, Refresh: 90 * time.Second, RefreshRepeat: 3}, 200 * time.Second, []string{"1m36.03s x3", "2m58.65s x3"}},
		{"neither", Announce{Repeat: 1}, time.Hour, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			in.Announce = tt.cfg
			m := NewMachine(in)
			m.Step(epoch, linkUp)
			m.Step(epoch, Start{})
			m.Step(epoch.Add(down), Expired{})
			if got := announced(t, m, tt.until); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRefreshesAreSpread: no refresh is off by more than a tenth of the period,
// and those of instances that became master together use all of it.
func TestRefreshesAreSpread(t *testing.T) {
	const period = 60 * time.Second
	in := testInstance()
	var first, last time.Duration
	for in.VRID = 1; in.VRID < 255; in.VRID++ {
		for count := range 3 {
			off := in.refresh(count) - period
			if off.Abs() > period/10 {
				t.Fatalf("VRID %d: refresh %d is off by %s", in.VRID, count, off)
			}
			first, last = min(first, off), max(last, off)
		}
	}
	if first > -5*time.Second || last < 5*time.Second {
		t.Errorf("all are between %s and %s", first, last)
	}
}

// TestSurvivorAnnouncesAgain: a master that hears another, lower one tells
// everybody who has the addresses, and again an interval later, but however
// often it is heard no more than once an interval. Each time it answers, but no more than ten times an interval.
func TestSurvivorAnnouncesAgain(t *testing.T) {
	in := testInstance()
	in.Announce = Announce{Repeat: 5, Delay: 5 * time.Second, LowerRepeat: 5}
	m := NewMachine(in)
	runSteps(t, m, append(toMaster,
		step{at: 4000 * ms, ev: hear(50), want: "send 100, announce 5", due: 5000 * ms},
		step{at: 4100 * ms, ev: hear(50), want: "send 100", due: 5000 * ms},
		step{at: 4900 * ms, ev: hear(50), want: "send 100", due: 5000 * ms},
		step{at: 5000 * ms, ev: hear(50), want: "send 100, announce 5", due: 6000 * ms},
		step{at: 6000 * ms, ev: Expired{}, want: "send 100, announce 5", due: 7000 * ms},
	))
	// The second burst of becoming master is not lost by it.
	if got, want := announced(t, m, time.Minute), []string{"5s x5"}; !slices.Equal(got, want) {
		t.Errorf("after the clash: got %q, want %q", got, want)
	}
}
