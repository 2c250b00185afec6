package vrrp

import "time"

// resume judges a wake-up that came late.
//
// A master that was silent for a peer's down interval has probably been
// replaced, and its adverts would start a fight: it listens for an interval,
// and Skew_Time for the other's lateness.
//
// A backup that slept for an interval or more may have missed adverts, as a
// paused virtual machine does: the time asleep does not count, for its down
// timer measures how long it has listened in vain. A shorter sleep is that of
// a busy host, whose sockets went on hearing: their readers get a moment to
// hand over what waits there before a timer that ran out is believed.
func (m *Machine) resume(now time.Time, slept time.Duration) []Action {
	switch m.state {
	case Master:
		if m.replaced(now) {
			m.overslept++
			return m.toBackup(now, HeldUp, "")
		}
		// No backup waits less than one of priority 254.
		if m.listening || now.Sub(m.sent) < m.cfg.masterDown(PriorityOwner-1, m.cfg.Interval) {
			return nil
		}
		m.listening = true
		m.adverDue = now.Add(m.cfg.Interval + Skew(m.cfg.Version, m.priority(), m.cfg.Interval))
		m.overslept++
	case Backup:
		ranOut := due(now, m.Deadline())
		switch {
		case slept >= m.down.interval:
			m.down.start = m.down.start.Add(slept)
			if ranOut {
				m.overslept++
			}
		case ranOut && !m.down.skewOnly && !m.excused:
			m.excused = true
			m.down.start = m.down.start.Add(now.Sub(m.Deadline()) + readersMoment)
		}
	}
	return nil
}

// replaced reports whether a master that does not preempt has been silent for so
// long that a backup of the configured priority is master by now (keyword
// timer_expired_backup): it goes BACKUP without listening first.
func (m *Machine) replaced(now time.Time) bool {
	highest := m.cfg.Manners.TimerExpiredBackup
	return highest > 0 && m.cfg.NoPreempt && now.Sub(m.sent) >= m.cfg.masterDown(highest, m.cfg.Interval)
}

// speakAgain ends the silence of a master that overslept: nobody took over.
func (m *Machine) speakAgain(now time.Time) []Action {
	m.listening = false
	m.announce = newAnnounceTimer(now, &m.cfg)
	return []Action{m.advertise(now), Burst{m.cfg.Announce.Repeat}}
}
