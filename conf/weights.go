package conf

import (
	"fmt"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// A weight that is meant to move the addresses and cannot shows in an outage
// only. One file tells some of these, both tell all.

// maxWeighed is how many things an instance may track for its weights to be
// judged: each is compared with all others, and a file may have thousands.
const maxWeighed = 100

// adviseWeights reports weights that have no effect whatever the other director
// is like.
func (l *loader) adviseWeights() {
	for _, g := range l.groups {
		l.within("vrrp_sync_group "+g.name, func() {
			for _, t := range g.tracks {
				if t.weight != 0 && !g.weighted {
					l.errorf(t.pos, "without a weight its loss is a fault", "%s %s is ignored: a sync group has no weights without sync_group_tracking_weight", t.keyword, t.name)
				}
			}
		})
	}
	for _, p := range l.cast().parties {
		if len(p.tracks) > maxWeighed {
			continue
		}
		l.within("vrrp_instance "+p.name, func() {
			for _, t := range p.tracks {
				if t.weight != 0 && !t.ofGroup {
					p.adviseWeight(l, t)
				}
			}
		})
	}
}

// adviseWeight judges one weight.
func (p party) adviseWeight(l *loader, t tracking) {
	well, ill := p.priority(), p.priority(t.thing())
	limit, alone := "a priority is at most 254", ""
	if well == 1 {
		limit = "a priority is at least 1"
	}
	if others := p.weighted(t); p.priority(others...) != p.priority(append(others, t.thing())...) {
		alone = " by itself"
	}
	switch {
	case p.unweighed && t.meaningless():
		l.errorf(t.pos, "write weight 0, and any number but 0 is a fault", "%s %s is ignored: members of a sync group keep their priority, and its weight is %d", t.keyword, t.name, t.weight)
	case p.unweighed:
		what, hint := "its loss is", "leave the weight out"
		switch {
		case t.keyword == "track_file":
			what, hint = "any number but 0 is", "write weight 0"
		case t.reverse:
			what = "while it is well, that is"
		}
		l.warnf(t.pos, hint, "%s %s: weight %d counts as 0: members of a sync group keep their priority, and %s a fault of them all",
			t.keyword, t.name, t.weight, what)
	case p.base == vrrp.PriorityOwner:
		l.warnf(t.pos, "write a priority below 255, or no weight: its loss is a fault then", "%s %s: weight %d is ignored: priority 255 never changes", t.keyword, t.name, t.weight)
	case well == ill && well > 0 && t.keyword != "track_file":
		l.warnf(t.pos, "write a lower priority", "%s %s: weight %d changes nothing%s: the priority is %d with and without it, since %s", t.keyword, t.name, t.weight, alone, well, limit)
	}
}

// uselessWeights are the weights of each file that cannot move the addresses from
// its director to the other. That takes both files; those that have no effect at
// all are found when one is read. See is the instance in the other one.
func (c contest) uselessWeights() (found [2]Diagnostics) {
	for _, part := range c.split().parts {
		g := part.play()
		for side := range found {
			for i := range g.side[side].parties {
				found[side] = append(found[side], g.useless(side, i)...)
			}
		}
	}
	return found
}

// useless are those of one instance.
func (g game) useless(side, i int) (found Diagnostics) {
	p := g.side[side].parties[i]
	weighted := p.weighted(tracking{})
	if len(weighted) == 0 || g.rival[side][i] < 0 || len(p.tracks) > maxWeighed || g.master(g.calm, side, i) != [2]Director{This, Other}[side] {
		return nil
	}
	together := g.moves(side, i, weighted...)
	for _, t := range p.tracks {
		if !slices.Contains(weighted, t.thing()) || t.keyword == "track_file" || p.priority() <= p.priority(t.thing()) {
			continue // It has no number of its own, is not meant to, or adviseWeight has said it.
		}
		if !g.moves(side, i, t.thing()) {
			found = append(found, g.uselessWeight(side, i, t, together))
		}
	}
	return found
}

// weighted are the things other than one whose failure changes the priority and
// is no fault.
func (p party) weighted(but tracking) []thing {
	var all []thing
	for _, t := range p.tracks {
		if _, fault := t.effect(true); t.weight != 0 && !fault && t.thing() != but.thing() {
			all = append(all, t.thing())
		}
	}
	return all
}

// moves tells whether the other director becomes master of an instance while
// things of this one fail.
func (g game) moves(side, i int, failed ...thing) bool {
	ill := g.well
	ill[side] = g.side[side].priorities(failed...)
	return g.master(g.elect(g.calm.ends, ill), side, i) != g.master(g.calm, side, i)
}

// uselessWeight words it; together tells that the weight has an effect when all
// else fails too.
func (c contest) uselessWeight(side, i int, t tracking, together bool) Diagnostic {
	p := c.side[side].parties[i]
	q := c.side[1-side].parties[c.rival[side][i]]
	left, theirs := p.priority(t.thing()), q.priority()
	d := Diagnostic{Pos: t.pos, Severity: Warning, See: q.pos}
	why := fmt.Sprintf("it leaves %d, and the other director has %d", left, theirs)
	switch {
	case left < theirs && q.nopreempt:
		why += ", but nopreempt, which takes over from no master that still sends"
		d.Hint = "without a weight the loss is a fault, which moves them"
	case left < theirs:
		why += ", but it waits for its whole sync group"
	case theirs == 1:
		d.Hint = "without a weight the loss is a fault, which moves them"
	case t.weight > 0:
		// What is earned is on top of the priority, whatever it is.
		d.Hint = fmt.Sprintf("a priority below %d would let it", p.base-left+theirs)
	default:
		d.Hint = fmt.Sprintf("a weight of -%d or beyond would", p.priority()-theirs+1)
	}
	if left == theirs {
		why += ": of equal ones the master stays"
	}
	never := "can never move"
	if together {
		d.Severity, never = Note, "alone does not move"
	}
	d.Message = fmt.Sprintf("vrrp_instance %s: %s %s: weight %d %s the addresses: %s", p.name, t.keyword, t.name, t.weight, never, why)
	return d
}
