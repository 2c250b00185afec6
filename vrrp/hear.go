package vrrp

import "time"

// receive is RFC 9568 sections 6.4.2 and 6.4.3 for an advert that passed
// every check. In INIT and FAULT adverts mean nothing.
func (m *Machine) receive(now time.Time, ev Received) []Action {
	if ev.At.IsZero() || ev.At.After(now) {
		ev.At = now
	}
	if now.Before(m.quietUntil) {
		return nil
	}
	switch m.state {
	case Backup:
		m.last = ev
		return m.backupHears(now, ev)
	case Master:
		m.last = ev
		return m.masterHears(now, ev)
	}
	return nil
}

// backupHears is RFC 9568 section 6.4.2. It never changes the state, only
// when the down timer fires.
func (m *Machine) backupHears(now time.Time, ev Received) (acts []Action) {
	theirs := ev.Advert.Priority
	if m.deposed && theirs < PriorityOwner {
		acts = m.restore(now)
	}
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
	return acts
}

// accept takes the sender for the master and waits for its next advert. What
// was read late, after an oversleep, does not turn the timer back.
//
// Of two masters the better one remains: as long as it may still advertise by
// its own interval, a worse one does not make that shorter, as RFC 9568 would
// have it. The last word of a master that has just given way could otherwise
// make us one, and so on without end.
func (m *Machine) accept(ev Received) {
	start := latest(ev.At, m.down.start)
	leader, interval := ev, ev.Advert.Interval
	if m.down.learned && !m.down.skewOnly && interval < m.down.interval && m.outlasts(ev) {
		leader, interval = m.leader, m.down.interval
	}
	m.leader = leader
	m.down = downTimer{start: start, interval: interval, learned: true}
	m.ground = MasterSilent
	m.wants, m.excused = false, false
}

// outlasts reports whether the master that is followed is better than the sender
// of an advert and not overdue.
func (m *Machine) outlasts(ev Received) bool {
	better := m.leader.Advert.Priority > ev.Advert.Priority ||
		m.leader.Advert.Priority == ev.Advert.Priority && ev.From.Less(m.leader.From)
	return better && ev.At.Before(m.leader.At.Add(m.cfg.masterDown(m.priority(), m.leader.Advert.Interval)))
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
	case m.listening:
		return m.speakAgain(now)
	case theirs == PriorityOwner && m.rival.persists(now, ev.Advert.Interval):
		return m.depose(now, ev)
	}
	var acts []Action
	// Another master is lower or stops. RFC 9568 answers at once so that it
	// yields; RFC 5798 was silent, as keyword lower_prio_no_advert asks for, but
	// for one that stops.
	if theirs == PriorityStop || !m.cfg.Manners.LowerPrioNoAdvert {
		acts = m.answer(now)
	}
	if theirs != PriorityStop && m.hasJustTakenOver(now) {
		return acts // It is the last word of whom we took over from.
	}
	acts = append(acts, m.reclaim(now)...)
	if theirs != PriorityStop {
		acts = append(acts, LowerHeard{Instance: m.cfg.Name, At: now, Priority: mine, Peer: ev.From, PeerPriority: theirs})
	}
	return acts
}

// hasJustTakenOver reports whether the machine has displaced a lower master less
// than an interval ago: everybody has just been told where the addresses are.
func (m *Machine) hasJustTakenOver(now time.Time) bool {
	return (m.reason == Preempted || m.reason == TakenOver) && now.Sub(m.since) < m.cfg.Interval
}

// giveWay makes the sender our master.
//
// A better master hears of us once more. Where two have been parted and its
// advert is the first to cross, it would otherwise never know of us, and the
// hosts on our side would go on sending to our MAC; so it announces its
// addresses again. RFC 9568 yields in silence, and keepalived unless keyword
// higher_prio_send_advert is set, which here adds the other owner.
func (m *Machine) giveWay(now time.Time, reason Reason, ev Received) []Action {
	var acts []Action
	if reason == HigherPriority || reason == HigherAddress || reason == OtherOwner && m.cfg.Manners.HigherPrioAdvert {
		acts = append(acts, Send{m.priority()})
	}
	acts = append(acts, m.toBackup(now, reason, "")...)
	m.accept(ev)
	return acts
}
