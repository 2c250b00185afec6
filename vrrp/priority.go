package vrrp

import "time"

// priority is the priority in effect: the configured one and what the sources
// add to it. An owner's never changes, and only the word of an owner is 255
// (RFC 9568 section 5.2.4), except while it gives way to another one. In a sync
// group the sources are ignored unless it is weighted, as in keepalived: members
// that compare differently on two links would tear it apart.
func (m *Machine) priority() uint8 {
	switch {
	case m.cfg.Priority == PriorityOwner && m.deposed:
		return PriorityOwner - 1
	case m.cfg.Priority == PriorityOwner, m.unweighted:
		return m.cfg.Priority
	}
	sum := int(m.cfg.Priority)
	for _, delta := range m.deltas {
		sum += delta
	}
	return uint8(min(max(sum, 1), PriorityOwner-1))
}

// Effect is what a tracked interface means to its instance: a change of
// priority, or with weight 0 a fault. A positive weight is earned while the
// interface is up, a negative one while it is down. Reverse turns round the sign of
// what is added, not when: a weight of 20 is taken away while the interface is
// up, as keepalived 2.2.7 was seen to do.
func (t TrackInterface) Effect(up bool) (delta int, fault bool) {
	return effect(t.Weight, t.Reverse, up)
}

func effect(weight int, reverse, up bool) (delta int, fault bool) {
	switch {
	case weight == 0:
		return 0, up == reverse
	case up != (weight > 0):
		return 0, false
	case reverse:
		return -weight, false
	}
	return weight, false
}

// reprioritise replaces what a source adds to the priority. It is in effect from
// the next advert on; the down timer follows by itself.
func (m *Machine) reprioritise(now time.Time, ev Priority) []Action {
	before := m.priority()
	if ev.Delta == 0 {
		delete(m.deltas, ev.Source)
	} else {
		if m.deltas == nil {
			m.deltas = make(map[string]int)
		}
		m.deltas[ev.Source] = ev.Delta
	}
	return m.priorityChange(now, before, because(ev.Source, ev.Detail))
}

// priorityChange tells of a priority that is another than before.
func (m *Machine) priorityChange(now time.Time, before uint8, why string) []Action {
	if after := m.priority(); after != before && m.state != Init {
		return []Action{PriorityChange{Instance: m.cfg.Name, At: now, From: before, To: after, Why: why}}
	}
	return nil
}

// because joins what changed and why; the latter may be empty.
func because(what, detail string) string {
	if detail == "" {
		return what
	}
	return what + ": " + detail
}
