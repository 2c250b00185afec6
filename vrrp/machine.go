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
// speaks, and a master that heard a lower one announces its addresses again.
type Machine struct {
	cfg     Instance
	grouped bool // member of a sync group that has others

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
	defects    []string
	groupFault string // the member that keeps the sync group in FAULT
	holds      []string

	// While BACKUP.
	down      downTimer
	ground    Reason    // what becoming master would be for
	preemptAt time.Time // end of preempt_delay; zero: no lower master heard
	wants     bool      // of a group member: its down timer has run out
	excused   bool      // a late wake-up has put the down timer off already

	// While MASTER.
	adverDue  time.Time // Adver_Timer
	sent      time.Time
	listening bool // overslept, and must not speak yet
	clashed   time.Time
	announce  announceTimer

	last      Received // the last advert heard; zero Advert.Version: none
	overslept uint64
}

// NewMachine returns a machine in INIT.
func NewMachine(cfg Instance) *Machine { return &Machine{cfg: cfg} }

// State returns the current state.
func (m *Machine) State() State { return m.state }

// Deadline returns when the machine wants Expired; zero: it waits for nothing.
func (m *Machine) Deadline() time.Time {
	switch {
	case m.state == Backup:
		return m.down.deadline(m.cfg.Version, m.priority())
	case m.state == Master && m.listening:
		return m.adverDue
	case m.state == Master:
		return earliest(m.adverDue, m.announce.deadline())
	}
	return time.Time{}
}

// Step takes one event and returns what is to be done, in order. now never
// goes back.
func (m *Machine) Step(now time.Time, ev Event) []Action {
	switch ev := ev.(type) {
	case Start:
		m.started = true
		return m.judge(now)
	case Link:
		m.link, m.linkKnown = ev, true
		m.lastSource = m.sender()
		return m.judge(now)
	case Defect:
		m.defects = toggle(m.defects, ev.Why, ev.On)
		return m.judge(now)
	case groupFault:
		m.groupFault = ev.member
		return m.judge(now)
	case Configure:
		return m.configure(now, ev.Instance)
	case Priority:
		// In effect from the next advert on; the down timer follows by itself.
		m.setDelta(ev.Source, ev.Delta)
	case Hold:
		m.hold(ev)
	case Received:
		return m.receive(now, ev)
	case Expired:
		return m.expire(now, ev.Slack)
	case Resumed:
		m.resume(now, ev.Slept)
	case Takeover:
		if m.state == Backup {
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
	case Stop:
		return m.stop(now)
	case Leave:
		m.started, m.state = false, Init
	}
	return nil
}

// startUp is the Startup event of RFC 9568 section 6.4.1.
func (m *Machine) startUp(now time.Time, reason Reason) []Action {
	if m.priority() == PriorityOwner && !m.grouped {
		return m.toMaster(now, Owner, "")
	}
	acts := m.toBackup(now, reason, "")
	// An owner in a sync group still waits for the others.
	if m.priority() == PriorityOwner {
		m.wants, m.ground = true, Owner
	}
	return acts
}

// toMaster is RFC 9568 section 6.4.2 when Active_Down_Timer fires: the advert
// first, so that no other backup gets up, then the addresses.
func (m *Machine) toMaster(now time.Time, reason Reason, detail string) []Action {
	m.listening = false
	m.clashed = time.Time{}
	m.announce = newAnnounceTimer(now, m.cfg.Announce)
	return []Action{
		m.advertise(now),
		Addresses{true},
		Burst{m.cfg.Announce.Repeat},
		m.enter(now, Master, reason, detail),
	}
}

// toBackup takes the addresses away, also those that an earlier run has left,
// and starts the down timer with our own interval: the learned one is
// forgotten.
func (m *Machine) toBackup(now time.Time, reason Reason, detail string) []Action {
	m.down = downTimer{start: now, interval: m.cfg.Interval}
	m.ground = MasterSilent
	m.preemptAt = time.Time{}
	m.wants, m.excused = false, false
	return []Action{Addresses{false}, m.enter(now, Backup, reason, detail)}
}

// toFault says priority 0 if it is master, so that a backup that still hears
// us need not wait, and takes the addresses away.
func (m *Machine) toFault(now time.Time, reason Reason, detail string) []Action {
	var acts []Action
	if m.state == Master {
		acts = append(acts, Send{PriorityStop})
	}
	return append(acts, Addresses{false}, m.enter(now, Fault, reason, detail))
}

// stop is the Shutdown event of RFC 9568 sections 6.4.2 and 6.4.3: only a
// master says priority 0.
func (m *Machine) stop(now time.Time) []Action {
	m.started = false
	var acts []Action
	switch m.state {
	case Init:
		return nil
	case Master:
		acts = append(acts, Send{PriorityStop})
	}
	return append(acts, Addresses{false}, m.enter(now, Init, Stopped, ""))
}

// enter changes the state; every change passes here.
func (m *Machine) enter(now time.Time, to State, reason Reason, detail string) Transition {
	t := Transition{
		Instance: m.cfg.Name, At: now, From: m.state, To: to, Reason: reason, Detail: detail,
		Priority: m.priority(), Peer: m.last.From, PeerPriority: m.last.Advert.Priority,
	}
	m.state, m.since, m.reason, m.detail = to, now, reason, detail
	return t
}

// advertise sends an advert now and re-arms Adver_Timer.
func (m *Machine) advertise(now time.Time) Send {
	m.sent = now
	m.adverDue = now.Add(m.cfg.Interval)
	return Send{m.priority()}
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
	var acts []Action
	if due(now.Add(slack), m.adverDue) {
		next := m.adverDue.Add(m.cfg.Interval)
		acts = append(acts, m.advertise(now))
		if next.After(now) {
			m.adverDue = next
		}
	}
	if due(now, m.announce.echo) {
		m.clashed = now
	}
	if repeat := m.announce.expire(now, m.cfg.Announce); repeat > 0 {
		acts = append(acts, Burst{repeat})
	}
	return acts
}

// receive is RFC 9568 sections 6.4.2 and 6.4.3 for an advert that passed
// every check. In INIT and FAULT adverts mean nothing.
func (m *Machine) receive(now time.Time, ev Received) []Action {
	if ev.At.IsZero() || ev.At.After(now) {
		ev.At = now
	}
	switch m.state {
	case Backup:
		m.last = ev
		m.backupHears(ev)
	case Master:
		m.last = ev
		return m.masterHears(now, ev)
	}
	return nil
}

// backupHears is RFC 9568 section 6.4.2. It never changes the state, only
// when the down timer fires.
func (m *Machine) backupHears(ev Received) {
	theirs := ev.Advert.Priority
	switch {
	case theirs == PriorityStop:
		// The master stops: the next one needs no more than Skew_Time, of
		// the master's interval (the timer keeps it).
		m.down.start, m.down.skewOnly = latest(ev.At, m.down.start), true
		m.ground = MasterStopped
	case theirs >= m.priority():
		m.preemptAt = time.Time{}
		m.accept(ev)
	case !m.preempts(ev.At):
		m.accept(ev)
	default:
		// A lower master is not worth waiting for: the timer runs on.
		m.ground = Preempted
	}
}

// accept takes the sender for the master and waits for its next advert. What
// was read late, after an oversleep, does not turn the timer back.
func (m *Machine) accept(ev Received) {
	m.down = downTimer{start: latest(ev.At, m.down.start), interval: ev.Advert.Interval, learned: true}
	m.ground = MasterSilent
	m.wants, m.excused = false, false
}

// masterHears is RFC 9568 section 6.4.3.
func (m *Machine) masterHears(now time.Time, ev Received) []Action {
	mine, theirs := m.priority(), ev.Advert.Priority
	switch {
	case m.listening && theirs != PriorityStop:
		// Somebody took over while we slept. It is master, whatever its
		// priority; whether we preempt it is decided as by any backup.
		return m.giveWay(now, OtherMaster, ev)
	case theirs > mine:
		return m.giveWay(now, HigherPriority, ev)
	case theirs == mine && m.source().Less(ev.From):
		return m.giveWay(now, HigherAddress, ev)
	}
	// Another master is lower or stops. RFC 9568 answers at once so that it
	// yields (RFC 5798 was silent).
	if m.listening {
		return m.speakAgain(now)
	}
	return append([]Action{m.advertise(now)}, m.reclaim(now)...)
}

// giveWay makes the sender our master.
func (m *Machine) giveWay(now time.Time, reason Reason, ev Received) []Action {
	acts := m.toBackup(now, reason, "")
	m.accept(ev)
	return acts
}
