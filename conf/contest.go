package conf

import (
	"cmp"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// contest is the two directors with what they know of one another.
type contest struct {
	side  [2]cast
	rival [2][]int // of each instance that of the other director; -1: it has none
}

// newContest lets two directors play; those are rivals that are taken for one
// virtual router when the files are compared.
func newContest(a, b cast) contest {
	c := contest{side: [2]cast{a, b}}
	var instances [2][]*instance
	var at [2]map[*instance]int
	for side, s := range c.side {
		at[side] = make(map[*instance]int, len(s.parties))
		for i, p := range s.parties {
			c.rival[side] = append(c.rival[side], -1)
			instances[side] = append(instances[side], p.of)
			at[side][p.of] = i
		}
	}
	for _, p := range pairsOf(instances[0], instances[1]).rivals {
		i, j := at[0][p.here], at[1][p.there]
		c.rival[0][i], c.rival[1][j] = j, i
	}
	return c
}

// masters tells of each instance of the two directors whether it is master.
type masters [2][]bool

func (c contest) nobody() masters {
	return masters{make([]bool, len(c.side[0].parties)), make([]bool, len(c.side[1].parties))}
}

func (m masters) clone() masters { return masters{slices.Clone(m[0]), slices.Clone(m[1])} }

// seat is a unit of one director.
type seat struct{ side, unit int }

// settle lets the directors elect from where they are until nothing changes;
// priorities are those of all instances. first is the director that is faster
// where the files do not tell. calm is false where they never agree.
func (c contest) settle(m masters, priorities [2][]int, first int) (end masters, calm bool) {
	m = m.clone()
	seats := c.queue(priorities, first)
	for range len(seats) + 2 {
		changed := false
		for _, s := range seats {
			unit := c.side[s.side].units[s.unit]
			switch held := m[s.side][unit[0]]; {
			case priorities[s.side][unit[0]] == 0:
				changed = changed || held
				c.set(m, s, false)
			case !held && c.wants(m, s, priorities, first):
				changed = true
				c.take(m, s)
			}
		}
		if !changed {
			return m, true
		}
	}
	return m, false
}

// queue are the units in the order in which their master-down timers run out
// when all start at once: the lower the priority, the later, and a unit waits for
// its last member. Of two that are equal the director with the higher address
// wins, which is what happens when both become master.
func (c contest) queue(priorities [2][]int, first int) []seat {
	var seats []seat
	lowest := make(map[seat]int)
	for _, side := range []int{first, 1 - first} {
		for u, unit := range c.side[side].units {
			s := seat{side, u}
			seats = append(seats, s)
			lowest[s] = priorities[side][unit[0]]
			for _, i := range unit {
				lowest[s] = min(lowest[s], priorities[side][i])
			}
		}
	}
	slices.SortStableFunc(seats, func(a, b seat) int {
		return cmp.Or(cmp.Compare(lowest[b], lowest[a]), c.addresses(b, a))
	})
	return seats
}

// addresses compares the source addresses of two units that are rivals; 0 where
// one is not known.
func (c contest) addresses(a, b seat) int {
	if a.side == b.side {
		return 0
	}
	for _, i := range c.side[a.side].units[a.unit] {
		j := c.rival[a.side][i]
		if j < 0 || c.side[b.side].parties[j].unit != b.unit {
			continue
		}
		p, q := c.side[a.side].parties[i].source, c.side[b.side].parties[j].source
		if p.IsValid() && q.IsValid() {
			return p.Compare(q)
		}
	}
	return 0
}

// wants tells whether every instance of a unit would be master: there is none
// yet, or one of a lower priority that it may preempt. An equal one stays.
func (c contest) wants(m masters, s seat, priorities [2][]int, first int) bool {
	other, unit := 1-s.side, c.side[s.side].units[s.unit]
	for _, i := range unit {
		j, p := c.rival[s.side][i], c.side[s.side].parties[i]
		switch {
		case j < 0 || !m[other][j]:
		case len(unit) == 1 && p.base == vrrp.PriorityOwner && priorities[other][j] == vrrp.PriorityOwner:
			// An owner speaks without having listened, so that of two the
			// addresses decide (RFC 9568 section 6.4.1, and 6.4.3 for who yields).
			by := c.addresses(s, seat{other, c.side[other].parties[j].unit})
			return by > 0 || by == 0 && s.side == first
		case p.nopreempt || priorities[s.side][i] <= priorities[other][j]:
			return false
		}
	}
	return true
}

// take makes a unit master; the units of its rivals give way whole.
func (c contest) take(m masters, s seat) {
	other := 1 - s.side
	c.set(m, s, true)
	for _, i := range c.side[s.side].units[s.unit] {
		if j := c.rival[s.side][i]; j >= 0 && m[other][j] {
			c.set(m, seat{other, c.side[other].parties[j].unit}, false)
		}
	}
}

func (c contest) set(m masters, s seat, master bool) {
	for _, i := range c.side[s.side].units[s.unit] {
		m[s.side][i] = master
	}
}

// election is what becomes of the directors, whichever of them was faster.
type election struct {
	ends [2]masters
	calm bool
}

func (c contest) elect(from [2]masters, priorities [2][]int) (e election) {
	e.calm = true
	for first := range e.ends {
		end, calm := c.settle(from[first], priorities, first)
		e.ends[first], e.calm = end, e.calm && calm
	}
	return e
}

// master is who holds instance i of a side, as that of the first file calls it.
func (c contest) master(e election, side, i int) Director {
	who := [2]Director{}
	for first, m := range e.ends {
		j := c.rival[side][i]
		switch {
		case m[side][i]:
			who[first] = [2]Director{This, Other}[side]
		case j >= 0 && m[1-side][j]:
			who[first] = [2]Director{Other, This}[side]
		}
	}
	if who[0] != who[1] || !e.calm {
		return Either
	}
	return who[0]
}
