// Package vrrp is the Virtual Router Redundancy Protocol: which of several
// routers has a set of addresses (RFC 9568; version 2 as in RFC 3768).
//
// A Machine is one virtual router on one link as a pure function of events
// and time: it never blocks, reads no clock and knows no socket. A Router runs
// many of them on one goroutine, with the edges of a Network and a Host.
package vrrp

import (
	"net/netip"
	"time"
)

// Machine is the state machine of RFC 9568 section 6.4, whose Active router
// is called MASTER here. Its Initialize is INIT before the start and FAULT
// while the router cannot take part.
//
// It departs from the RFC where interworking or experience asks for it:
// holds keep it from preempting, a process that overslept listens before it
// speaks, a master that gives way to a better one sends a last advert, and a
// master that heard a lower one announces its addresses again.
type Machine struct {
	cfg        Instance
	floating   []Address // of cfg
	grouped    bool      // member of a sync group that has others
	unweighted bool      // and nothing in it has a weight

	state  State
	since  time.Time
	reason Reason
	detail string

	// What it is judged by.
	started    bool
	linkKnown  bool
	link       Link
	lastSource netip.Addr     // what source returned when it last was valid
	deltas     map[string]int // by source
	defects    []Defect       // that are on
	groupFault string         // the member that keeps the sync group in FAULT
	holds      []string
	quietUntil time.Time // nothing is heard or said before

	// While BACKUP.
	down      downTimer
	leader    Received  // the last advert of the master that is followed
	ground    Reason    // what becoming master would be for
	preemptAt time.Time // end of preempt_delay; zero: no lower master heard
	wants     bool      // of a group member: its down timer has run out
	excused   bool      // a late wake-up has put the down timer off already

	// While MASTER.
	adverDue  time.Time // Adver_Timer
	sent      time.Time
	ticked    [4]Action // what tick returns
	answered  time.Time // when it last advertised because it heard a lower master, or is about to
	wasDue    time.Time // when the last advert should have left; zero: just then
	listening bool      // overslept, and must not speak yet
	clashed   time.Time
	announce  announceTimer

	rival   rival // of an owner: the other one
	deposed bool  // an owner that gives way to another one

	tenure time.Time // of a run before: when its last advert left; zero: it was not master

	last      Received // the last advert heard; zero Advert.Version: none
	overslept uint64
}

// NewMachine returns a machine in INIT.
func NewMachine(cfg Instance) *Machine { return &Machine{cfg: cfg, floating: cfg.Floating()} }

// State returns the current state.
func (m *Machine) State() State { return m.state }

// Deadline returns when the machine wants Expired; zero: it waits for nothing.
func (m *Machine) Deadline() time.Time {
	switch {
	case m.state == Backup && m.link.Silent:
		return time.Time{}
	case m.state == Backup:
		return m.down.deadline(&m.cfg, m.skewPriority())
	case m.state == Master && m.listening:
		return m.adverDue
	case m.state == Master:
		return earliest(m.adverDue, m.announce.deadline())
	}
	return time.Time{}
}

// Step takes one event and returns what is to be done, in order, which is good
// until the next Step. now never goes back.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	switch ev := ev.(type) {
	case Start:
		m.started = true
		return m.judge(now)
	case Link:
		return m.relink(now, ev)
	case Defect:
		m.setDefect(ev)
		return m.judge(now)
	case groupFault:
		m.groupFault = ev.member
		return m.judge(now)
	case Configure:
		return m.configure(now, ev.Instance)
	case Priority:
		return m.reprioritise(now, ev)
	case Hold:
		m.hold(ev)
	case Received:
		return m.receive(now, ev)
	case Expired:
		return m.expire(now, ev.Slack)
	case Resumed:
		return m.resume(now, ev.Slept)
	case Takeover:
		if m.state == Backup && !m.waits(now) {
			return m.toMaster(now, TakenOver, ev.Why)
		}
	case together:
		if m.state == Backup {
			return m.toMaster(now, m.ground, "")
		}
	case Yield:
		if m.state == Master {
			return append([]Action{Send{PriorityStop}}, m.toBackup(now, Yielded, ev.Why)...)
		}
	case follow:
		if m.state == Master {
			return m.toBackup(now, GroupBackup, ev.member)
		}
	case clash:
		if m.state == Master && !m.listening {
			return m.reclaim(now)
		}
	case quiet:
		m.quietUntil = ev.until
	case Stop:
		return m.stop(now)
	case Leave:
		m.started, m.state = false, Init
	}
	return nil
}

// expire does what is due.
func (m *Machine) expire(now time.Time, slack time.Duration) []Action {
	switch {
	case m.state == Backup && due(now, m.Deadline()):
		return m.masterDown(now)
	case m.state == Master && m.listening && due(now, m.adverDue):
		return m.speakAgain(now)
	case m.state == Master && !m.listening:
		return m.tick(now, slack)
	}
	return nil
}

// masterDown is RFC 9568 section 6.4.2 when Active_Down_Timer fires. A member
// of a sync group says that it wants to be master, and its group goes on.
func (m *Machine) masterDown(now time.Time) []Action {
	if !m.grouped {
		return m.toMaster(now, m.ground, "")
	}
	m.wants = true
	m.down.start, m.down.skewOnly = now, false
	return nil
}

// tick sends the advert and the announcement that are due. The next advert is
// due one interval after this one was, not after it left: lateness must not
// add up. Adverts that were missed are not made up for.
func (m *Machine) tick(now time.Time, slack time.Duration) []Action {
	acts := m.ticked[:0] // A thousand ticks in a round shall cost no memory.
	if due(now.Add(slack), m.adverDue) {
		if m.replaced(now) {
			return m.toBackup(now, HeldUp, "")
		}
		was, next := m.adverDue, m.adverDue.Add(m.cfg.Interval)
		acts = append(acts, m.advertise(now))
		m.wasDue = was
		if next.After(now) {
			m.adverDue = next
		}
	}
	if due(now, m.announce.echo) {
		m.clashed = now
	}
	if repeat := m.announce.expire(now, &m.cfg); repeat > 0 {
		acts = append(acts, Burst{repeat})
	}
	return acts
}
