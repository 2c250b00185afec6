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
	members []syntax.Word
	met     bool // it has a group block
}

var groupBlock = block[group]{"vrrp_sync_group", append([]row[group]{
	custom("group", "{ INSTANCE ... }", (*group).setMembers),
}, laterGroup()...)}

// readGroup reads a vrrp_sync_group; whether its instances exist is known at
// the end of the file only.
func readGroup(_ *none, l *loader, s *syntax.Statement) {
	g := &group{name: s.Words[1].Text, pos: s.Pos}
	if !l.named(s) {
		return
	}
	if i := slices.IndexFunc(l.groups, func(o *group) bool { return o.name == g.name }); i >= 0 {
		l.errorf(s.Pos, "", "vrrp_sync_group %s is defined already, in line %d: the block is ignored", g.name, l.groups[i].pos.Line)
		return
	}
	l.within("vrrp_sync_group "+g.name, func() { read(l, groupBlock, g, s.Block) })
	l.groups = append(l.groups, g)
}

// setMembers reads group: every word in it is an instance.
func (g *group) setMembers(l *loader, s *syntax.Statement) {
	if g.met {
		l.errorf(s.Pos, "write all instances into one", "a second group is ignored")
		return
	}
	g.met = true
	for _, e := range l.entries(s) {
		g.members = append(g.members, e.Words...)
	}
}

// finishGroups leaves in each group the instances that exist and are in no
// group above.
func (l *loader) finishGroups() []vrrp.Group {
	var groups []vrrp.Group
	owner := make(map[string]string)
	for _, g := range l.groups {
		l.within("vrrp_sync_group "+g.name, func() {
			var members []string
			for _, w := range g.members {
				exists := slices.ContainsFunc(l.instances, func(in *instance) bool { return in.Name == w.Text })
				switch {
				case !exists:
					l.errorf(w.Pos, "", "there is no vrrp_instance %s that runs: it is left out", quote(w.Text))
				case owner[w.Text] == g.name:
					l.errorf(w.Pos, "", "%s is listed twice", w.Text)
				case owner[w.Text] != "":
					// Two groups that share a member would be one group.
					l.errorf(w.Pos, "", "%s is left out: it is in vrrp_sync_group %s already", w.Text, owner[w.Text])
				default:
					owner[w.Text] = g.name
					members = append(members, w.Text)
				}
			}
			// Of one member a group is harmless, and often the rest of an
			// instance that was taken out.
			switch len(members) {
			case 0:
				l.errorf(g.pos, "write group { INSTANCE ... }", "the group has no member and is ignored")
				return
			case 1:
				l.warnf(g.pos, "", "the group has one member only, %s", members[0])
			}
			groups = append(groups, vrrp.Group{Name: g.name, Members: members})
		})
	}
	return groups
}
