package vrrp

import "time"

// preempts reports whether a lower master, heard at this time, is to be
// displaced. An owner always does so unless held (RFC 9568 section 6.1).
// Otherwise preempt_delay counts from the first time it is heard.
func (m *Machine) preempts(at time.Time) bool {
	if m.preemptAt.IsZero() {
		m.preemptAt = at.Add(m.cfg.PreemptDelay)
	}
	switch {
	case len(m.holds) > 0:
		return false
	case m.cfg.Priority == PriorityOwner:
		return true
	case m.cfg.NoPreempt:
		return false
	}
	return !at.Before(m.preemptAt)
}

// hold puts a hold on or takes it off. A lower master that was about to be
// displaced is accepted again from when it was last heard.
func (m *Machine) hold(ev Hold) {
	m.holds = toggle(m.holds, ev.Why, ev.On)
	if ev.On && m.state == Backup && m.ground == Preempted {
		m.accept(m.last)
	}
}
