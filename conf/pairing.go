package conf

import (
	"fmt"
	"net/netip"
	"slices"
)

// pair is one virtual router as both files have it.
type pair struct{ here, there *instance }

// name is how messages call it: by its name here, and there where that is
// another.
func (p pair) name() string {
	if p.here.Name == p.there.Name {
		return "vrrp_instance " + p.here.Name
	}
	return fmt.Sprintf("vrrp_instance %s (%s there)", p.here.Name, p.there.Name)
}

// pairing is which instances of two files belong together.
type pairing struct {
	rivals      []pair // of one VRID: one of them is master
	strangers   []pair // meant as one virtual router, but of two VRIDs: neither hears the other
	here, there []*instance
}

// pairsOf finds for each instance the one that it shares its VRID with in the
// other file; here and there are those that have none. A VRID may be used on
// several links, so that of several candidates the one with a common address is
// taken, or else that with the same name, or that on an interface of the same
// name. Interfaces come last, since two hosts may name them as they like.
func pairsOf(this, other []*instance) (all pairing) {
	all.here, all.there = slices.Clone(this), slices.Clone(other)
	router := func(in *instance) routerKey { return routerKey{vrid: in.VRID, family: in.family()} }
	family := func(in *instance) routerKey { return routerKey{family: in.family()} }
	sharing := func(of func(*instance) routerKey) func(*instance) []routerKey {
		return func(in *instance) []routerKey {
			return convert(in.all(), func(ip netip.Addr) routerKey { k := of(in); k.addr = ip; return k })
		}
	}
	named := func(of func(*instance) routerKey) func(*instance) []routerKey {
		return func(in *instance) []routerKey { k := of(in); k.name = in.Name; return []routerKey{k} }
	}
	attached := func(in *instance) []routerKey { return []routerKey{in.router()} }
	alike := func(in *instance) []routerKey { return []routerKey{router(in)} }
	for _, by := range []func(*instance) []routerKey{sharing(router), named(router), attached, alike} {
		all.rivals = append(all.rivals, all.match(by)...)
	}
	for _, by := range []func(*instance) []routerKey{sharing(family), named(family)} {
		all.strangers = append(all.strangers, all.match(by)...)
	}
	return all
}

// routerKey is what two instances have in common that are taken for one virtual
// router, which they are by VRID and family where they are on one link (RFC 9568
// section 5.2.3). What does not count is zero.
type routerKey struct {
	vrid   uint8
	family int
	addr   netip.Addr
	name   string
	dev    string
}

// match takes out what has a key in common: each instance here with the first
// one there.
func (all *pairing) match(keys func(*instance) []routerKey) (pairs []pair) {
	having := make(map[routerKey][]int)
	for j, b := range all.there {
		for _, k := range keys(b) {
			having[k] = append(having[k], j)
		}
	}
	taken := make([]bool, len(all.there))
	all.here = slices.DeleteFunc(all.here, func(a *instance) bool {
		first := -1
		for _, k := range keys(a) {
			free := having[k]
			for len(free) > 0 && taken[free[0]] {
				free = free[1:]
			}
			having[k] = free
			if len(free) > 0 && (first < 0 || free[0] < first) {
				first = free[0]
			}
		}
		if first < 0 {
			return false
		}
		taken[first] = true
		pairs = append(pairs, pair{a, all.there[first]})
		return true
	})
	var left []*instance
	for j, b := range all.there {
		if !taken[j] {
			left = append(left, b)
		}
	}
	all.there = left
	return pairs
}
