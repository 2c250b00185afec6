package conf

import "slices"

// Simulate tells who is master of each instance of two directors, without a
// failure and with every single one of what either of them tracks. Both begin at
// once: with nopreempt, who is master then stays it.
func Simulate(this, other *File) []Outcome {
	return newContest(this.cast(), other.cast()).outcomes()
}

// outcomes are those of Simulate.
func (c contest) outcomes() []Outcome {
	well := [2][]int{c.side[0].priorities(), c.side[1].priorities()}
	calm := c.elect([2]masters{c.nobody(), c.nobody()}, well)
	var all []Outcome
	for side := range c.side {
		for i, p := range c.side[side].parties {
			if side == 1 && c.rival[1][i] >= 0 {
				continue // It is told of the first side.
			}
			o := c.outcome(side, i, well, calm, calm)
			o.Before, o.Pos = well[side][i], p.pos
			all = append(all, o)
		}
	}
	for side, s := range c.side {
		for _, failed := range s.things() {
			all = append(all, c.fail(side, failed, well, calm)...)
		}
	}
	return all
}

// fail is what one failure of a director makes of the instances that it touches.
func (c contest) fail(side int, failed thing, well [2][]int, calm election) []Outcome {
	ill := well
	ill[side] = c.side[side].priorities(failed)
	during := c.elect(calm.ends, ill)
	after := c.elect(during.ends, well)
	var all []Outcome
	for i, p := range c.side[side].parties {
		line, tracks := c.side[side].line(i, failed)
		o := c.outcome(side, i, ill, calm, during)
		direct := tracks && slices.Contains(p.tracks, line)
		if !direct && well[side][i] == ill[side][i] && o.Verdict == Stays {
			continue
		}
		o.Failure, o.At = failed.String(), [2]Director{This, Other}[side]
		o.Before, o.Pos, o.Unbuilt = well[side][i], line.pos, line.unbuilt()
		o.Returned = c.master(after, side, i)
		all = append(all, o)
	}
	return all
}

// outcome is who is master of an instance, compared with who was.
func (c contest) outcome(side, i int, priorities [2][]int, before, now election) Outcome {
	o := Outcome{Instance: c.side[side].parties[i].name, Priority: priorities[side][i], Peer: -1, Master: c.master(now, side, i)}
	if j := c.rival[side][i]; j >= 0 {
		o.Peer = priorities[1-side][j]
	}
	was := c.master(before, side, i)
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
