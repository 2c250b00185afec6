package conf

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// party is an instance as the simulation of failures knows it.
type party struct {
	name      string
	of        *instance
	at        int // in the file
	base      int
	nopreempt bool
	source    netip.Addr // of its adverts; zero: not known
	tracks    []tracking // its own interface is the first, unless it does not count
	unit      int        // which of the units it is in
	unweighed bool       // weights count for nothing: it is in a sync group
	stuck     bool       // it is in FAULT whatever happens
	pos       syntax.Pos
}

// cast are the instances of a director, and its units: each sync group is one,
// and each instance that is in none.
type cast struct {
	parties []party
	units   [][]int // indices of parties
}

// cast is what takes part in the simulation.
func (f *File) cast() cast {
	if f.loader == nil {
		return cast{}
	}
	return f.loader.cast()
}

func (l *loader) cast() (c cast) {
	unit := make(map[string]*group)
	for _, g := range l.groups {
		for _, name := range g.runs {
			unit[name] = g
		}
	}
	number := make(map[*group]int)
	for i, in := range l.instances {
		p := party{
			name: in.Name, of: in, at: i, base: int(in.Priority),
			nopreempt: in.NoPreempt, source: in.Source, pos: in.pos,
			stuck: in.Manners.FaultWithoutPeer && len(in.Peers) == 0,
		}
		if !in.Manners.IgnorePrimary {
			p.tracks = append(p.tracks, tracking{keyword: "track_interface", name: in.Interface, pos: in.pos})
		}
		if in.Manners.TrackSource {
			p.tracks = append(p.tracks, tracking{keyword: "track_src_ip", name: in.Source.String(), pos: in.met.at(in.pos, "track_src_ip")})
		}
		p.tracks = append(p.tracks, in.tracking()...)
		g := unit[in.Name]
		n, known := number[g]
		if g == nil || !known {
			n = len(c.units)
			c.units = append(c.units, nil)
		}
		if g != nil {
			number[g] = n
			for _, t := range g.tracks {
				t.ofGroup = true
				p.tracks = append(p.tracks, t)
			}
			p.unweighed = !g.weighted
		}
		p.unit = n
		c.units[n] = append(c.units[n], i)
		c.parties = append(c.parties, p)
	}
	return c
}

// thing is what fails, by the blocks that several instances may name it in.
type thing struct{ keyword, name string }

func (t tracking) thing() thing { return thing{t.keyword, t.name} }

// String is the failure in words.
func (t thing) String() string {
	switch t.keyword {
	case "track_interface":
		return "interface " + t.name + " is down"
	case "track_script":
		return "vrrp_script " + t.name + " fails"
	case "track_file":
		return "track_file " + t.name + " holds 1"
	case "track_process":
		return "vrrp_track_process " + t.name + " is gone"
	case "track_src_ip":
		return "address " + t.name + " is gone"
	case "track_bfd":
		return "bfd_instance " + t.name + " is down"
	}
	return strings.TrimPrefix(t.keyword, "track_") + " " + t.name
}

// effect is what a tracked thing means to a priority. A positive weight is
// earned while it is well, a negative one while it is not, and reverse turns
// their signs round; without a weight its failure is a fault. The weight of a
// file is for each unit of the number in it, which is 0 or 1 here.
func (t tracking) effect(failed bool) (delta int, fault bool) {
	switch {
	case t.weight == 0:
		return 0, failed != t.reverse
	case t.keyword == "track_file" && !failed:
		return 0, false
	case t.keyword == "track_file" && t.reverse:
		delta = -t.weight
	case t.keyword == "track_file":
		delta = t.weight
	case failed == (t.weight > 0):
		return 0, false
	case t.reverse:
		delta = -t.weight
	default:
		delta = t.weight
	}
	return delta, delta < -maxWeight
}

// priority is that of an instance while things fail, or none; 0: it is in FAULT.
func (p party) priority(failed ...thing) int {
	if p.stuck {
		return 0
	}
	sum := p.base
	for _, t := range p.tracks {
		delta, fault := t.effect(slices.Contains(failed, t.thing()))
		switch {
		case fault:
			return 0
		case !p.unweighed:
			sum += delta
		}
	}
	if p.base == vrrp.PriorityOwner {
		return p.base
	}
	return min(max(sum, 1), vrrp.PriorityOwner-1)
}

// priorities are those of all instances while things fail; a FAULT of one is
// that of its unit.
func (c cast) priorities(failed ...thing) []int {
	all := make([]int, len(c.parties))
	for i, p := range c.parties {
		all[i] = p.priority(failed...)
	}
	for _, unit := range c.units {
		if slices.ContainsFunc(unit, func(i int) bool { return all[i] == 0 }) {
			for _, i := range unit {
				all[i] = 0
			}
		}
	}
	return all
}

// trackedBy is the line by which an instance, or else another of its unit, tracks
// a thing.
type trackedBy struct {
	tracking
	own, any bool
}

// lines are those of all instances; where none tracks the thing it is their own
// place.
func (c cast) lines(failed thing) []trackedBy {
	all := make([]trackedBy, len(c.parties))
	of := make(map[int]trackedBy, len(c.units))
	for i, p := range c.parties {
		for _, t := range p.tracks {
			if failed == t.thing() {
				all[i] = trackedBy{t, true, true}
				if !of[p.unit].any {
					of[p.unit] = trackedBy{t, false, true}
				}
				break
			}
		}
	}
	for i, p := range c.parties {
		if !all[i].own {
			all[i] = of[p.unit]
		}
		if !all[i].any {
			all[i].keyword, all[i].pos = failed.keyword, p.pos
		}
	}
	return all
}

// Explain tells for every single failure of what the file tracks which priority
// each instance is left with, and so which peer would take over. The first
// outcome of each instance is that without a failure.
func (f *File) Explain() []Outcome {
	c := f.cast()
	s := newContest(c, cast{}).split()
	var all []Outcome
	for i, before := range c.priorities() {
		o := Outcome{Instance: c.parties[i].name, Before: before, Priority: before, Peer: -1, Pos: c.parties[i].pos}
		if before == 0 {
			o.Verdict = Moves
		}
		all = append(all, o)
	}
	for _, f := range s.failures(0, c) {
		var found []told
		for _, n := range f.parts {
			found = append(found, s.parts[n].side[0].explain(f.thing)...)
		}
		all = append(all, inOrder(found)...)
	}
	return all
}

// explain tells what a failure makes of the instances.
func (c cast) explain(failed thing) []told {
	before, after, lines := c.priorities(), c.priorities(failed), c.lines(failed)
	var all []told
	for i, p := range c.parties {
		line := lines[i]
		if !line.any || before[i] == after[i] && !line.own {
			continue
		}
		o := Outcome{Failure: failed.String(), At: This, Instance: p.name, Before: before[i], Priority: after[i], Peer: -1, Pos: line.pos}
		switch {
		case after[i] == 0:
			o.Verdict = Moves
		case after[i] < before[i]:
			o.Verdict = MayMove
		}
		all = append(all, told{p.at, o})
	}
	return all
}
