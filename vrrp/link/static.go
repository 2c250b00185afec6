package link

import (
	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// staticOwner is the wish that static addresses are kept by. No instance has it
// for its name.
const staticOwner = "static_ipaddress { }"

// SetStatic says what is kept in the kernel whoever is master; what an earlier
// call had and this one has not is removed. A director that stops calls it with
// nothing. missing, which must not block, is told from the goroutine of Run when
// something that names a track_group is not there, and when all of it is again.
//
// Call it before Sweep: what is wanted is not swept.
func (h *Host) SetStatic(s vrrp.Static, missing func(group, why string, is bool)) {
	addrs := make([]vrrp.Address, len(s.Addresses))
	for i, a := range s.Addresses {
		addrs[i] = a.Address
	}
	next := newWish(staticOwner, vrrp.Wish{Addresses: addrs, Present: len(addrs) > 0})
	h.post(func(k *keeper) {
		a := k.around
		a.static, a.missing = s, missing
		a.always = claim{owner: "static", present: true, routes: staticRoutes(s), rules: staticRules(s)}
		if next.Present {
			k.want(next)
		} else {
			k.forget(staticOwner)
		}
	})
}

// SetDefect sets who is told, from the goroutine of Run, what keeps an instance
// from having the interface of its own, and that it is over. Until then the
// instance must not be master. tell must not block.
func (h *Host) SetDefect(tell func(instance, why string, is bool)) {
	h.post(func(k *keeper) { k.around.defect = tell })
}

// mark is what the addresses of the wish carry, so that others know who made
// them.
func (w *wish) mark() byte {
	if w.instance == staticOwner {
		return ifaddr.StaticMark
	}
	return ifaddr.Mark
}

func staticRoutes(s vrrp.Static) []vrrp.Route {
	list := make([]vrrp.Route, len(s.Routes))
	for i, r := range s.Routes {
		list[i] = r.Route
	}
	return list
}

func staticRules(s vrrp.Static) []vrrp.Rule {
	list := make([]vrrp.Rule, len(s.Rules))
	for i, r := range s.Rules {
		list[i] = r.Rule
	}
	return list
}

// tellMissing says which track_groups lack something: the first of it, since one
// is enough.
func (a *around) tellMissing(held func(spot) bool) {
	now := make(map[string]string)
	lack := func(group string, there bool, what string) {
		if _, said := now[group]; group != "" && !there && !said {
			now[group] = what + " is missing"
		}
	}
	for _, s := range a.static.Addresses {
		lack(s.Group, held(spot{s.Dev, s.Address}), "static address "+s.Prefix.String())
	}
	for _, r := range a.static.Routes {
		lack(r.Group, a.paths.kept[routeName(r.Route)], "static route "+r.Route.String())
	}
	for _, r := range a.static.Rules {
		lack(r.Group, a.paths.kept[ruleName(r.Rule)], "static rule "+r.Rule.String())
	}
	a.lacking = tellChanges(a.lacking, now, a.missing)
}
