package vrrp

import "time"

// resume judges a wake-up that came late.
//
// A master that was silent for a peer's down interval has probably been
// replaced, and its adverts would start a fight: it listens for an interval,
// and Skew_Time for the other's lateness. To a backup the time asleep does not
// count: its down timer measures how long it has listened in vain.
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
		if due(now, m.Deadline()) {
			m.overslept++
		}
		m.down.start = m.down.start.Add(slept)
	}
}

// speakAgain ends the silence of a master that overslept: nobody took over.
func (m *Machine) speakAgain(now time.Time) []Action {
	m.listening = false
	m.announce = newAnnounceTimer(now, m.cfg.Announce)
	return []Action{m.advertise(now), Burst{m.cfg.Announce.Repeat}}
}
