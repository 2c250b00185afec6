package conf

import "slices"

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

// members are the pairs of each group, in the order of the pairs; name is what
// the groups call them.
func (c *comparison) members(in *loader, name func(pair) string) map[*group][]pair {
	holding := in.holding()
	all := make(map[*group][]pair)
	for _, p := range c.pairs {
		for _, g := range holding[name(p)] {
			all[g] = append(all[g], p)
		}
	}
	return all
}

// holding are the groups that name an instance, by its name.
func (l *loader) holding() map[string][]*group {
	all := make(map[string][]*group)
	for _, g := range l.groups {
		for _, w := range g.members {
			if known := all[w.Text]; !slices.Contains(known, g) {
				all[w.Text] = append(known, g)
			}
		}
	}
	return all
}

// pulled reports groups of which either director is preferred for a part.
func (c *comparison) pulled(in *loader, name func(pair) string, told map[[2]string]bool) {
	all := c.members(in, name)
	for _, g := range in.groups {
		members := slices.DeleteFunc(all[g], func(p pair) bool { return p.preferred() == 0 })
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
	all, there := c.members(in, name), against.holding()
	for _, g := range in.groups {
		members := all[g]
		for _, p := range members {
			first := members[0]
			if p == first || haveOne(there[theirs(first)], there[theirs(p)]) {
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

// haveOne tells whether two lists have a value in common.
func haveOne[T comparable](a, b []T) bool {
	return slices.ContainsFunc(a, func(v T) bool { return slices.Contains(b, v) })
}
