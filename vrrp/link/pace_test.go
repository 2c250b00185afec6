package link

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestPace(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var p pace
	steps := []struct {
		name string
		ms   int
		took int // that it ended after
		lost bool
		want int
	}{
		{"quiet", 0, 0, false, 10},
		{"a first loss", 1000, 0, true, 1010},
		{"again at once", 1010, 0, true, 1030},
		{"and again", 1030, 0, true, 1070},
		{"a pass without a loss does not end a fight", 1040, 0, false, 1080},
		{"and again", 1100, 0, true, 1180},
		{"back within 100 ms however long it takes", 1200, 0, true, 1280},
		{"a truce", 20000, 0, false, 20010},
		{"a short pass", 30000, 2, false, 30010},
		{"a long one gets a fifth of the time", 31000, 15, false, 31060},
		{"but an address is back within 100 ms", 32000, 500, false, 32080},
	}
	for _, s := range steps {
		p.passed(at(s.ms-s.took), at(s.ms), s.lost)
		if !p.next.Equal(at(s.want)) {
			t.Errorf("%s: next pass at %s, want %s", s.name, p.next.Sub(start), at(s.want).Sub(start))
		}
	}
}

// Events that come as fast as they can are taken as one, a wish at once.
func TestPaceOfEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		wish, event := newSignal(), newSignal()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var p pace
		waits := func(name string, again bool, want time.Duration) {
			t.Helper()
			p.wait(ctx, wish, event, again)
			if got := time.Since(began); got != want {
				t.Errorf("%s: waited until %s, want %s", name, got, want)
			}
			p.passed(time.Now(), time.Now(), false)
		}
		event.set()
		waits("the first event", false, 0)
		for i := range 3 {
			event.set()
			waits("a storm", false, time.Duration(i+1)*shortGap)
		}
		wish.set()
		waits("a wish", false, 3*shortGap)
		waits("a retry", true, 3*shortGap+retry)
		cancel()
		waits("the end", false, 3*shortGap+retry)
	})
}

// The watcher looks at its interfaces no faster than that.
func TestWatcherTakesItsTime(t *testing.T) {
	p := newPair(t, "", "")
	reports := 0
	last := make(chan vrrp.LinkState, 10000)
	w := NewWatcher(testLog(t), func(s vrrp.LinkState) {
		reports++
		last <- s
	})
	w.Watch(interest(p.near))
	stop := start(t, w.Run)
	within(t, last, "the first look", func(s vrrp.LinkState) bool { return s.Up })
	began := time.Now()
	for range 200 {
		addAddress(t, p.near, "10.1.0.1/24")
		delAddress(t, p.near, "10.1.0.1/24")
	}
	addAddress(t, p.near, "10.1.0.2/24")
	within(t, last, "the last address", func(s vrrp.LinkState) bool { return s.Primary == ip("10.1.0.2") })
	took := time.Since(began)
	stop()
	if most := int(took/shortGap) + 3; reports > most {
		t.Errorf("%d reports in %s, want at most %d", reports, took, most)
	}
}
