package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// group is a vrrp_sync_group while it is read. Its instances may stand below
// it.
type group struct {
	name    string
	pos     syntax.Pos
	met     seen
	members []syntax.Word
	named   bool     // it has a group block
	runs    []string // the members that finishGroups leaves

	tracks   []tracking // what all its members track
	weighted bool       // weights count in the group
	hooks    hooks
}

var groupBlock = block[group]{"vrrp_sync_group", append([]row[group]{
	custom("group", "{ INSTANCE ... }", (*group).setMembers).shown(showMembers).
		doc("", "instances that are master on one director, all or none; one FAULT is that of all"),
	custom("track_interface", "{ IF [weight N [reverse]] ... }", (*group).addTracks).
		shown(func(g *group) []Node { return showTracks("track_interface", g.tracks) }).
		doc("none", "interfaces whose loss is a fault of all members"),
	trackRow("track_script", trackedScript, maxWeight, func(g *group) *[]tracking { return &g.tracks }).
		doc("none", "vrrp_scripts whose failure is a fault of all members"),
	trackRow("track_file", trackedFile, maxWeight+1, func(g *group) *[]tracking { return &g.tracks }).
		doc("none", "files whose content counts for all members"),
	trackRow("track_process", trackedProcess, maxWeight+1, func(g *group) *[]tracking { return &g.tracks }).
		doc("none", "processes whose end is a fault of all members"),
	trackRow("track_bfd", trackedBFD, maxWeight, func(g *group) *[]tracking { return &g.tracks }).
		doc("none", "BFD sessions whose loss is a fault of all members"),
	plain("sync_group_tracking_weight", func(g *group) *bool { return &g.weighted }).
		doc("off", "weights of what the group and its members track change their priorities; without it those of members are 0, which makes their loss a fault"),
	custom("global_tracking", "", (*group).setGlobal).otherName("sync_group_tracking_weight").
		doc("off", "the same, in keepalived before 2.0"),
}, notifyRows(func(g *group) *hooks { return &g.hooks })...)}

// readGroup reads a vrrp_sync_group; whether its instances exist is known at
// the end of the file only.
func readGroup(_ *none, l *loader, s *syntax.Statement) {
	g := &group{name: s.Words[1].Text, pos: s.Pos}
	if !l.named(s) {
		return
	}
	if first := l.known.groups[g.name]; first != nil {
		l.defined(s, g.name, first.pos)
		return
	}
	l.within("vrrp_sync_group "+g.name, func() { g.met = read(l, groupBlock, g, s.Block) })
	l.groups = append(l.groups, g)
	put(&l.known.groups, g.name, g)
}

// setMembers reads group: every word in it is an instance.
func (g *group) setMembers(l *loader, s *syntax.Statement) {
	if g.named {
		l.errorf(s.Pos, "write all instances into one", "a second group is ignored")
		return
	}
	g.named = true
	for _, e := range l.entries(s) {
		g.members = append(g.members, e.Words...)
	}
}

// addTracks reads track_interface.
func (g *group) addTracks(l *loader, s *syntax.Statement) {
	g.tracks = append(g.tracks, l.interfaceTracks(s, g.tracks)...)
}

func showMembers(g *group) []Node {
	var lines []Node
	for _, name := range g.runs {
		lines = append(lines, Node{Values: []any{name}, Pos: g.memberPos(name)})
	}
	return blockOf("group", nil, lines)
}

// memberPos is where the group names a member.
func (g *group) memberPos(name string) syntax.Pos {
	i := slices.IndexFunc(g.members, func(w syntax.Word) bool { return w.Text == name })
	if i < 0 {
		return g.pos
	}
	return g.members[i].Pos
}

// node is the group as the effective configuration shows it.
func (g *group) node() Node {
	return Node{Keyword: "vrrp_sync_group", Values: []any{g.name}, Braced: true, Block: groupBlock.show(g, g.met), Pos: g.pos}
}

// finishGroups leaves in each group the instances that exist and are in no
// group above.
func (l *loader) finishGroups() []vrrp.Group {
	var groups []vrrp.Group
	owner := make(map[string]string)
	l.groups = slices.DeleteFunc(l.groups, func(g *group) (empty bool) {
		l.within("vrrp_sync_group "+g.name, func() { empty = !g.finish(l, owner) })
		return empty
	})
	l.adviseInstances()
	for _, g := range l.groups {
		if !g.weighted {
			g.dropWeights(l)
		}
		groups = append(groups, g.result())
	}
	return groups
}

// finish leaves the members that run, and tells whether there are any; owner
// are the groups of all members so far.
func (g *group) finish(l *loader, owner map[string]string) bool {
	for _, w := range g.members {
		exists := l.known.instances[w.Text] != nil
		switch {
		case !exists:
			l.errorf(w.Pos, "", "there is no vrrp_instance %s that runs: it is left out", quote(w.Text))
		case owner[w.Text] == g.name:
			l.warnf(w.Pos, "", "%s is listed twice", w.Text)
		case owner[w.Text] != "":
			// Two groups that share a member would be one group.
			l.errorf(w.Pos, "", "%s is left out: it is in vrrp_sync_group %s already", w.Text, owner[w.Text])
		default:
			owner[w.Text] = g.name
			g.runs = append(g.runs, w.Text)
		}
	}
	// Of one member a group is harmless, and often the rest of an
	// instance that was taken out.
	switch len(g.runs) {
	case 0:
		l.errorf(g.pos, "write group { INSTANCE ... }", "the group has no member and is ignored")
		return false
	case 1:
		l.warnf(g.pos, "", "the group has one member only, %s", g.runs[0])
	}
	return true
}

// result is the group as it runs.
func (g *group) result() vrrp.Group {
	out := vrrp.Group{Name: g.name, Members: g.runs, Weighted: g.weighted}
	for _, t := range g.tracks {
		if t.keyword == "track_interface" {
			out.Track = append(out.Track, vrrp.TrackInterface{Name: t.name, Weight: t.weight, Reverse: t.reverse})
		}
	}
	out.Items = itemsOf(g.tracks)
	return out
}

// uses are the interfaces that the group names.
func (g *group) uses() (all []InterfaceUse) {
	for _, t := range g.tracks {
		if t.keyword == "track_interface" {
			all = append(all, InterfaceUse{Name: t.name, Keyword: t.keyword, By: "vrrp_sync_group " + g.name, Pos: t.pos})
		}
	}
	return all
}

// setGlobal is sync_group_tracking_weight by its old name.
func (g *group) setGlobal(l *loader, s *syntax.Statement) {
	l.oldName(s, "sync_group_tracking_weight")
	g.weighted = true
}

// dropWeights makes a fault of the loss of all that the members track: a weight of
// one member would tear the group apart, and a loss that counts for nothing would
// leave the addresses where it is. keepalived does so with interfaces, and ignores
// a script or a session with a weight, so that nobody notices its failure. The
// number in a file means another thing without its weight: of one with the weight
// 1, the default, it becomes a fault as in keepalived, and others are not
// tracked. Nor is what the group itself tracks by a weight, which has been said.
func (g *group) dropWeights(l *loader) {
	g.tracks = slices.DeleteFunc(g.tracks, func(t tracking) bool { return t.weight != 0 })
	for _, name := range g.runs {
		in := l.known.instances[name]
		for i := range in.Track {
			in.Track[i].Weight = 0
		}
		in.tracks = slices.DeleteFunc(in.tracks, tracking.meaningless)
		for i := range in.tracks {
			in.tracks[i].weight = 0
		}
	}
}

// meaningless tells whether a line says nothing without its weight.
func (t tracking) meaningless() bool {
	return t.keyword == "track_file" && t.weight != 0 && (t.weight != 1 || t.reverse)
}
