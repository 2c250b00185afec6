package sysctl

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// A host that forwards IPv6 takes itself for a router and believes no other
// one: where accept_ra is 1, which is the default, the kernel ignores their
// advertisements from then on, and forgets the default routes that it had from
// them the moment that forwarding is switched on for any interface
// (rt6_purge_dflt_routers in net/ipv6/route.c). A director that got its default
// route that way would cut itself off. With 2 it goes on as before, so that is
// set first and given back last.
const (
	acceptRA    = "net/ipv6/conf/*/accept_ra"
	hostsOnly   = "1"
	routersToo  = "2"
	forwardIPv6 = "net/ipv6/conf/*/forwarding"
)

// switchedOn is the first wanted setting of IPv6 forwarding that is off as yet,
// empty when there is none.
func switchedOn(want, have Settings) string {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if matches(forwardIPv6, name) && want[name] != "0" && have[name] == "0" {
			return name
		}
	}
	return ""
}

// believers are the settings among have that must change before forwarding is
// switched on, in order; conf/default is that of interfaces which come later.
func believers(want, have Settings) (names []string) {
	for name, value := range have {
		_, wanted := want[name]
		if matches(acceptRA, name) && value == hostsOnly && !wanted && !strings.Contains(name, "/all/") && !strings.Contains(name, "/lo/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// keepsRoutes tells that a setting is to stay for IPv6 forwarding that is
// wanted, whichever switch of it took the setting along.
func keepsRoutes(name string, want Settings) bool {
	if !matches(acceptRA, name) {
		return false
	}
	for other, value := range want {
		if matches(forwardIPv6, other) && value != "0" {
			return true
		}
	}
	return false
}

func (k *Keeper) sayAdvertised(names []string, now Settings) {
	var interfaces []string
	for _, name := range names {
		if now[name] == routersToo {
			interfaces = append(interfaces, strings.Split(name, "/")[3])
		}
	}
	if len(interfaces) > 0 {
		k.log.Info("IPv6 forwarding ends default routes of router advertisements; accept_ra is 2 meanwhile, so that they stay", "interfaces", interfaces)
	}
}

func matches(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // The patterns are good ones.
	return ok
}
