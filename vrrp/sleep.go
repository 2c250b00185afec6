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
func (m *Machine) resume(now time.Time, slept time.Duration) {
	switch m.state {
	case Master:
		// No backup waits less than one of priority 254.
		if m.listening || now.Sub(m.sent) < MasterDown(m.cfg.Version, PriorityOwner-1, m.cfg.Interval) {
			return
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
}

// speakAgain ends the silence of a master that overslept: nobody took over.
func (m *Machine) speakAgain(now time.Time) []Action {
	m.listening = false
	m.announce = newAnnounceTimer(now, m.cfg.Announce)
	return []Action{m.advertise(now), Burst{m.cfg.Announce.Repeat}}
}
