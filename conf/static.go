package conf

import (
	"fmt"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// trackGroup is a track_group while it is read: the instances whose state
// static addresses, routes and rules follow.
type trackGroup struct {
	name    string
	pos     syntax.Pos
	members []syntax.Word
}

var trackGroupBlock = block[trackGroup]{"track_group", []row[trackGroup]{
	custom("group", "{ INSTANCE ... }", (*trackGroup).setMembers).single().later().doc("", "its instances"),
}}

// readTrackGroup reads a track_group. Its instances may stand below it.
func readTrackGroup(_ *none, l *loader, s *syntax.Statement) {
	g := &trackGroup{name: s.Words[1].Text, pos: s.Pos}
	if !l.named(s) {
		s.Refused = true
		return
	}
	if first := l.trackGroup(g.name); first != nil {
		l.defined(s, g.name, first.pos)
		s.Refused = true
		return
	}
	l.within("track_group "+g.name, func() { read(l, trackGroupBlock, g, s.Block) })
	if len(g.members) == 0 {
		l.errorf(s.Pos, "write group { INSTANCE ... }", "track_group %s is ignored: it has no member", g.name)
		s.Refused = true
		return
	}
	l.trackGroups = append(l.trackGroups, g)
}

func (g *trackGroup) setMembers(l *loader, s *syntax.Statement) {
	for _, e := range l.entries(s) {
		for _, w := range e.Words {
			if slices.ContainsFunc(g.members, func(o syntax.Word) bool { return o.Text == w.Text }) {
				l.warnf(w.Pos, "", "%s is listed twice", w.Text)
				continue
			}
			g.members = append(g.members, w)
		}
	}
}

// trackGroup finds one that stands above.
func (l *loader) trackGroup(name string) *trackGroup {
	if i := slices.IndexFunc(l.trackGroups, func(g *trackGroup) bool { return g.name == name }); i >= 0 {
		return l.trackGroups[i]
	}
	return nil
}

// finishTrackGroups leaves in each group the instances that exist, also where it
// is shown.
func (l *loader) finishTrackGroups() {
	for _, g := range l.trackGroups {
		g.members = slices.DeleteFunc(g.members, func(w syntax.Word) bool {
			exists := slices.ContainsFunc(l.instances, func(in *instance) bool { return in.Name == w.Text })
			if !exists {
				l.errorf(w.Pos, "", "track_group %s: there is no vrrp_instance %s that runs: it is left out", g.name, quote(w.Text))
			}
			return !exists
		})
		g.showAgain(l)
	}
}

// showAgain makes the statement that is shown of the group one with its members.
// Without any it stays as it is: other lines may name it.
func (g *trackGroup) showAgain(l *loader) {
	i := slices.IndexFunc(l.root.idle, func(s *syntax.Statement) bool {
		return s.Keyword() == "track_group" && s.Words[1].Text == g.name && len(s.Block) > 0
	})
	if i < 0 || len(g.members) == 0 {
		return
	}
	lines := &l.root.idle[i].Block[0].Block
	*lines = nil
	for _, w := range g.members {
		*lines = append(*lines, &syntax.Statement{Pos: w.Pos, Words: []syntax.Word{w}, Line: w.Text})
	}
}

// readStaticAddresses checks the lines of static_ipaddress.
func readStaticAddresses(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_ipaddress", func() {
		for _, e := range l.entries(s) {
			a, ok := l.addressOf(e, "static")
			e.Refused = !ok
			if ok {
				var words []string
				for _, w := range a.words() {
					words = append(words, fmt.Sprint(w))
				}
				rewrite(e, words)
			}
		}
	})
}

// addressTrackGroup checks the track_group of a static address.
func (l *loader) addressTrackGroup(a *addressLine, option, value syntax.Word) bool {
	if l.trackGroup(value.Text) == nil {
		return l.drop(a, value, option.Text, fmt.Sprintf("there is no track_group %s above", quote(value.Text)))
	}
	return true
}

// readStaticRoutes checks the lines of static_routes.
func readStaticRoutes(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_routes", func() { l.routes(s, true) })
}

// readStaticRules checks the lines of static_rules.
func readStaticRules(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_rules", func() { l.policyRules(s, true) })
}
