package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// clock tells the time that stamps are made of and compared with.
//
// A wall clock that somebody sets by an hour would make our adverts stale to
// the others, and theirs to us, and both of us masters. So our stamps come from
// a clock that is set only once, when the instance starts, and then runs on by
// itself. Others are believed by either of the two, and one that is right by
// the wall clock alone sets ours: it was wrong at the start, and the wall clock
// has been put right since.
type clock struct {
	set time.Time // when it was set, with its monotonic reading
}

// reading is the time by both clocks.
type reading struct{ steady, wall advert.Stamp }

// read returns the time, which now says by both.
func (c clock) read(now time.Time) reading {
	return reading{steady: advert.StampAt(c.set.Add(now.Sub(c.set))), wall: advert.StampAt(now)}
}

// learn sets the clock anew if a stamp of somebody else, whose signature is
// right, says that the wall clock is the better one.
func (c *clock) learn(stamp advert.Stamp, window time.Duration, now time.Time) {
	r := c.read(now)
	if !near(stamp, r.steady, window) && near(stamp, r.wall, window) {
		c.set = now
	}
}

// near reports whether two stamps are no further apart than the window.
func near(a, b advert.Stamp, window time.Duration) bool { return a.Ahead(b).Abs() <= window }

// fresh reports whether a stamp is of just now by either clock.
func (r reading) fresh(stamp advert.Stamp, window time.Duration) bool {
	return near(stamp, r.steady, window) || near(stamp, r.wall, window)
}

// nextStamp returns the stamp after the last one: the time, or a count on when
// that does not grow. If our clock was ahead and has been put right, what we
// sent beyond the window was not believed, and the time counts again.
func nextStamp(last, now advert.Stamp, monotonic bool, window time.Duration) advert.Stamp {
	if now.After(last) || !monotonic && last.Ahead(now) > window {
		return now
	}
	return last + 1
}

// checkTrailer checks what follows a message of this size. It returns the stamp;
// zero: there is none, and that is all right.
func (g *guard) checkTrailer(cfg Instance, from netip.Addr, message []byte, size int, r reading) (advert.Stamp, advert.Drop) {
	h := cfg.HMAC
	t, drop := advert.ParseTrailer(message[size:])
	if drop == advert.Unsigned && h.Mode != Enforce {
		return 0, advert.Accepted
	}
	if drop != advert.Accepted {
		return 0, drop
	}
	// First what costs little: a flood of old adverts must not cost an HMAC each.
	if !h.Monotonic && !r.fresh(t.Stamp, cfg.window()) {
		return 0, advert.Stale
	}
	secret, known := h.secret(t.Key)
	if !known {
		return 0, advert.UnknownKey
	}
	if !t.Verify(message[:size], from, secret) {
		return 0, advert.BadHMAC
	}
	if g.seen(from, t.Stamp, r, cfg) {
		return 0, advert.Replay
	}
	return t.Stamp, advert.Accepted
}

// Heard is the latest stamp of a sender.
type Heard struct {
	From  netip.Addr   `json:"from"`
	Stamp advert.Stamp `json:"stamp"`
}

// seen reports whether a stamp is not later than the latest of its sender. A
// latest one that is itself not of just now says nothing: the sender's clock
// was ahead and has been put right.
func (g *guard) seen(from netip.Addr, stamp advert.Stamp, r reading, cfg Instance) bool {
	i := g.sender(from)
	if i < 0 || !cfg.HMAC.Monotonic && !r.fresh(g.heard[i].Stamp, cfg.window()) {
		return false
	}
	return !stamp.After(g.heard[i].Stamp)
}

// note remembers the latest stamp of a sender, and forgets the one that has been
// silent for longest when there are too many. Only who holds a key gets here.
func (g *guard) note(cfg Instance, from netip.Addr, stamp advert.Stamp) {
	if i := g.sender(from); i >= 0 {
		g.heard = slices.Delete(g.heard, i, i+1)
	}
	g.heard = append(g.heard, Heard{from, stamp})
	if len(g.heard) > maxHeard+len(cfg.Peers) {
		g.heard = slices.Delete(g.heard, 0, 1)
	}
}

func (g *guard) sender(from netip.Addr) int {
	return slices.IndexFunc(g.heard, func(h Heard) bool { return h.From == from })
}

// secret returns the key of a number.
func (h *HMAC) secret(id uint8) ([]byte, bool) {
	for _, k := range h.Keys {
		if k.ID == id {
			return []byte(k.Secret), true
		}
	}
	return nil, false
}

// window is how far a stamp may be from our clock.
func (in Instance) window() time.Duration {
	if in.HMAC.Window > 0 {
		return in.HMAC.Window
	}
	return max(3*in.Interval, 5*time.Second)
}
