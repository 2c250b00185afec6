package vrrp

import "time"

// startUp is the Startup event of RFC 9568 section 6.4.1.
func (m *Machine) startUp(now time.Time, reason Reason) []Action {
	m.deposed, m.rival = false, rival{}
	owner, waits := m.priority() == PriorityOwner, m.waits(now)
	if owner && !waits && !m.grouped {
		return m.toMaster(now, Owner, "")
	}
	inherits := reason == Started && !waits && m.inherits(now)
	if inherits && !m.grouped {
		return m.toMaster(now, Inherited, "")
	}
	acts := m.toBackup(now, reason, "")
	if inherits {
		m.wants, m.ground = true, Inherited
	}
	// An owner in a sync group still waits for the others, and any owner until it
	// may speak, and then for a master down interval.
	if owner {
		m.wants, m.ground = m.grouped && !waits, Owner
	}
	return acts
}

// toMaster is RFC 9568 section 6.4.2 when Active_Down_Timer fires: the advert
// first, so that no other backup gets up, then the addresses.
func (m *Machine) toMaster(now time.Time, reason Reason, detail string) []Action {
	var acts []Action
	if m.deposed {
		acts = m.restore(now)
	}
	m.listening, m.rival = false, rival{}
	m.clashed = time.Time{}
	m.announce = newAnnounceTimer(now, &m.cfg)
	return append(acts,
		m.advertise(now),
		Addresses{true},
		Burst{m.cfg.Announce.Repeat},
		m.enter(now, Master, reason, detail))
}

// toBackup takes the addresses away, also those that an earlier run has left,
// and starts the down timer with our own interval: the learned one is
// forgotten.
func (m *Machine) toBackup(now time.Time, reason Reason, detail string) []Action {
	m.down = downTimer{start: latest(now, m.quietUntil), interval: m.cfg.Interval}
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
	peer := m.peer(reason)
	t := Transition{
		Instance: m.cfg.Name, At: now, From: m.state, To: to, Reason: reason, Detail: detail,
		Priority: m.priority(), Peer: peer.From, PeerPriority: peer.Advert.Priority,
	}
	m.state, m.since, m.reason, m.detail = to, now, reason, detail
	m.wasDue = time.Time{} // What is said along with it has no time of its own.
	return t
}

// peer is the last advert of the master that a reason is about; zero: it is about
// none, and who was heard some time ago is of no concern.
func (m *Machine) peer(reason Reason) Received {
	switch reason {
	case HigherPriority, HigherAddress, OtherMaster, OtherOwner, Preempted, MasterStopped:
		return m.last
	case MasterSilent:
		if m.down.learned {
			return m.leader
		}
	}
	return Received{}
}

// advertise sends an advert now and re-arms Adver_Timer.
func (m *Machine) advertise(now time.Time) Send {
	m.sent, m.wasDue = now, time.Time{}
	m.rival.sent++
	m.adverDue = now.Add(m.cfg.Interval)
	return Send{m.priority()}
}

// minAnswerGap is how long a master is silent at least between two answers.
const minAnswerGap = 10 * time.Millisecond

// answer advertises because of what was heard. RFC 9568 section 6.4.3 wants that
// at once, for each advert; here the first is, and those that are heard within a
// tenth of the interval get one together at the end of it. An advert goes to
// all, so that one makes every lower master yield, and nobody can make us send
// as fast as they do.
func (m *Machine) answer(now time.Time) []Action {
	gap := max(minAnswerGap, m.cfg.Interval/10)
	switch next := m.answered.Add(gap); {
	case now.Before(m.answered): // one is planned
		return nil
	case now.Before(next):
		m.adverDue = earliest(m.adverDue, next)
		m.answered = m.adverDue
		return nil
	}
	m.answered = now
	return []Action{m.advertise(now)}
}
