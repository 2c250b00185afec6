package vrrp

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// script turns fuzz input into events for a group, two bytes each: what, and
// how much of it. Time goes on by up to 2 s an event, or to the next deadline.
type script struct {
	data []byte
	now  time.Time
}

func (s *script) next(g *group) (member int, ev Event, ok bool) {
	if len(s.data) < 2 {
		return 0, nil, false
	}
	what, arg := s.data[0], s.data[1]
	s.data = s.data[2:]
	member = int(what>>6) % len(g.members)
	s.now = s.now.Add(time.Duration(arg) * 8 * ms)
	on := arg&1 == 0
	switch what & 0x1f {
	case 0:
		ev = Start{}
	case 1, 2:
		ev = Link{Exists: arg&2 == 0, Up: on, Primary: ours}
	case 3:
		l := Link{Exists: true, Up: true, Silent: arg&4 != 0, Lost: arg&8 != 0}
		if arg&2 != 0 {
			l.Primary = ours
		}
		if !on {
			l.Deaf = "no socket"
		}
		ev = l
	case 4, 5, 6:
		ev = hearFrom(higher, arg, time.Duration(arg%16+1)*100*ms)
	case 7, 8, 9:
		ev = hearFrom(lower, arg, interval)
	case 10:
		ev = hearFrom(higher, 0, interval)
	case 11:
		r := hearFrom(higher, arg, interval)
		r.At = s.now.Add(-time.Duration(arg) * 100 * ms)
		ev = r
	case 12:
		ev = Priority{Source: fmt.Sprint(arg % 3), Delta: int(int8(arg))}
	case 13:
		ev = Defect{Why: "disk", On: on}
	case 14:
		ev = Hold{"sync", on}
	case 15:
		ev = Takeover{"fuzz"}
	case 16:
		ev = Yield{"fuzz"}
	case 17:
		slept := time.Duration(arg) * 100 * ms
		s.now = s.now.Add(slept)
		ev = Resumed{slept}
	case 18:
		in := g.members[member].cfg
		in.Priority, in.NoPreempt = max(arg, 1), on
		in.Interval = time.Duration(arg%20+1) * 100 * ms
		in.Manners = Manners{
			DownAdverts: int(arg % 5), LowerPrioNoAdvert: on, HigherPrioAdvert: arg&2 != 0, TimerExpiredBackup: arg & 0xf0,
			IgnorePrimary: arg&4 != 0, TrackSource: arg&8 != 0,
		}
		ev = Configure{in}
	default:
		if at := g.deadline(); at.After(s.now) {
			s.now = at
		}
		ev = Expired{}
	}
	return member, ev, true
}

// world is what the actions have made of one member.
type world struct {
	present, seen bool // the wish for addresses, and whether there was any
	state         State
}

// apply follows the actions of one step and checks that each fits.
func (w *world) apply(a Action) error {
	switch a := a.(type) {
	case Addresses:
		w.present, w.seen = a.Present, true
	case Transition:
		if a.From != w.state || a.To == a.From || a.Reason == NotStarted || a.Priority == 0 {
			return fmt.Errorf("from %s: %+v", w.state, a)
		}
		w.state = a.To
	case Burst:
		if a.Repeat < 1 {
			return fmt.Errorf("announces %d times", a.Repeat)
		}
	}
	return nil
}

// check holds the invariants of one machine.
func (w *world) check(m *Machine, now time.Time) error {
	switch {
	case w.state != m.state:
		return fmt.Errorf("reported %s, is %s", w.state, m.state)
	case m.state == Master && !m.cfg.Manners.IgnorePrimary && (!m.link.Up || m.link.Deaf != "" || !m.source().IsValid()),
		m.state == Master && (!m.link.Exists || len(m.defects) > 0 || !m.started || m.link.Lost && m.cfg.Manners.TrackSource):
		return fmt.Errorf("master although %+v, %v", m.link, m.defects)
	case w.seen && w.present != (m.state == Master):
		return fmt.Errorf("%s, addresses present: %v", m.state, w.present)
	case m.state == Master && !w.seen:
		return fmt.Errorf("master without addresses")
	case (m.state == Backup && !m.link.Silent || m.state == Master) == m.Deadline().IsZero():
		return fmt.Errorf("%s with deadline %s", m.state, m.Deadline())
	case m.state == Master && m.Deadline().Sub(now) > max(2*m.cfg.Interval, 5*time.Second):
		return fmt.Errorf("the next advert is %s away", m.Deadline().Sub(now))
	}
	return nil
}

// FuzzGroup: whatever happens in whatever order, nothing panics, nobody is
// master on a dead link or in FAULT, addresses follow the role, a deadline is
// always set and always moves on, and members of a group are master together.
func FuzzGroup(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 31, 0, 31, 0, 4, 200, 10, 0, 31, 0}, byte(1))
	f.Add([]byte{0, 0, 64, 0, 1, 0, 65, 0, 31, 0, 95, 0, 17, 99, 4, 50, 1, 1, 1, 0}, byte(2))
	f.Add([]byte{0, 0, 64, 0, 128, 0, 1, 0, 65, 0, 129, 0, 15, 0, 16, 0, 18, 255, 19, 0}, byte(3))
	f.Fuzz(func(t *testing.T, data []byte, members byte) {
		g := testGroup(int(members%3)+1, func(i int, in *Instance) { in.Priority = uint8(90 + 10*i) })
		worlds := make([]world, len(g.members))
		s := &script{data: data, now: epoch}
		for i := 0; ; i++ {
			member, ev, ok := s.next(g)
			if !ok {
				break
			}
			acts := g.step(s.now, member, ev)
			for _, a := range acts {
				if err := worlds[a.member].apply(a.Action); err != nil {
					t.Fatalf("event %d, %#v: member %d: %v", i, ev, a.member, err)
				}
			}
			for j, m := range g.members {
				if err := worlds[j].check(m, s.now); err != nil {
					t.Fatalf("event %d, %#v: member %d: %v", i, ev, j, err)
				}
			}
			checkTogether(t, g, ev)
			checkExpires(t, g, s.now, worlds)
		}
		for i, m := range g.members {
			for _, a := range g.step(s.now, i, Stop{}) {
				if err := worlds[a.member].apply(a.Action); err != nil {
					t.Fatalf("stop: member %d: %v", a.member, err)
				}
			}
			if m.state != Init || worlds[i].present || !m.Deadline().IsZero() {
				t.Fatalf("stopped: member %d is %s, addresses present: %v", i, m.state, worlds[i].present)
			}
		}
	})
}

// checkTogether: no member is master while another is in FAULT, and an event
// that made one master made all.
func checkTogether(t *testing.T, g *group, ev Event) {
	t.Helper()
	states := make([]State, len(g.members))
	for i, m := range g.members {
		states[i] = m.state
	}
	if slices.Contains(states, Master) && (slices.Contains(states, Fault) || slices.Contains(states, Backup)) {
		t.Fatalf("after %#v: states %v", ev, states)
	}
}

// checkExpires serves what is due, which must come to an end.
func checkExpires(t *testing.T, g *group, now time.Time, worlds []world) {
	t.Helper()
	for i, m := range g.members {
		if !due(now, m.Deadline()) {
			continue
		}
		for _, a := range g.step(now, i, Expired{}) {
			if err := worlds[a.member].apply(a.Action); err != nil {
				t.Fatalf("expired: member %d: %v", a.member, err)
			}
		}
		if due(now, m.Deadline()) {
			t.Fatalf("member %d: %s and still due at %s, now %s", i, m.state, m.Deadline(), now)
		}
	}
}
