package bfd

import (
	"fmt"
	"time"
)

// Change is a change of state, with its reason.
type Change struct {
	From, To State
	Why      string
}

// Result is what an event makes of a session.
type Result struct {
	Send   []Packet
	Change *Change // nil: the state stays
}

// Expired does what is due: it sends a packet, or takes the neighbour for gone.
// It is harmless when nothing is.
func (s *Session) Expired(now time.Time) (r Result) {
	if at := s.silentAt(); !at.IsZero() && !now.Before(at) {
		// RFC 5880 section 6.8.1: the discriminator of a neighbour that is silent
		// for a detection time is forgotten, since it may begin anew with another.
		silent := s.DetectionTime()
		s.heard, s.yours, s.remote = time.Time{}, 0, Down
		s.demand, s.minRx = false, time.Microsecond
		if s.state == Init || s.state == Up {
			s.enter(now, Down, DetectionTimeExpired, fmt.Sprintf("nothing heard for %s", silent), &r)
		}
		s.plan(now)
	}
	if !s.due.IsZero() && !now.Before(s.due) {
		r.Send = append(r.Send, s.packet(s.poll, false))
		s.sent = now
		s.due = now.Add(s.jittered())
		if s.silent() {
			s.due = time.Time{}
		}
	}
	return r
}

// Received takes a packet that Parse has accepted and that is of this session
// (section 6.8.6).
func (s *Session) Received(now time.Time, p Packet) (r Result, drop Drop) {
	if s.state == AdminDown {
		return r, Disabled
	}
	s.yours, s.remote, s.theirs, s.demand = p.Mine, p.State, p.Diag, p.Demand
	s.minRx, s.minTx, s.multiple = p.RequiredMinRx, p.DesiredMinTx, p.Multiplier
	s.heard = now
	if p.Final && s.poll {
		s.poll = false
		s.agreedTx, s.agreedRx = s.tx, s.rx
	}
	s.follow(now, p, &r)
	s.plan(now)
	if p.Poll {
		// Section 6.5: a poll is answered as soon as possible.
		r.Send = append(r.Send, s.packet(false, true))
	}
	return r, Accepted
}

// follow is the state machine of section 6.8.6.
func (s *Session) follow(now time.Time, p Packet, r *Result) {
	told := fmt.Sprintf("the neighbour is %s", p.State)
	if p.Diag != NoDiagnostic {
		told += ": " + p.Diag.String()
	}
	switch {
	case p.State == AdminDown:
		if s.state != Down {
			s.enter(now, Down, NeighborSignaledDown, told, r)
		}
	case s.state == Down && p.State == Down:
		s.enter(now, Init, NoDiagnostic, told, r)
	case s.state == Down && p.State == Init:
		s.enter(now, Up, NoDiagnostic, told, r)
	case s.state == Init && (p.State == Init || p.State == Up):
		s.enter(now, Up, NoDiagnostic, told, r)
	case s.state == Up && p.State == Down:
		s.enter(now, Down, NeighborSignaledDown, told, r)
	}
}

// enter changes the state, and with it how often packets are sent. The next one
// leaves at once, so that the neighbour knows (section 6.8.7 allows it).
func (s *Session) enter(now time.Time, to State, diag Diagnostic, why string, r *Result) {
	r.Change = &Change{s.state, to, why}
	s.state, s.diag, s.since = to, diag, now
	s.ask(now)
	if !s.silent() {
		s.due = now
	}
}

// ask says new intervals to the neighbour (section 6.8.3). Between ends that are
// up a longer interval of ours, and a shorter one that we expect, wait until it
// has answered a poll.
func (s *Session) ask(now time.Time) {
	tx, rx := s.desiredTx(), s.cfg.MinRx
	if tx == s.tx && rx == s.rx {
		return
	}
	if s.state != Up {
		s.poll = false
		s.agreedTx, s.agreedRx = tx, rx
	} else {
		s.poll = true
		s.agreedTx = min(s.agreedTx, tx)
		s.agreedRx = max(s.agreedRx, rx)
	}
	s.tx, s.rx = tx, rx
	s.plan(now)
}

// packet is what the session says of itself (section 6.8.7).
func (s *Session) packet(poll, final bool) Packet {
	return Packet{
		Diag: s.diag, State: s.state, Poll: poll && !final, Final: final,
		Multiplier: s.cfg.Multiplier, Mine: s.mine, Yours: s.yours,
		DesiredMinTx: s.tx, RequiredMinRx: s.rx,
	}
}

// Configure takes a new configuration of the same neighbour without leaving the
// state: intervals are changed by a poll sequence.
func (s *Session) Configure(now time.Time, cfg Config) {
	s.cfg = cfg
	s.ask(now)
	s.plan(now)
}

// Disable ends the session by will (section 6.8.16): what it returns tells the
// neighbour that the path is not to be blamed.
func (s *Session) Disable(now time.Time) (r Result) {
	r.Change = &Change{s.state, AdminDown, "taken away"}
	s.state, s.diag, s.since = AdminDown, AdministrativelyDown, now
	s.due, s.heard, s.poll = time.Time{}, time.Time{}, false
	if s.yours != 0 || !s.cfg.Passive {
		r.Send = []Packet{s.packet(false, false)}
	}
	return r
}

// Status is what a session knows of itself.
type Status struct {
	Name          string
	State, Remote State
	Diag, Theirs  Diagnostic
	Since         time.Time
	Detection     time.Duration // 0: nothing was heard yet
	Interval      time.Duration // between packets, without jitter
}

// Status returns it.
func (s *Session) Status() Status {
	return Status{
		Name: s.cfg.Name, State: s.state, Remote: s.remote, Diag: s.diag, Theirs: s.theirs, Since: s.since,
		Detection: s.DetectionTime(), Interval: s.interval(),
	}
}

// Up reports whether the path is known to work.
func (s *Session) Up() bool { return s.state == Up }
