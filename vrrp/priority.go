package vrrp

// priority is the priority in effect: the configured one and what the sources
// add to it. An owner's never changes, and only the word of an owner is 255
// (RFC 9568 section 5.2.4). In a sync group the sources are ignored, as in
// keepalived: members that compare differently on two links would tear it apart.
func (m *Machine) priority() uint8 {
	if m.cfg.Priority == PriorityOwner || m.grouped {
		return m.cfg.Priority
	}
	sum := int(m.cfg.Priority)
	for _, delta := range m.deltas {
		sum += delta
	}
	return uint8(min(max(sum, 1), PriorityOwner-1))
}

// effect is what a tracked interface means to its instance: a change of
// priority, or with weight 0 a defect. A positive weight is earned while the
// interface is up, a negative one while it is down.
func (t TrackInterface) effect(up bool) (delta int, defect bool) {
	good := up != t.Reverse
	switch {
	case t.Weight == 0:
		return 0, !good
	case good == (t.Weight > 0):
		return t.Weight, false
	}
	return 0, false
}

// setDelta replaces what a source adds to the priority.
func (m *Machine) setDelta(source string, delta int) {
	if delta == 0 {
		delete(m.deltas, source)
		return
	}
	if m.deltas == nil {
		m.deltas = make(map[string]int)
	}
	m.deltas[source] = delta
}
