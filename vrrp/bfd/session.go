package bfd

import (
	"time"
)

// minIdleTx is how often packets are sent at most while a session is not up (RFC
// 5880 section 6.8.3).
const minIdleTx = time.Second

// Session is one session (RFC 5880 section 6.8) as a pure function of events and
// time: it never blocks and never reads a clock. The names of the RFC's variables
// stand behind its fields.
//
// Neither the echo function nor demand mode is used. A neighbour that asks for
// demand mode hears nothing from us while both ends are up (section 6.6), and
// each of its polls is answered.
type Session struct {
	cfg  Config
	mine uint32 // bfd.LocalDiscr
	rand func() float64

	state State      // bfd.SessionState
	diag  Diagnostic // bfd.LocalDiag
	since time.Time

	yours    uint32        // bfd.RemoteDiscr
	remote   State         // bfd.RemoteSessionState
	theirs   Diagnostic    // of the last packet
	demand   bool          // bfd.RemoteDemandMode
	minRx    time.Duration // bfd.RemoteMinRxInterval
	minTx    time.Duration // the neighbour's DesiredMinTxInterval
	multiple uint8         // the neighbour's DetectMult
	heard    time.Time     // the last packet; zero: none, or too long ago

	tx       time.Duration // the DesiredMinTxInterval that was said last
	rx       time.Duration // the RequiredMinRxInterval that was said last
	poll     bool          // a poll sequence is going on
	agreedTx time.Duration // what we send by: that of before until the poll is over
	agreedRx time.Duration // what we expect: likewise

	due  time.Time // of the next packet; zero: none is sent
	sent time.Time // the last one
}

// NewSession begins a session. mine is its discriminator, not 0 and not that of
// another session; random gives numbers from 0 up to 1, for the jitter.
func NewSession(now time.Time, cfg Config, mine uint32, random func() float64) *Session {
	s := &Session{cfg: cfg, mine: mine, rand: random, state: Down, since: now, remote: Down}
	// RFC 5880 section 6.8.1: what the neighbour takes is a microsecond until it
	// says otherwise.
	s.minRx = time.Microsecond
	s.tx, s.rx = s.desiredTx(), cfg.MinRx
	s.agreedTx, s.agreedRx = s.tx, s.rx
	if !cfg.Passive {
		s.due = now
	}
	return s
}

// Mine is the discriminator of the session.
func (s *Session) Mine() uint32 { return s.mine }

// Config is what the session was given last.
func (s *Session) Config() Config { return s.cfg }

// Deadline is when Expired is to be called next; zero: never.
func (s *Session) Deadline() time.Time {
	d := s.due
	if at := s.silentAt(); !at.IsZero() && (d.IsZero() || at.Before(d)) {
		d = at
	}
	return d
}

// desiredTx is the interval that we ask for (section 6.8.3): slow while the
// session is not up, so that one that nobody answers costs little.
func (s *Session) desiredTx() time.Duration {
	if s.state == Up {
		return s.cfg.MinTx
	}
	return max(s.cfg.IdleTx, s.cfg.MinTx, minIdleTx)
}

// DetectionTime is how long nothing may be heard until the session is down
// (section 6.8.4); 0: nothing was heard yet.
func (s *Session) DetectionTime() time.Duration {
	return time.Duration(s.multiple) * max(s.agreedRx, s.minTx)
}

// silentAt is when the detection time is over; zero: never. It runs in every
// state, since the neighbour's discriminator is forgotten by it.
func (s *Session) silentAt() time.Time {
	if s.heard.IsZero() {
		return time.Time{}
	}
	return s.heard.Add(s.DetectionTime())
}

// interval is how often packets are sent (section 6.8.7).
func (s *Session) interval() time.Duration { return max(s.agreedTx, s.minRx) }

// jittered is the interval until the next packet: 75 to 100 % of it, and with a
// multiplier of 1 at most 90 % (section 6.8.7).
func (s *Session) jittered() time.Duration {
	most := 1.0
	if s.cfg.Multiplier == 1 {
		most = 0.9
	}
	return time.Duration(float64(s.interval()) * (0.75 + (most-0.75)*s.rand()))
}

// silent tells whether no periodic packets are sent now (section 6.8.7): in the
// passive role before the neighbour is heard, to one that wants none, and in its
// demand mode.
func (s *Session) silent() bool {
	switch {
	case s.cfg.Passive && s.yours == 0, s.minRx == 0:
		return true
	case s.demand && s.state == Up && s.remote == Up && !s.poll:
		return true
	}
	return false
}

// plan sets the time of the next packet anew where the interval got shorter, or
// sending begins or ends; from is the last packet, or now.
func (s *Session) plan(now time.Time) {
	switch next := s.sent.Add(s.jittered()); {
	case s.silent():
		s.due = time.Time{}
	case s.due.IsZero():
		s.due = now
	case next.Before(s.due):
		s.due = next
		if next.Before(now) {
			s.due = now
		}
	}
}
