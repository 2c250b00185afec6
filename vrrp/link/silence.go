package link

import "time"

// silence is how an interface that came up waits for a frame of somebody else:
// a switch port that has just got its link may listen for 30 s before it
// forwards anything (IEEE 802.1D forward delay, twice), and who hears nobody
// meanwhile is no master for that. The zero value knows nothing.
type silence struct {
	index int       // of the interface that was up when last seen; 0: it was not
	seen  bool      // it has been looked at
	since time.Time // when the wait began; zero: it does not wait
}

// hush is what silence says of an interface.
type hush uint8

const (
	talks     hush = iota // there is no reason to wait
	quietNow              // the wait begins
	quietYet              // it goes on
	quietGone             // it is over: the link is down, or nobody wants it
	quietCap              // it is over: it took too long
	heardNow              // it is over: somebody else was heard
)

// waits says whether nobody has been heard yet.
func (q hush) waits() bool { return q == quietNow || q == quietYet }

// see takes what is known of the interface: its index, 0 unless it is up, how
// long to wait at most, how long the host has been up, and whether somebody has
// been heard since the wait began. An interface that was up when it was first
// looked at has been so for a while, unless the host has just booted.
func (s *silence) see(now time.Time, index int, wait, uptime time.Duration, heard bool) hush {
	came := index != 0 && index != s.index && (s.seen || uptime < wait)
	s.index, s.seen = index, true
	waiting := !s.since.IsZero()
	switch {
	case came && wait > 0:
		s.since = now
		return quietNow
	case !waiting:
		return talks
	case index != 0 && wait > 0 && !heard && now.Before(s.since.Add(wait)):
		return quietYet
	}
	s.since = time.Time{}
	switch {
	case index == 0 || wait == 0:
		return quietGone
	case heard:
		return heardNow
	}
	return quietCap
}
