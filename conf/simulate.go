package conf

import (
	"iter"
	"slices"
)

// Simulate tells who is master of each instance of two directors, without a
// failure and with every single one of what either of them tracks. Both begin at
// once: with nopreempt, who is master then stays it.
func Simulate(this, other *File) []Outcome {
	return slices.Collect(newContest(this.cast(), other.cast()).outcomes())
}

// game is a contest and how it stands without a failure.
type game struct {
	contest
	well [2][]int // the priorities
	calm election
}

// play lets the directors begin.
func (c contest) play() game {
	well := [2][]int{c.side[0].priorities(), c.side[1].priorities()}
	return game{c, well, c.elect([2]masters{c.nobody(), c.nobody()}, well)}
}

// outcomes are those of Simulate.
func (c contest) outcomes() iter.Seq[Outcome] {
	s := c.split()
	games := convert(s.parts, contest.play)
	return func(yield func(Outcome) bool) {
		for side := range c.side {
			var all []told
			for _, g := range games {
				all = append(all, g.untouched(side)...)
			}
			for _, o := range inOrder(all) {
				if !yield(o) {
					return
				}
			}
		}
		for side := range c.side {
			for _, f := range s.failures(side, c.side[side]) {
				var all []told
				for _, n := range f.parts {
					all = append(all, games[n].fail(side, f.thing)...)
				}
				for _, o := range inOrder(all) {
					if !yield(o) {
						return
					}
				}
			}
		}
	}
}

// untouched are the outcomes without a failure. What is told of the first side
// is not of the second.
func (g game) untouched(side int) []told {
	var all []told
	for i, p := range g.side[side].parties {
		if side == 1 && g.rival[1][i] >= 0 {
			continue
		}
		o := g.outcome(side, i, g.well, g.calm)
		o.Before, o.Pos = g.well[side][i], p.pos
		all = append(all, told{p.at, o})
	}
	return all
}

// fail is what one failure of a director makes of the instances that it touches.
func (g game) fail(side int, failed thing) []told {
	ill := g.well
	ill[side] = g.side[side].priorities(failed)
	during := g.elect(g.calm.ends, ill)
	after := g.elect(during.ends, g.well)
	lines := g.side[side].lines(failed)
	var all []told
	for i, p := range g.side[side].parties {
		o := g.outcome(side, i, ill, during)
		if !lines[i].own && g.well[side][i] == ill[side][i] && o.Verdict == Stays {
			continue
		}
		o.Failure, o.At = failed.String(), [2]Director{This, Other}[side]
		o.Before, o.Pos = g.well[side][i], lines[i].pos
		o.Returned = g.master(after, side, i)
		all = append(all, told{p.at, o})
	}
	return all
}

// outcome is who is master of an instance, compared with who was.
func (g game) outcome(side, i int, priorities [2][]int, now election) Outcome {
	o := Outcome{Instance: g.side[side].parties[i].name, Priority: priorities[side][i], Peer: -1, Master: g.master(now, side, i)}
	if j := g.rival[side][i]; j >= 0 {
		o.Peer = priorities[1-side][j]
	}
	was := g.master(g.calm, side, i)
	switch {
	case o.Master == Nobody:
		o.Verdict = Lost
	case o.Master == Either:
		o.Verdict = Open
	case o.Master != was: // Or it may have been the same: that was open.
		o.Verdict = Moves
	}
	return o
}
