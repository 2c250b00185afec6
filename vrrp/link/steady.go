package link

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// steady is the state of a link that counts: a change does so once it has
// lasted (keyword interface_up_down_delays). The zero value knows nothing and
// takes the first state as it is.
type steady struct {
	known bool
	up    bool      // what counts
	since time.Time // when the link began to differ from it; zero: it does not
}

// see takes the state of the link. It returns what counts, and when to look
// again if nothing happens until then; zero: no need.
func (s *steady) see(now time.Time, up bool, delay vrrp.LinkDelay) (counts bool, again time.Time) {
	if !s.known || s.up == up {
		*s = steady{known: true, up: up}
		return up, time.Time{}
	}
	if s.since.IsZero() {
		s.since = now
	}
	lasts := delay.Down
	if up {
		lasts = delay.Up
	}
	if due := s.since.Add(lasts); now.Before(due) {
		return s.up, due
	}
	*s = steady{known: true, up: up}
	return up, time.Time{}
}
