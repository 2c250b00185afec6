package conf

import (
	"cmp"
	"slices"
)

// Which director is master of one instance says nothing of most others, so that
// a contest falls into small ones: of the units that are rivals, and of the
// rivals of those. A failure is played in the ones that it touches; of thousands
// of instances that are a few, and all others stay as they are.

// split is a contest in parts that have nothing to do with one another.
type split struct {
	parts []contest
	of    [2][]int // the part of each instance
}

func (c contest) split() (s split) {
	var part [2][]int // of each unit; -1: none yet
	for side, from := range c.side {
		part[side] = slices.Repeat([]int{-1}, len(from.units))
		s.of[side] = make([]int, len(from.parties))
	}
	for side, from := range c.side {
		for u := range from.units {
			if part[side][u] < 0 {
				c.flood(seat{side, u}, len(s.parts), part)
				s.parts = append(s.parts, contest{})
			}
		}
	}
	var index [2][]int // of each instance in its part
	for side, from := range c.side {
		unit := slices.Repeat([]int{-1}, len(from.units)) // in its part
		for i, p := range from.parties {
			n := part[side][p.unit]
			to := &s.parts[n].side[side]
			if unit[p.unit] < 0 {
				unit[p.unit] = len(to.units)
				to.units = append(to.units, nil)
			}
			p.unit = unit[p.unit]
			to.units[p.unit] = append(to.units[p.unit], len(to.parties))
			index[side] = append(index[side], len(to.parties))
			to.parties = append(to.parties, p)
			s.of[side][i] = n
		}
	}
	for side := range c.side {
		for i, j := range c.rival[side] {
			if j >= 0 {
				j = index[1-side][j]
			}
			rival := &s.parts[s.of[side][i]].rival[side]
			*rival = append(*rival, j)
		}
	}
	return s
}

// flood numbers all units that one can have an influence on.
func (c contest) flood(from seat, n int, part [2][]int) {
	part[from.side][from.unit] = n
	for next := []seat{from}; len(next) > 0; {
		s := next[len(next)-1]
		next = next[:len(next)-1]
		other := 1 - s.side
		for _, i := range c.side[s.side].units[s.unit] {
			j := c.rival[s.side][i]
			if j < 0 {
				continue
			}
			if u := c.side[other].parties[j].unit; part[other][u] < 0 {
				part[other][u] = n
				next = append(next, seat{other, u})
			}
		}
	}
}

// failure is a thing that fails, and the parts of a contest that it touches.
type failure struct {
	thing
	parts []int
}

// failures are all single ones of a director, in the order of its file.
func (s split) failures(side int, c cast) []failure {
	var all []failure
	known := make(map[thing]int)
	for i, p := range c.parties {
		for _, t := range p.tracks {
			th := t.thing()
			n, met := known[th]
			if !met {
				n = len(all)
				known[th] = n
				all = append(all, failure{thing: th})
			}
			all[n].parts = append(all[n].parts, s.of[side][i])
		}
	}
	for n := range all {
		slices.Sort(all[n].parts)
		all[n].parts = slices.Compact(all[n].parts)
	}
	return all
}

// told is an outcome and which instance of the file it is of.
type told struct {
	at int
	Outcome
}

// inOrder are the outcomes of several parts as the file has the instances.
func inOrder(all []told) []Outcome {
	slices.SortStableFunc(all, func(a, b told) int { return cmp.Compare(a.at, b.at) })
	return convert(all, func(t told) Outcome { return t.Outcome })
}
