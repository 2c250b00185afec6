package sysctl

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// plan says what to remember and which values the settings shall have, out of
// what is recorded, what is wanted and what was read; have lacks what does not
// exist. A setting that is not wanted any more shall have what was found,
// unless somebody else has set it since. It stays in the record until that is
// done.
func plan(entries map[string]entry, want, have Settings) (next map[string]entry, goals Settings) {
	next, goals = map[string]entry{}, Settings{}
	maps.Copy(next, entries)
	for name, value := range want {
		now, there := have[name]
		if !there {
			continue // It may come yet; what is recorded of it holds.
		}
		e, known := next[name]
		if !known {
			e.Found = now
		}
		value = steady(name, value, now)
		next[name] = entry{Found: e.Found, Set: value}
		goals[name] = value
	}
	for name, e := range entries {
		_, wanted := want[name]
		if now, there := have[name]; !wanted && !held(name, e, want) && there && now == steady(name, e.Set, now) {
			goals[name] = e.Found
		}
	}
	for _, name := range flips(want, have) {
		for other, after := range takenAlong(name, want[name], have) {
			_, wanted := want[other]
			_, known := entries[other]
			if !wanted && !known {
				next[other] = entry{Found: have[other], Set: after, With: name}
			}
		}
	}
	if on := switchedOn(want, have); on != "" {
		for _, name := range believers(want, have) {
			e, known := entries[name]
			if !known {
				e.Found = have[name]
			}
			next[name] = entry{Found: e.Found, Set: routersToo, With: on}
			goals[name] = routersToo
		}
	}
	return next, goals
}

// held tells that a setting which is not wanted itself stays because a switch
// that is wanted took it along.
func held(name string, e entry, want Settings) bool {
	_, ok := want[e.With]
	return ok || keepsRoutes(name, want)
}

// steady is the wanted value of a setting, or the one that it has where that is
// the same: a defence that is wanted "when memory is short" is 1 while there is
// enough and 2 while there is not, and the kernel turns one into the other
// every second (update_defense_level in net/netfilter/ipvs/ip_vs_ctl.c).
func steady(name, value, now string) string {
	automatic := func(s string) bool { return s == "1" || s == "2" }
	switch name {
	case "net/ipv4/vs/drop_entry", "net/ipv4/vs/drop_packet", "net/ipv4/vs/secure_tcp":
		if automatic(value) && automatic(now) {
			return now
		}
	}
	return value
}

// flips are the switches of forwarding that are about to change.
func flips(want, have Settings) (names []string) {
	for _, name := range switches {
		now, there := have[name]
		if value, wanted := want[name]; wanted && there && now != value {
			names = append(names, name)
		}
	}
	return names
}

// switches are the settings that take others along when they change: the
// forwarding of each interface, and for IPv4 whether redirects are accepted
// (inet_forward_change in net/ipv4/devinet.c, addrconf_fixup_forwarding in
// net/ipv6/addrconf.c).
var switches = [...]string{"net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding"}

// acceptRedirects is what IPv4's switch turns to its own opposite: a router
// believes no redirect.
const acceptRedirects = "net/ipv4/conf/all/accept_redirects"

// takenAlong are the settings among have that a switch changes when it gets
// this value, and what they are afterwards.
func takenAlong(name, value string, have Settings) Settings {
	after := Settings{}
	for other := range have {
		switch {
		case other == name:
		case matches(perInterface(name), other), other == "net/ipv4/ip_forward" && strings.HasPrefix(name, "net/ipv4/"):
			after[other] = value
		case other == acceptRedirects && strings.HasPrefix(name, "net/ipv4/"):
			after[other] = "0"
			if value == "0" {
				after[other] = "1"
			}
		}
	}
	return after
}

// perInterface is the pattern of the forwarding of each interface that a
// switch sets.
func perInterface(name string) string {
	if strings.HasPrefix(name, "net/ipv6/") {
		return forwardIPv6
	}
	return "net/ipv4/conf/*/forwarding"
}

// inOrder are the names in the order in which to write them: what changes
// others comes before these. The kernel copies some of conf/all to every
// interface, and conf/default to those that nobody has set yet.
func inOrder(s Settings) []string {
	rank := func(name string) int {
		switch {
		case matches(acceptRA, name) && s[name] == routersToo:
			return -1 // Before forwarding is switched on; back after it is off.
		case slices.Contains(switches[:], name):
			return 0
		case strings.Contains(name, "/conf/all/"):
			return 1
		case strings.Contains(name, "/conf/default/"):
			return 2
		}
		return 3
	}
	return slices.SortedFunc(maps.Keys(s), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// dotted is the name as sysctl(8) and people write it. One with a dot in it,
// as of a VLAN interface, keeps its slashes.
func dotted(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return strings.ReplaceAll(name, "/", ".")
}

// ofInterface tells whether a setting belongs to one interface, which may not
// exist yet.
func ofInterface(name string) (string, bool) {
	words := strings.Split(name, "/")
	if len(words) < 5 || words[0] != "net" || words[2] != "conf" && words[2] != "neigh" || words[3] == "all" || words[3] == "default" {
		return "", false
	}
	return words[3], true
}
