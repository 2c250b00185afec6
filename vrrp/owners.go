package vrrp

import "time"

// rival is another router that says 255 on the link, while we, of the higher
// address, say so too. RFC 9568 section 8.3.2 wants only one; erratum 8298 lets
// them elect.
type rival struct {
	since, last time.Time
	sent        int // adverts of ours since then
}

// persists notes an advert of the rival, and reports whether it goes on although
// it must have heard us: after two adverts of ours and 1.2 of its intervals.
func (r *rival) persists(now time.Time, interval time.Duration) bool {
	if r.last.IsZero() || now.Sub(r.last) > 3*interval {
		*r = rival{since: now}
	}
	r.last = now
	return r.sent >= 2 && now.Sub(r.since) >= interval+interval/5
}

// depose makes an owner give way to one that does not: two routers with the
// addresses are worse than the wrong one. It says 254 until the other is gone or
// says less, as keepalived 2.4 does.
func (m *Machine) depose(now time.Time, ev Received) []Action {
	m.deposed = true
	acts := m.priorityChange(now, PriorityOwner, "another owner does not give way")
	return append(acts, m.giveWay(now, OtherOwner, ev)...)
}

// restore ends that.
func (m *Machine) restore(now time.Time) []Action {
	m.deposed = false
	return m.priorityChange(now, PriorityOwner-1, "no other owner")
}

// skewPriority is the priority that Skew_Time is counted with. An owner that
// gives way is still the first to follow.
func (m *Machine) skewPriority() uint8 {
	if m.deposed {
		return PriorityOwner
	}
	return m.priority()
}
