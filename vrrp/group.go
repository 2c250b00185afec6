package vrrp

import (
	"slices"
	"time"
)

// group is a sync group: a pure reducer over its machines, which are master
// together or not at all. A machine in no sync group is a group of one.
//
// RFC 9568 has no such thing. The rules are keepalived's: a group becomes
// master only when each member wants to; the first member that goes BACKUP
// or FAULT pulls the others at once; a lower master heard by one makes all
// announce their addresses again; weights of members count for nothing.
type group struct {
	name    string // empty: a group of one that nobody named
	members []*Machine
	state   State // that all members had when they last agreed
	acts    []act // of the last step, whose memory the next one uses

	contests int // in a row that were lost as soon as won
}

// act is an action of one member of a group.
type act struct {
	member int
	Action
}

// newGroup ties machines together, which may have been in other groups before.
// In a weighted one what they track counts for their priorities.
func newGroup(name string, members []*Machine, weighted bool) *group {
	for _, m := range members {
		m.grouped = len(members) > 1
		m.unweighted = m.grouped && !weighted
		if !m.grouped {
			m.wants, m.groupFault = false, ""
		}
	}
	return &group{name: name, members: members}
}

// deadline returns the earliest of the members' deadlines; zero: none.
func (g *group) deadline() (first time.Time) {
	for _, m := range g.members {
		first = earliest(first, m.Deadline())
	}
	return first
}

// step hands an event to member i and lets the others follow. What it returns
// is good until the next step.
func (g *group) step(now time.Time, i int, ev Event) []act {
	s := outcome{group: g, now: now, acts: g.acts[:0]}
	switch ev.(type) {
	case Takeover:
		// The whole group or nobody.
		if g.every(func(m *Machine) bool { return m.takesPart() && !m.waits(now) }) {
			s.tellAll(ev)
		}
	case Yield:
		// Each member says priority 0, so that each address moves at once.
		s.tellAll(ev)
	default:
		m := g.members[i]
		clashed, was, since := m.clashed, m.state, m.since
		s.tell(i, ev)
		if _, heard := ev.(Received); heard && m.state == Master && m.clashed != clashed {
			s.tellOthers(i, clash{})
		}
		// A member that is BACKUP to somebody pulls those that are not: it has
		// just become so, or the group has when a reload tied it together.
		if was == Master && m.state == Backup || m.followsMaster() {
			s.tellAll(follow{m.cfg.Name})
		}
		if r, heard := ev.(Received); heard && was == Master && m.state == Backup {
			s.backOff(m, r, now.Sub(since))
		}
	}
	if len(g.members) > 1 {
		s.settle()
	}
	if g.name != "" {
		s.agree()
	}
	g.acts = s.acts
	return s.acts
}

// outcome collects what one event makes of a group.
type outcome struct {
	*group
	now  time.Time
	acts []act
}

func (s *outcome) tell(i int, ev Event) {
	for _, a := range s.members[i].Step(s.now, ev) {
		s.acts = append(s.acts, act{i, a})
	}
}

func (s *outcome) tellAll(ev Event) {
	for i := range s.members {
		s.tell(i, ev)
	}
}

func (s *outcome) tellOthers(i int, ev Event) {
	for j := range s.members {
		if j != i {
			s.tell(j, ev)
		}
	}
}

// backOff lets a group wait longer that has lost what it has just become. Where
// its members compare differently with those of another group, each of the two
// yields on one link and pulls the rest, and both would try again at once,
// without end. So the one of the lower address tries an interval later, and with
// each time that was not enough one more.
func (s *outcome) backOff(m *Machine, from Received, reign time.Duration) {
	every := max(m.cfg.Interval, from.Advert.Interval)
	if len(s.members) == 1 || !m.source().Less(from.From) {
		return
	}
	if reign >= 2*every {
		s.contests = 0
		return
	}
	s.contests = min(s.contests+1, maxContests)
	for _, m := range s.members {
		m.down.start = m.down.start.Add(time.Duration(s.contests) * every)
	}
}

// maxContests bounds by how many intervals a group waits longer.
const maxContests = 8

// settle makes the members agree: in FAULT while another is there for a
// reason of its own, MASTER once each of them wants to.
func (s *outcome) settle() {
	for i, m := range s.members {
		if bad := s.troubled(i); m.groupFault != bad {
			s.tell(i, groupFault{bad})
		}
	}
	if s.every((*Machine).wantsMaster) {
		s.tellAll(together{})
	}
}

// agree tells of the state that all members have come to have. Its reason is
// that of the first that changed, whom the others followed.
func (s *outcome) agree() {
	to := s.members[0].state
	if to == s.state || !s.every(func(m *Machine) bool { return m.state == to }) {
		return
	}
	g := GroupTransition{Group: s.name, At: s.now, From: s.state, To: to}
	s.state = to
	for _, a := range slices.Backward(s.acts) {
		if t, ok := a.Action.(Transition); ok && t.To == to {
			g.Reason, g.Detail = t.Reason, t.Detail
		}
	}
	for _, m := range s.members {
		g.Priority = max(g.Priority, m.priority())
	}
	s.acts = append(s.acts, act{0, g})
}

// troubled names a member other than i that is in FAULT by itself; empty: none.
func (g *group) troubled(i int) string {
	for j, m := range g.members {
		if j != i && m.troubled() {
			return m.cfg.Name
		}
	}
	return ""
}

func (g *group) every(is func(*Machine) bool) bool {
	for _, m := range g.members {
		if !is(m) {
			return false
		}
	}
	return true
}

// followsMaster reports whether the machine has heard a master that it accepts.
func (m *Machine) followsMaster() bool { return m.state == Backup && m.down.learned && !m.wants }

// takesPart reports whether the machine is neither in FAULT nor unstarted.
func (m *Machine) takesPart() bool { return m.state == Backup || m.state == Master }

// wantsMaster reports whether the machine is master, or would be if its group were.
func (m *Machine) wantsMaster() bool { return m.state == Master || m.state == Backup && m.wants }
