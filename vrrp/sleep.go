package vrrp

import "time"

// resume judges a wake-up that came late.
//
// A master that was silent for a peer's down interval has probably been
// replaced, and its adverts would start a fight: it listens for an interval,
// and Skew_Time for the other's lateness. A backup whose timer ran out
// meanwhile has not listened for that long: it starts again, once. If that
// ends late too and nobody was heard, the master is gone and this machine busy.
func (m *Machine) resume(now time.Time) {
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
		if m.excused || now.Sub(m.Deadline()) <= Late(m.down.interval) {
			return
		}
		m.down.start, m.down.skewOnly = now, false
		m.excused = true
		m.overslept++
	}
}

// speakAgain ends the silence of a master that overslept: nobody took over.
func (m *Machine) speakAgain(now time.Time) []Action {
	m.listening = false
	m.announce = newAnnounceTimer(now, m.cfg.Announce)
	return []Action{m.advertise(now), Burst{m.cfg.Announce.Repeat}}
}
