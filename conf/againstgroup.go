package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// preferred is by how much this director is preferred; below 0: the other one.
func (p pair) preferred() int { return int(p.here.Priority) - int(p.there.Priority) }

// groups holds that what moves together here does so there, and to the same
// director.
func (c *comparison) groups() {
	here := func(p pair) string { return p.here.Name }
	there := func(p pair) string { return p.there.Name }
	c.torn(c.this, c.other, "here", "there", here, there)
	c.torn(c.other, c.this, "there", "here", there, here)
	told := make(map[[2]string]bool)
	c.pulled(c.this, here, told)
	c.pulled(c.other, there, told)
}

// pairs are those of the group; name is what the group calls them.
func (g *group) pairs(all []pair, name func(pair) string) []pair {
	return slices.DeleteFunc(slices.Clone(all), func(p pair) bool {
		return !slices.ContainsFunc(g.members, func(w syntax.Word) bool { return w.Text == name(p) })
	})
}

// pulled reports groups of which either director is preferred for a part.
func (c *comparison) pulled(in *loader, name func(pair) string, told map[[2]string]bool) {
	for _, g := range in.groups {
		members := slices.DeleteFunc(g.pairs(c.pairs, name), func(p pair) bool { return p.preferred() == 0 })
		for _, p := range members {
			first := members[0]
			names := [2]string{first.here.Name, p.here.Name}
			if first.preferred() > 0 == (p.preferred() > 0) || told[names] {
				continue
			}
			told[names] = true
			c.report(Warning, p.here.said("priority"), p.there.said("priority"), "prefer one director for the whole group",
				"vrrp_sync_group %s: %s is preferred on one director and %s on the other: they move together, and neither director can be preferred for both", g.name, names[0], names[1])
		}
	}
}

// torn reports instances that are in one sync group in one file and not in the
// other.
func (c *comparison) torn(in, against *loader, where, elsewhere string, name, theirs func(pair) string) {
	for _, g := range in.groups {
		members := g.pairs(c.pairs, name)
		for _, p := range members {
			first := members[0]
			if p == first || against.together(theirs(first), theirs(p)) {
				continue
			}
			pos, see := g.pos, p.there.pos
			if in == c.other {
				pos, see = p.here.pos, g.pos
			}
			c.report(Error, pos, see, bothSay, "vrrp_sync_group %s holds %s and %s together %s, and they are apart %s: after a failover one director may have one of them and the other one the other",
				g.name, name(first), name(p), where, elsewhere)
		}
	}
}

// together tells whether two instances are in one sync group.
func (l *loader) together(a, b string) bool {
	in := func(g *group, name string) bool {
		return slices.ContainsFunc(g.members, func(w syntax.Word) bool { return w.Text == name })
	}
	return slices.ContainsFunc(l.groups, func(g *group) bool { return in(g, a) && in(g, b) })
}
