package wire

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// loop is what Run's goroutine owns.
type loop struct {
	*Wire
	sessions []*session
	ears     map[ear]*listener
	heard    chan datagram
	planned  time.Time // when to wake up, at the latest
	late     bool      // it did so late, and gave the readers a moment
	retryAt  time.Time // to open what could not be opened; zero: nothing
}

const (
	// tooLate is how late a wake-up may be before what waits in the sockets is
	// read first: we may have slept, and the neighbors did not.
	tooLate = 5 * time.Millisecond
	// maxWaiting is how many packets may wait, and how many are read in a round:
	// no flood keeps a timer from being served.
	maxWaiting = 256
	// moment is how long the readers get for that.
	moment = 2 * time.Millisecond
)

// round does everything that is due. What was heard outranks a timer that it
// would have restarted, whichever of the two woke us up.
func (l *loop) round(first *datagram) {
	now := time.Now()
	if first != nil {
		l.receive(now, *first)
	}
	for range len(l.heard) {
		l.receive(now, <-l.heard) // Nobody else takes from it.
	}
	if !l.retryAt.IsZero() && !now.Before(l.retryAt) {
		l.openAll(now)
	}
	if !l.late && !l.planned.IsZero() && now.Sub(l.planned) > tooLate {
		l.late = true
		return
	}
	l.late = false
	for _, s := range l.sessions {
		if at := s.Deadline(); !at.IsZero() && !now.Before(at) {
			l.act(s, s.Expired(now))
		}
	}
}

// pause is how long to sleep.
func (l *loop) pause() time.Duration {
	if l.late {
		l.planned = time.Now().Add(moment)
		return moment
	}
	next := l.retryAt
	for _, s := range l.sessions {
		if at := s.Deadline(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	l.planned = next
	if next.IsZero() {
		return time.Hour
	}
	return time.Until(next)
}

// session is a session with its socket.
type session struct {
	*bfd.Session
	out      *sender // nil: it could not be opened
	said     [bfd.NumDrops]bool
	saidSend bool
	saidOpen string
}

// set brings the sessions in line with a wish.
func (l *loop) set(now time.Time, wish []bfd.Config) {
	old := l.sessions
	l.sessions = nil
	var fresh []string
	for _, c := range wish {
		i := slices.IndexFunc(old, func(s *session) bool {
			had := s.Config()
			return had.Name == c.Name && had.Neighbor == c.Neighbor && had.Source == c.Source && had.Multihop == c.Multihop
		})
		if i < 0 {
			s := &session{Session: bfd.NewSession(now, c, l.discriminator(old), rand.Float64)}
			l.sessions = append(l.sessions, s)
			fresh = append(fresh, c.Name)
			continue
		}
		s := old[i]
		old = slices.Delete(old, i, i+1)
		if s.out != nil && s.Config().HopLimit() != c.HopLimit() {
			s.close()
		}
		s.Configure(now, c)
		l.sessions = append(l.sessions, s)
	}
	for _, s := range old {
		l.act(s, s.Disable(now))
		s.close()
	}
	l.listen()
	l.openAll(now)
	l.report() // First, so that whoever is told finds what he is told.
	for _, name := range fresh {
		l.publish(name, false, "nothing heard yet")
	}
}

// discriminator is one that no session has, and that nobody can guess.
func (l *loop) discriminator(others []*session) uint32 {
	for {
		d := rand.Uint32()
		has := func(s *session) bool { return s.Mine() == d }
		if d != 0 && !slices.ContainsFunc(l.sessions, has) && !slices.ContainsFunc(others, has) {
			return d
		}
	}
}

// openAll opens the sockets that are missing, and plans to try again where it
// could not: an address may come.
func (l *loop) openAll(now time.Time) {
	l.retryAt = time.Time{}
	for _, e := range l.ears {
		if e.conn == nil {
			l.note(e.open(l.heard), &e.said, "listen for BFD", "port", e.port)
		}
		if e.conn == nil {
			l.retryAt = now.Add(retry)
		}
	}
	for _, s := range l.sessions {
		if s.out == nil {
			var err error
			s.out, err = newSender(s.Config())
			l.note(err, &s.saidOpen, "open the socket of a BFD session", "session", s.Config().Name)
		}
		if s.out == nil {
			l.retryAt = now.Add(retry)
		}
	}
}

// note logs an error, once as long as it is the same.
func (l *loop) note(err error, said *string, what string, attrs ...any) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != *said {
		l.log.Error(what+", tried again every second", append(attrs, "err", err)...)
	}
	*said = text
}

// act sends what a session wants sent, and tells what became of it.
func (l *loop) act(s *session, r bfd.Result) {
	for _, p := range r.Send {
		if s.out == nil {
			continue
		}
		err := s.out.send(p.Marshal())
		if err != nil && !s.saidSend {
			l.log.Warn("send a BFD packet, more errors are not logged", "session", s.Config().Name, "err", err)
		}
		s.saidSend = err != nil
	}
	if c := r.Change; c != nil {
		level := slog.LevelInfo
		if c.From == bfd.Up {
			level = slog.LevelWarn
		}
		l.log.Log(context.Background(), level, "BFD session", "session", s.Config().Name, "neighbor", s.Config().Neighbor, "from", c.From.String(), "to", c.To.String(), "why", c.Why)
		s.said = [bfd.NumDrops]bool{}
		l.report()
		if (c.From == bfd.Up || c.To == bfd.Up) && c.To != bfd.AdminDown {
			l.publish(s.Config().Name, c.To == bfd.Up, c.Why)
		}
	}
}

// report publishes what the sessions know of themselves.
func (l *loop) report() {
	all := make([]bfd.Status, len(l.sessions))
	for i, s := range l.sessions {
		all[i] = s.Status()
	}
	l.published.Store(&all)
}

// end tells all neighbors, and closes everything.
func (l *loop) end() {
	for _, s := range l.sessions {
		l.act(s, s.Disable(time.Now()))
		s.close()
	}
	l.sessions = nil
	l.listen()
}

func (s *session) close() {
	if s.out != nil {
		s.out.close()
		s.out = nil
	}
}
