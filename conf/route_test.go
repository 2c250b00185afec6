package conf

import "testing"

func TestRoute(t *testing.T) {
	tests := []lineTest{
		{"an address alone", "192.0.2.1", "192.0.2.1/32"},
		{"a network", "192.0.2.0/24 via 10.0.0.1 dev eth0", "192.0.2.0/24 via 10.0.0.1 dev eth0"},
		{"bits behind the length", "192.0.2.9/24 dev eth0", "192.0.2.0/24 dev eth0"},
		{"keepalived's own order", "src 192.0.2.1 to 10.0.0.0/8 via 192.0.2.254 dev eth0", "10.0.0.0/8 src 192.0.2.1 via 192.0.2.254 dev eth0"},
		{"default of IPv6", "inet6 default dev eth0", "inet6 default dev eth0"},
		{"default of IPv6 by its gateway", "default via 2001:db8::1", "inet6 default via 2001:db8::1"},
		{"all is default", "all dev eth0", "default dev eth0"},
		{"a kind", "blackhole 10.0.0.0/8", "blackhole 10.0.0.0/8"},
		{"a kind behind to", "to unreachable 10.0.0.0/8", "unreachable 10.0.0.0/8"},
		{"unicast is no kind", "unicast 10.0.0.0/8 oif eth0", "10.0.0.0/8 dev eth0"},
		{"a metric by each name", "default priority 5 dev eth0 table 0x10", "default metric 5 dev eth0 table 0x10"},
		{"of two the last", "default metric 5 metric 6", "default metric 6"},
		{"locks", "10.0.0.0/8 mtu lock 1400 rtt lock 300ms congctl lock bbr", "10.0.0.0/8 mtu lock 1400 rtt lock 300ms congctl lock bbr"},
		{"the family of a gateway", "default via inet6 fe80::1 dev eth0", "inet6 default via fe80::1 dev eth0"},
		{"hops", "default nexthop via 10.0.0.1 weight 2 nexthop dev eth1 onlink", "default nexthop via 10.0.0.1 weight 2 nexthop dev eth1 onlink"},
		{"or", "10.0.0.0/8 via 192.0.2.1 or 192.0.2.2", "10.0.0.0/8 nexthop via 192.0.2.1 nexthop via 192.0.2.2"},
		{"a tunnel", "10.0.0.0/8 encap ip id 0x10 dst 192.0.2.1 ttl 9 dev ipip0", "10.0.0.0/8 encap ip id 16 dst 192.0.2.1 ttl 9 dev ipip0"},
		{"labels", "10.0.0.0/8 encap mpls 100/200 via 192.0.2.1", "10.0.0.0/8 encap mpls 100/200 via 192.0.2.1"},
		{"a locator", "2001:db8::/64 encap ila 1:2:3:4 dev eth0", "2001:db8::/64 encap ila 1:2:3:4 dev eth0"},
		{"a protocol that is watched", "default dev eth0 protocol 18", "default dev eth0 protocol 18"},
		{"another protocol unwatched", "default dev eth0 no_track protocol bird", "default dev eth0 no_track protocol bird"},

		{"nothing", "dev eth0", `f:1:1: error: route "dev eth0" is ignored: it leads nowhere (write the network that it leads to, or default)`},
		{"a misspelt option", "default vai 10.0.0.1", `f:1:2: error: route "default" is ignored: unknown option "vai" (did you mean via?)`},
		{"a misspelt option before the network", "meric 5 default", `f:1:1: error: route "default" is ignored: unknown option "meric" (did you mean metric?)`},
		{"a metric that is none", "default metric -1", `f:1:3: error: route "default" is ignored: metric "-1": it takes a number from 0 to 4294967295`},
		{"a scope that is none", "default scope lnik", `f:1:3: error: route "default" is ignored: scope "lnik": it takes global, site, link, host, nowhere or a number from 0 to 255 (did you mean link?)`},
		{"no value", "default dev", `f:1:2: error: route "default" is ignored: dev lacks a value`},
		{"no value behind lock", "default mtu lock", `f:1:2: error: route "default" is ignored: mtu lacks a value`},
		{"both families", "10.0.0.0/8 via 2001:db8::1", `f:1:3: error: route "10.0.0.0/8" is ignored: "2001:db8::1" is of IPv6, and what stands before it of IPv4`},
		{"an option of the other family", "10.0.0.0/8 dev eth0 expires 5", `f:1:4: error: route "10.0.0.0/8" is ignored: "expires" is of IPv6, and what stands before it of IPv4`},
		{"from of IPv4", "10.0.0.0/8 from 192.0.2.0/24", `f:1:2: error: route "10.0.0.0/8" is ignored: "from" is of IPv6, and what stands before it of IPv4`},
		{"a second network", "10.0.0.0/8 192.0.2.1", `f:1:2: error: route "10.0.0.0/8" is ignored: unknown option "192.0.2.1"`},
		{"a network that is none", "10.0.0.0/33 dev eth0", `f:1:1: error: route "10.0.0.0/33" is ignored: "10.0.0.0/33" is no network: write IP/LENGTH, or default`},
		{"a weight of 0", "default nexthop via 10.0.0.1 weight 0", `f:1:6: error: route "default" is ignored: weight "0": it takes a number from 1 to 256`},
		{"a hop without a way", "default nexthop weight 2", `f:1:2: error: route "default" is ignored: nexthop lacks its via or dev`},
		{"an option of the route behind a hop", "default nexthop dev eth0 metric 5", `f:1:5: error: route "default" is ignored: unknown option "metric"`},
		{"or without a via", "default or 10.0.0.1", `f:1:2: warning: route "default": or is the old way to say nexthop (write nexthop via IP nexthop via IP)
f:1:2: error: route "default" is ignored: there is no via before it`},
		{"a tunnel without an end", "default encap ip ttl 9", `f:1:3: error: route "default" is ignored: encap ip lacks its dst or id`},
		{"a tunnel of an unknown kind", "default encap gre", `f:1:3: error: route "default" is ignored: encap "gre": it takes ip, ip6, mpls or ila`},
		{"a tunnel to the other family", "default encap ip dst 2001:db8::1", `f:1:5: error: route "default" is ignored: dst "2001:db8::1": it takes an IPv4 address`},
		{"a label that is none", "default encap mpls 1048576", `f:1:4: error: route "default" is ignored: encap mpls "1048576": it takes labels up to 1048575 with a / between them`},
		{"a group that is none", "default dev eth0 track_group G", `f:1:5: error: route "default" is ignored: there is no track_group "G" above (write the track_group above)`},
	}
	testLines(t, tests, (*loader).route)
}

// FuzzRoute holds that a route that is understood is written such that it is
// understood as the same.
func FuzzRoute(f *testing.F) {
	fuzzLines(f, (*loader).route,
		"src 192.0.2.1 to 10.0.0.0/8 via inet 192.0.2.254 dev eth0 table 5 metric 0x10",
		"inet6 default via fe80::1 dev eth0 pref high expires 5 mtu lock 1280 rtt lock 1.5s features ecn",
		"blackhole 10.0.0.0/8 tos 0x10 scope link realms a/b no_track protocol bird append",
		"default nexthop via 10.0.0.1 weight 2 encap ip id 1 dst 192.0.2.1 nexthop dev eth1 realms 3",
		"default via 10.0.0.1 or 10.0.0.2 congctl lock bbr encap mpls 1/2",
	)
}
