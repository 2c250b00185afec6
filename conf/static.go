package conf

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// trackGroup is a track_group while it is read: the instances that need what
// names it of the static addresses, routes and rules.
type trackGroup struct {
	name    string
	pos     syntax.Pos
	members []syntax.Word // that exist
	said    []syntax.Word // that the file names
}

var trackGroupBlock = block[trackGroup]{"track_group", []row[trackGroup]{
	custom("group", "{ INSTANCE ... }", (*trackGroup).setMembers).single().doc("", "its instances"),
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
	g.said = slices.Clone(g.members)
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

// finishTrackGroups leaves in each group the instances that exist.
func (l *loader) finishTrackGroups() {
	for _, g := range l.trackGroups {
		g.members = slices.DeleteFunc(g.members, func(w syntax.Word) bool {
			exists := slices.ContainsFunc(l.instances, func(in *instance) bool { return in.Name == w.Text })
			if !exists {
				l.errorf(w.Pos, "", "track_group %s: there is no vrrp_instance %s that runs: it is left out", g.name, quote(w.Text))
			}
			return !exists
		})
	}
}

// node is the group as it is shown. One without any member stays, for lines
// below may name it: its members are those that the file has.
func (g *trackGroup) node() Node {
	members := g.members
	if len(members) == 0 {
		members = g.said
	}
	n := Node{Keyword: "track_group", Values: []any{g.name}, Braced: true, Pos: g.pos}
	var lines []Node
	for _, w := range members {
		lines = append(lines, Node{Values: []any{w.Text}, Pos: w.Pos})
	}
	n.Block = blockOf("group", nil, lines)
	return n
}

// static is what is kept whoever is master, while the file is read.
type static struct {
	vrrp.Static
	addresses []addressLine
	routes    []route
	rules     []policyRule
	uses      []InterfaceUse
}

// show gives the three blocks.
func (s *static) show() []Node {
	return slices.Concat(linesOf("static_ipaddress", s.addresses), linesOf("static_routes", s.routes), linesOf("static_rules", s.rules))
}

// finishStatic gives what is kept, once the default interface is known.
func (l *loader) finishStatic() vrrp.Static {
	s := l.kept.Static
	s.Addresses = make([]vrrp.StaticAddress, 0, len(l.kept.addresses))
	for _, a := range l.kept.addresses {
		address := a.Address
		address.Dev = cmp.Or(address.Dev, l.global.defaultInterface)
		s.Addresses = append(s.Addresses, vrrp.StaticAddress{Address: address, Group: a.group})
	}
	for _, g := range l.trackGroups {
		for _, w := range g.members {
			if s.Groups == nil {
				s.Groups = make(map[string][]string)
			}
			s.Groups[g.name] = append(s.Groups[g.name], w.Text)
		}
	}
	if len(s.Addresses) == 0 {
		s.Addresses = nil
	}
	return s
}

// readStaticAddresses reads static_ipaddress.
func readStaticAddresses(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_ipaddress", func() {
		for _, e := range l.entries(s) {
			a, ok := l.addressOf(e, "static")
			if !ok {
				continue
			}
			l.kept.addresses = append(l.kept.addresses, a)
			if a.Dev != "" {
				l.kept.uses = append(l.kept.uses, InterfaceUse{Name: a.Dev, Keyword: "dev", By: "static_ipaddress", Pos: a.dev.Pos})
			}
		}
	})
}

// node is the line as it is shown.
func (a addressLine) node() Node { return Node{Values: a.words(), Pos: a.pos} }

// addressTrackGroup reads the track_group of a static address.
func (l *loader) addressTrackGroup(a *addressLine, option, value syntax.Word) bool {
	if l.trackGroup(value.Text) == nil {
		return l.drop(a, value, option.Text, fmt.Sprintf("there is no track_group %s above", quote(value.Text)))
	}
	a.group = value.Text
	return true
}

// readStaticRoutes reads static_routes.
func readStaticRoutes(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_routes", func() {
		l.routes(s, true, func(r route, v vrrp.Route) {
			l.kept.routes = append(l.kept.routes, r)
			l.kept.Routes = append(l.kept.Routes, vrrp.StaticRoute{Route: v, Group: trackGroupOf(r.options)})
			l.kept.uses = append(l.kept.uses, usesOf(v, "dev", "static_routes", r.pos)...)
		})
	})
}

// readStaticRules reads static_rules.
func readStaticRules(_ *none, l *loader, s *syntax.Statement) {
	l.within("static_rules", func() {
		l.policyRules(s, true, func(r policyRule, v vrrp.Rule) {
			l.kept.rules = append(l.kept.rules, r)
			l.kept.Rules = append(l.kept.Rules, vrrp.StaticRule{Rule: v, Group: trackGroupOf(r.options)})
		})
	})
}

// trackGroupOf is the track_group of a line; empty: none.
func trackGroupOf(options []option) string {
	for _, o := range options {
		if o.name == "track_group" {
			return o.values[0]
		}
	}
	return ""
}
