package link

import (
	"slices"
	"strconv"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// plan is what is still to be announced, in which order and how fast. It reads
// no clock and sends nothing.
//
// Of each interface the gateway is told of every new address first: what comes
// from outside comes through it. Then everybody is told of every address once,
// and only then again, so that an instance that becomes master does not wait
// for what others repeat.
type plan struct {
	pacing vrrp.Pacing
	lanes  map[string]*lane // by group or interface
	lines  map[side]*line
	order  []side // the keys of lines, as they take their turns
	jobs   map[place]*job
}

func newPlan() *plan {
	return &plan{lanes: make(map[string]*lane), lines: make(map[side]*line), jobs: make(map[place]*job)}
}

// job is an address with what is left of its announcement.
type job struct {
	place
	dev     device
	base    string // whose pace it keeps
	left    int    // times; 0: it was called off
	frame   []byte // for everybody
	private []byte // for the gateway; nil: it is told with everybody
}

// side is one family of an interface, whose announcements follow one another.
type side struct {
	index int // of the interface
	ipv6  bool
}

func sideOf(p place) side { return side{p.index, p.prefix.Addr().Is6()} }

// line holds the jobs of a side, by what is next for them.
type line struct {
	private, first, again []*job
	pause                 time.Time // not before then: the interface refused one
}

// lane is what keeps a pace together: an interface or a group of them.
type lane struct {
	gap  [2]time.Duration // of gratuitous ARP and of neighbour advertisements; 0: none
	next [2]time.Time
}

// setPacing changes the pace from the next announcement on.
func (p *plan) setPacing(pacing vrrp.Pacing) {
	p.pacing, p.lanes = pacing, make(map[string]*lane)
}

// lane returns what an interface keeps its pace with. What is on top of an
// interface shares its wire, and so its pace.
func (p *plan) lane(j *job) *lane {
	name, gaps := j.base, [2]time.Duration{p.pacing.GARP, p.pacing.GNA}
	for i, g := range p.pacing.Groups {
		if slices.Contains(g.Interfaces, j.base) || slices.Contains(g.Interfaces, j.dev.name) {
			// No interface's name has a slash (dev_valid_name, net/core/dev.c).
			name, gaps = "/"+strconv.Itoa(i), [2]time.Duration{g.GARP, g.GNA}
			break
		}
	}
	l, ok := p.lanes[name]
	if !ok {
		l = &lane{gap: gaps}
		p.lanes[name] = l
	}
	return l
}

// add plans an announcement. What was planned before for the same address is
// not lost, as long as no more than two bursts wait: a burst that takes longer
// than until the next would otherwise grow without end.
func (p *plan) add(j *job) {
	s := sideOf(j.place)
	q, ok := p.lines[s]
	if !ok {
		q = new(line)
		p.lines[s], p.order = q, append(p.order, s)
	}
	if p.lane(j).gap[s.kind()] > 0 {
		j.private = nil // It hears the others as early: they come one at a time.
	}
	old := p.jobs[j.place]
	if old != nil && j.private == nil {
		old.left = max(old.left, min(old.left+j.left, 2*j.left))
		old.dev, old.base, old.frame = j.dev, j.base, j.frame
		return
	}
	if old != nil {
		old.left = 0
	}
	p.jobs[j.place] = j
	if j.private != nil {
		q.private = append(q.private, j)
	} else {
		q.first = append(q.first, j)
	}
}

func (s side) kind() int {
	if s.ipv6 {
		return 1
	}
	return 0
}

// next returns what is due on a side, and the frame. Without anything it
// returns when to ask again; zero: not before something is added.
func (p *plan) next(s side, now time.Time) (j *job, frame []byte, at time.Time) {
	q := p.lines[s]
	list := q.head()
	if list == nil {
		return nil, nil, time.Time{}
	}
	if q.pause.After(now) {
		return nil, nil, q.pause
	}
	j = (*list)[0]
	l := p.lane(j)
	if l.next[s.kind()].After(now) {
		return nil, nil, l.next[s.kind()]
	}
	if gap := l.gap[s.kind()]; gap > 0 && list == &q.again && p.newsOn(l, s, now) {
		return nil, nil, now.Add(gap)
	}
	if list == &q.private {
		return j, j.private, now
	}
	return j, j.frame, now
}

// newsOn says whether another interface that keeps the same pace has something
// to tell for the first time.
func (p *plan) newsOn(l *lane, but side, now time.Time) bool {
	for _, s := range p.order {
		if s == but || s.ipv6 != but.ipv6 {
			continue
		}
		q := p.lines[s]
		list := q.head()
		if list != nil && list != &q.again && !q.pause.After(now) && p.lane((*list)[0]) == l {
			return true
		}
	}
	return false
}

// head is the list whose first job is next, without those that were called off.
func (q *line) head() *[]*job {
	for _, list := range []*[]*job{&q.private, &q.first, &q.again} {
		for len(*list) > 0 && (*list)[0].left == 0 {
			*list = (*list)[1:]
		}
		if len(*list) > 0 {
			return list
		}
	}
	return nil
}

// sent notes that what next returned has left.
func (p *plan) sent(s side, now time.Time) {
	q := p.lines[s]
	list := q.head()
	j := (*list)[0]
	*list = (*list)[1:]
	l := p.lane(j)
	if gap := l.gap[s.kind()]; gap > 0 {
		l.next[s.kind()] = now.Add(gap)
		p.behind(s)
	}
	if list == &q.private {
		q.first = append(q.first, j)
		return
	}
	if j.left--; j.left > 0 {
		q.again = append(q.again, j)
	} else {
		delete(p.jobs, j.place)
	}
}

// behind puts a side behind the others, so that those that keep the same pace
// take turns: whoever is asked first once it allows another one has it.
func (p *plan) behind(s side) {
	i := slices.Index(p.order, s)
	p.order = append(slices.Delete(p.order, i, i+1), s)
}

// refused notes that what next returned did not leave, and when to try again.
func (p *plan) refused(s side, until time.Time) { p.lines[s].pause = until }

// only calls off what is announced of addresses that fits says no to, and
// takes up changes of interfaces.
func (p *plan) only(fits func(place) bool) {
	for at, j := range p.jobs {
		if !fits(at) {
			j.left = 0
			delete(p.jobs, at)
		}
	}
}

// resume tries again on an interface that refused something.
func (p *plan) resume(index int) {
	for _, ipv6 := range []bool{false, true} {
		if q, ok := p.lines[side{index, ipv6}]; ok {
			q.pause = time.Time{}
		}
	}
}

// drop forgets an interface that is gone.
func (p *plan) drop(index int) {
	p.only(func(at place) bool { return at.index != index })
	gone := func(s side) bool { return s.index == index }
	for _, s := range p.order {
		if gone(s) {
			delete(p.lines, s)
		}
	}
	p.order = slices.DeleteFunc(p.order, gone)
}
