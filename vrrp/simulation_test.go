package vrrp

import (
	"cmp"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// simulation is a set of directors on some links without goroutines: a queue of
// what will happen, served in order of time. Each director is a sync group with
// one member a link.
type simulation struct {
	now   time.Duration
	nodes []*director
	queue happenings
	count int // of happenings, which gives those of one time an order
	steps int
	rand  *rand.Rand

	delay time.Duration // of every message
	storm bool          // messages get lost, doubled and out of order
	lost  map[path]int  // how many faults cut it

	calmSince time.Duration // the end of the last fault
	trouble   []trouble     // by link
	log       strings.Builder
	moved     time.Duration // the last transition
}

// path is from one director to another on a link.
type path struct{ from, to, link int }

// trouble is since when a link has had too many masters, or none; 0: it has not.
type trouble struct{ many, none time.Duration }

// director is one of them.
type director struct {
	number int
	config []Instance // by link
	group  *group
	worlds []world
	dead   bool

	paused  int // how many faults pause it
	planned time.Duration
	deaf    bool // while paused it loses what arrives
	late    bool // and it stamps what it reads when it reads it
	waiting []func()
}

type happening struct {
	at    time.Duration
	order int
	do    func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].order, h[j].order)) < 0
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (s *simulation) after(d time.Duration, do func()) {
	s.count++
	heap.Push(&s.queue, happening{s.now + d, s.count, do})
}

func (s *simulation) clock() time.Time { return epoch.Add(s.now) }

// run serves everything that is due until then. The error is the first property
// that does not hold.
func (s *simulation) run(until time.Duration) error {
	for {
		next, n := until, (*director)(nil)
		for _, d := range s.nodes {
			if at := d.group.deadline(); d.paused == 0 && !d.dead && !at.IsZero() && at.Sub(epoch) <= next {
				next, n = at.Sub(epoch), d
			}
		}
		if len(s.queue) > 0 && s.queue[0].at <= next {
			s.now = max(s.now, s.queue[0].at)
			heap.Pop(&s.queue).(happening).do()
		} else if n != nil {
			s.now = max(s.now, next)
			if err := s.expire(n); err != nil {
				return err
			}
		} else {
			s.now = until
			return s.judge()
		}
		if err := s.judge(); err != nil {
			return err
		}
	}
}

// expire serves what is due at a director, as the router's loop does.
func (s *simulation) expire(d *director) error {
	for i, m := range d.group.members {
		if due(s.clock(), m.Deadline()) {
			s.step(d, i, Expired{})
		}
	}
	if at := d.group.deadline(); due(s.clock(), at) {
		return fmt.Errorf("%s: director %d is still due at %s", s.now, d.number, at.Sub(epoch))
	}
	return nil
}

func (s *simulation) step(d *director, member int, ev Event) {
	s.steps++
	for _, a := range d.group.step(s.clock(), member, ev) {
		switch act := a.Action.(type) {
		case Send:
			s.send(d, a.member, act.Priority)
		case Transition:
			s.moved = s.now
			fmt.Fprintf(&s.log, "%s %d/%d %s: %s %s\n", s.now, d.number, a.member, act.To, act.Reason, act.Detail)
		}
		if err := d.worlds[a.member].apply(a.Action); err != nil {
			panic(err)
		}
	}
}

// address of a director; the one of the higher number has the higher address.
func address(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 20, 0, byte(n + 1)}) }

func (s *simulation) send(d *director, link int, priority uint8) {
	ev := hearFrom(address(d.number), priority, d.group.members[link].cfg.Interval)
	for _, to := range s.nodes {
		if to == d || s.lost[path{d.number, to.number, link}] > 0 {
			continue
		}
		copies, wait := 1, s.delay
		if s.storm {
			copies = s.rand.IntN(3)
			wait += time.Duration(s.rand.Int64N(int64(interval)))
		}
		for range copies {
			s.after(wait, func() { s.deliver(to, link, ev) })
			if s.storm {
				wait += time.Duration(s.rand.Int64N(int64(interval)))
			}
		}
	}
}

// maxWaiting is how much a socket holds for a process that stands still.
const maxWaiting = 64

func (s *simulation) deliver(to *director, link int, ev Received) {
	switch {
	case to.dead || to.paused > 0 && (to.deaf || len(to.waiting) == maxWaiting):
	case to.paused > 0:
		if !to.late {
			ev.At = s.clock()
		}
		to.waiting = append(to.waiting, func() { s.step(to, link, ev) })
	default:
		ev.At = s.clock()
		s.step(to, link, ev)
	}
}

// start boots a director with all its links up, after it lost its memory.
func (s *simulation) start(d *director) {
	machines := make([]*Machine, len(d.config))
	for i, in := range d.config {
		machines[i] = NewMachine(in)
	}
	d.group, d.worlds, d.dead, d.waiting = newGroup("G", machines, true), make([]world, len(machines)), false, nil
	for i := range machines {
		s.step(d, i, Start{})
		s.step(d, i, Link{Exists: true, Up: true, Primary: address(d.number)})
	}
}

// pause stops a director where it stands, and thaw lets it go on: it looks how
// late it is, then at what arrived, then at its timers.
func (s *simulation) pause(d *director) {
	if d.paused++; d.paused > 1 {
		return
	}
	d.planned = s.now + beat(interval)
	if at := d.group.deadline(); !at.IsZero() {
		d.planned = min(d.planned, at.Sub(epoch))
	}
}

func (s *simulation) thaw(d *director) {
	if d.paused--; d.paused > 0 || d.dead {
		return
	}
	if slept := s.now - d.planned; slept >= minLate {
		for i := range d.group.members {
			s.step(d, i, Resumed{slept})
		}
	}
	waiting := d.waiting
	d.waiting = nil
	for _, do := range waiting {
		do()
	}
}

// fault makes something bad happen for a while.
func (s *simulation) fault(lasts time.Duration, begin, end func()) {
	begin()
	s.disturbed(lasts)
	s.after(lasts, end)
}

// disturbed says that nothing is to be expected before then.
func (s *simulation) disturbed(lasts time.Duration) {
	s.calmSince = max(s.calmSince, s.now+lasts+s.delay+2*interval) // what is under way counts
}

// slowest is the longest advertisement interval of all.
func (s *simulation) slowest() (slowest time.Duration) {
	for _, d := range s.nodes {
		for _, m := range d.group.members {
			slowest = max(slowest, m.cfg.Interval)
		}
	}
	return slowest
}

// patience is how long it may take until there is a master: the down timer of the
// slowest backup, twice since one that overslept or lost its sync group waits
// again, and a preempt_delay.
func (s *simulation) patience() (patience time.Duration) {
	for _, d := range s.nodes {
		for _, m := range d.group.members {
			patience = max(patience, 2*m.cfg.masterDown(1, s.slowest())+m.cfg.PreemptDelay)
		}
	}
	return patience + 2*s.slowest()
}

// judge looks at each link whether it has one master: never two once three
// intervals have passed without a fault, and never none.
func (s *simulation) judge() error {
	for link := range s.trouble {
		masters, able := 0, 0
		for _, d := range s.nodes {
			if d.dead {
				continue
			}
			if d.group.members[link].state == Master {
				masters++
			}
			if d.group.every(func(m *Machine) bool { return m.takesPart() && !m.waits(s.clock()) }) {
				able++
			}
		}
		t := &s.trouble[link]
		t.many = since(t.many, masters > 1, s.now)
		t.none = since(t.none, masters == 0 && able > 0, s.now)
		if t.many > 0 && s.now-max(t.many, s.calmSince) > 3*s.slowest() {
			return fmt.Errorf("%s: link %d has %d masters since %s", s.now, link, masters, t.many)
		}
		if t.none > 0 && s.now-max(t.none, s.calmSince) > s.patience() {
			return fmt.Errorf("%s: link %d has no master since %s", s.now, link, t.none)
		}
	}
	for _, d := range s.nodes {
		for i, m := range d.group.members {
			if err := d.worlds[i].check(m, s.clock()); err != nil && d.paused == 0 && !d.dead {
				return fmt.Errorf("%s: director %d: %w", s.now, d.number, err)
			}
		}
	}
	return nil
}

// since is when something began that is so or is not.
func since(was time.Duration, is bool, now time.Duration) time.Duration {
	switch {
	case !is:
		return 0
	case was == 0:
		return now
	}
	return was
}
