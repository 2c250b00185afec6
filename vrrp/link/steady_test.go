package link

import (
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// at is a time of a test, in milliseconds.
func at(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }

func TestSteady(t *testing.T) {
	type look struct {
		name  string
		ms    int
		up    bool
		want  bool
		again int // 0: no need
	}
	delay := vrrp.LinkDelay{Down: 500 * time.Millisecond, Up: 2 * time.Second}
	tests := []struct {
		name  string
		delay vrrp.LinkDelay
		looks []look
	}{
		{"interface_up_down_delays: a change counts once it has lasted", delay, []look{
			{"the first look counts", 0, true, true, 0},
			{"down for a moment", 1000, false, true, 1500},
			{"still down", 1400, false, true, 1500},
			{"up again", 1450, true, true, 0},
			{"the next one counts anew", 2000, false, true, 2500},
			{"it has lasted", 2500, false, false, 0},
			{"up", 3000, true, false, 5000},
			{"down in between", 4999, false, false, 0},
			{"up", 5000, true, false, 7000},
			{"it has lasted, and more", 9000, true, true, 0},
		}},
		{"without a delay every change counts", vrrp.LinkDelay{}, []look{
			{"down", 0, false, false, 0}, {"up", 1, true, true, 0}, {"down", 2, false, false, 0},
		}},
		{"down only", vrrp.LinkDelay{Down: time.Second}, []look{
			{"up", 0, true, true, 0}, {"down", 0, false, true, 1000}, {"lasted", 1000, false, false, 0}, {"up at once", 1001, true, true, 0},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s steady
			for _, l := range tt.looks {
				got, again := s.see(at(l.ms), l.up, tt.delay)
				want := time.Time{}
				if l.again != 0 {
					want = at(l.again)
				}
				if got != l.want || !again.Equal(want) {
					t.Errorf("%s: %v, again at %s; want %v, %s", l.name, got, again, l.want, want)
				}
			}
		})
	}
}

func TestWatcherWaitsForALinkToLast(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	states := make(chan vrrp.LinkState, 100)
	w := NewWatcher(testLog(t), func(s vrrp.LinkState) { states <- s })
	// Whatever the machine's pace, a minute is not over and a moment is.
	in := Interests{Links: []Interest{{Name: p.near, Delay: vrrp.LinkDelay{Up: time.Millisecond, Down: time.Minute}}}}
	w.Watch(in)
	start(t, w.Run)
	up := func(s vrrp.LinkState) bool { return s.Up }
	within(t, states, "the first look", up)
	setUp(t, p.near, false)
	addAddress(t, p.near, "10.1.0.2/24")
	s := within(t, states, "the second address", func(s vrrp.LinkState) bool { return s.Addresses == "10.1.0.1 10.1.0.2" })
	if !s.Up {
		t.Errorf("a moment counts: %+v", s)
	}
	in.Links[0].Delay.Down = 0
	w.Watch(in)
	within(t, states, "the loss", func(s vrrp.LinkState) bool { return !s.Up })
	setUp(t, p.near, true)
	within(t, states, "the return", up)

	in.Links[0].Delay.Down = time.Minute
	w.Watch(in)
	p.unmake(t)
	within(t, states, "the end, at once", func(s vrrp.LinkState) bool { return !s.Exists && !s.Up })
}
