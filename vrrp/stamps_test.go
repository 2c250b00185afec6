package vrrp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// The clocks of these tests start at epoch and differ by so much from it.
func clocks(steady, wall time.Duration) reading {
	return reading{advert.StampAt(epoch.Add(steady)), advert.StampAt(epoch.Add(wall))}
}

func TestTimeWindow(t *testing.T) {
	const hour = time.Hour
	tests := []struct {
		name   string
		change func(*Instance)
		sent   time.Duration // by the sender's clock
		heard  reading       // by ours
		want   advert.Drop
	}{
		{"K-50 clocks that agree", signed, 0, clocks(0, 0), advert.Accepted},
		{"K-50 5 s old", signed, 0, clocks(5*time.Second, 5*time.Second), advert.Accepted},
		{"K-51 6 s old", signed, 0, clocks(6*time.Second, 6*time.Second), advert.Stale},
		{"K-51 6 s ahead of us", signed, 6 * time.Second, clocks(0, 0), advert.Stale},
		{"K-50 three intervals where these are longer", func(in *Instance) { signed(in); in.Interval = 4 * time.Second }, 0, clocks(12*time.Second, 12*time.Second), advert.Accepted},
		{"K-50 time_window", func(in *Instance) { signed(in); in.HMAC.Window = time.Minute }, 0, clocks(time.Minute, time.Minute), advert.Accepted},
		{"K-50 monotonic knows no window", monotonic, 0, clocks(hour, hour), advert.Accepted},
		{"T-10 our wall clock was set by an hour", signed, 0, clocks(0, hour), advert.Accepted},
		{"T-10 our clock was wrong at the start and has been put right", signed, 0, clocks(-hour, 0), advert.Accepted},
		{"K-51 neither is right", signed, 0, clocks(hour, -hour), advert.Stale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := &listener{guard: newGuard(epoch), cfg: vi(100, tt.change).Instances[0]}
			f := newSpeaker(higher, tt.change).say(t, advert.Group4, 200, epoch.Add(tt.sent))
			if got := h.hear(f, tt.heard, epoch); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestStampsGrow(t *testing.T) {
	const window = 5 * time.Second
	now := advert.StampAt(epoch)
	tests := []struct {
		name      string
		last      advert.Stamp
		monotonic bool
		want      advert.Stamp
	}{
		{"K-50 the first is the time", 0, false, now},
		{"K-50 twice at the same moment", now, false, now + 1},
		{"K-50 a clock that went back a little counts on", now + 3<<32, false, now + 3<<32 + 1},
		{"K-50 a clock that went back beyond the window begins anew", now + 6<<32, false, now},
		{"K-50 monotonic never does", now + 6<<32, true, now + 6<<32 + 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := nextStamp(tt.last, now, tt.monotonic, window); got != tt.want {
				t.Errorf("got %x, want %x", uint64(got), uint64(tt.want))
			}
		})
	}
}

func TestClockIsSetOnce(t *testing.T) {
	start := time.Now() // with a monotonic reading
	c := clock{set: start}
	if r := c.read(start); r.steady != r.wall {
		t.Errorf("at the start %x and %x", uint64(r.steady), uint64(r.wall))
	}
	t.Run("T-10 the steady clock runs on by itself", func(t *testing.T) {
		// A wall clock that is set leaves the monotonic reading as it is, so
		// it is the start that seems to have been at another time.
		c := clock{set: start.Round(0).Add(-time.Hour)}
		now := start.Round(0)
		if r := c.read(now); r.steady != advert.StampAt(now) {
			t.Errorf("without a step: %x, want %x", uint64(r.steady), uint64(r.wall))
		}
	})
	t.Run("T-10 somebody else who is right by the wall clock alone sets it", func(t *testing.T) {
		c := clock{set: epoch}
		for _, tt := range []struct {
			stamp advert.Stamp
			want  bool
		}{
			{advert.StampAt(epoch.Add(10 * time.Second)), false}, // right by both
			{advert.StampAt(epoch.Add(time.Hour)), false},        // right by neither
		} {
			c.learn(tt.stamp, 5*time.Second, epoch.Add(10*time.Second))
			if set := c.set != epoch; set != tt.want {
				t.Errorf("stamp %x: set %v, want %v", uint64(tt.stamp), set, tt.want)
			}
		}
	})
}

func TestSendersAreRemembered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Instance)
		others int
		want   advert.Drop
	}{
		{"K-50 sixteen besides each peer are remembered", monotonic, maxHeard - 1, advert.Replay},
		{"K-50 the one that has been silent for longest is forgotten", monotonic, maxHeard, advert.Accepted},
		{"K-50 peers leave as much room for others", func(in *Instance) { monotonic(in); unicast(in) }, maxHeard, advert.Replay},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &listener{guard: newGuard(epoch), cfg: vi(100, tt.change).Instances[0]}
			dst := advert.Group4
			if h.cfg.unicast() {
				dst = ours
			}
			first := newSpeaker(higher, tt.change).say(t, dst, 200, epoch)
			h.hear(first, at(epoch), epoch)
			for i := range tt.others {
				s := newSpeaker(netip.MustParseAddr(fmt.Sprintf("10.20.1.%d", i)), tt.change)
				if drop := h.hear(s.say(t, dst, 200, epoch), at(epoch), epoch); drop != advert.Accepted {
					t.Fatalf("sender %d: %s", i, drop)
				}
			}
			if got := h.hear(first, at(epoch), epoch); got != tt.want {
				t.Errorf("the first again: %s, want %s", got, tt.want)
			}
		})
	}
	t.Run("K-51 a sender whose clock was ahead is heard when it has been put right", func(t *testing.T) {
		h := &listener{guard: newGuard(epoch), cfg: vi(100, signed).Instances[0]}
		s := newSpeaker(higher, signed)
		ahead := s.say(t, advert.Group4, 200, epoch.Add(time.Hour))
		h.hear(ahead, clocks(time.Hour, time.Hour), epoch) // while ours was ahead too
		right := newSpeaker(higher, signed).say(t, advert.Group4, 200, epoch)
		if got := h.hear(right, clocks(0, 0), epoch); got != advert.Accepted {
			t.Errorf("got %s", got)
		}
	})
}
