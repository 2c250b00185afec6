package conf

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-ha/tandem/vrrp"
)

// named5 is a host with a few names.
var named5 = &Host{Names: Names{
	Tables: map[string]uint32{"web": 100}, Realms: map[string]uint32{"in": 3},
	DSFields: map[string]uint32{"EF": 0xb8}, Groups: map[string]uint32{"uplinks": 7},
}}

// TestRouteValue holds what the kernel is asked for by a line, as ip route asks.
func TestRouteValue(t *testing.T) {
	to, via := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddr("192.0.2.1")
	say := func(which vrrp.Metric, n uint32, lock bool) (m vrrp.Metrics) {
		m.Say(which, n, lock)
		return m
	}
	const link = 253
	tests := []struct {
		name, line string
		want       vrrp.Route
	}{
		{"a gateway", "10.0.0.0/8 via 192.0.2.1", vrrp.Route{To: to, Via: via}},
		{"no gateway is on the link", "10.0.0.0/8 dev eth0", vrrp.Route{To: to, Dev: "eth0", Scope: link}},
		{"a scope", "10.0.0.0/8 dev eth0 scope global", vrrp.Route{To: to, Dev: "eth0"}},
		{"default", "default via 192.0.2.1", vrrp.Route{To: netip.MustParsePrefix("0.0.0.0/0"), Via: via}},
		{"default of IPv6", "inet6 default dev eth0", vrrp.Route{To: netip.MustParsePrefix("::/0"), Dev: "eth0"}},
		{"a kind", "local 10.0.0.0/8 dev lo", vrrp.Route{To: to, Kind: vrrp.Local, Dev: "lo", Scope: 254}},
		{"a dropped network", "unreachable 10.0.0.0/8 metric 9", vrrp.Route{To: to, Kind: vrrp.Unreachable, Metric: 9}},
		{"names", "10.0.0.0/8 via 192.0.2.1 table web tos EF realms in/2 protocol keepalived", vrrp.Route{To: to, Via: via, Table: 100, TOS: 0xb8, Realms: 3<<16 | 2, Protocol: 18}},
		{"built-in names", "10.0.0.0/8 via 192.0.2.1 table local no_track protocol bird", vrrp.Route{To: to, Via: via, Table: 255, Protocol: 12, NoTrack: true}},
		{"src and place", "10.0.0.0/8 via 192.0.2.1 src 192.0.2.9 append onlink", vrrp.Route{To: to, Via: via, Source: netip.MustParseAddr("192.0.2.9"), Place: vrrp.Append, OnLink: true}},
		{"mtu", "10.0.0.0/8 via 192.0.2.1 mtu lock 1400", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricMTU, 1400, true)}},
		{"rtt in eighths of a millisecond", "10.0.0.0/8 via 192.0.2.1 rtt 300ms", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricRTT, 2400, false)}},
		{"rttvar in quarters", "10.0.0.0/8 via 192.0.2.1 rttvar 1.5s", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricRTTVar, 6000, false)}},
		{"rtt as the kernel counts", "10.0.0.0/8 via 192.0.2.1 rtt 300", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricRTT, 300, false)}},
		{"rto_min is locked", "10.0.0.0/8 via 192.0.2.1 rto_min 2s", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricRTOMin, 2000, true)}},
		{"ecn", "10.0.0.0/8 via 192.0.2.1 features ecn", vrrp.Route{To: to, Via: via, Metrics: say(vrrp.MetricFeatures, 1, false)}},
		{"congestion control", "10.0.0.0/8 via 192.0.2.1 congctl lock bbr", vrrp.Route{To: to, Via: via, Congestion: "bbr", LockCongestion: true}},
		{"IPv6", "2001:db8::/32 from 2001:db8:1::/48 via fe80::1 dev eth0 expires 60 pref low ttl-propagate disabled", vrrp.Route{
			To: netip.MustParsePrefix("2001:db8::/32"), From: netip.MustParsePrefix("2001:db8:1::/48"), Via: netip.MustParseAddr("fe80::1"), Dev: "eth0",
			Expires: time.Minute, Preference: vrrp.PreferLow, TTLPropagate: vrrp.Say(false)}},
		{"hops", "10.0.0.0/8 nexthop via 192.0.2.1 weight 5 nexthop dev eth1 onlink realms 4", vrrp.Route{To: to, Hops: []vrrp.Hop{
			{Via: via, Weight: 5}, {Dev: "eth1", OnLink: true, Realms: 4}}}},
		{"a tunnel", "10.0.0.0/8 dev ipip0 encap ip id 0x10 dst 192.0.2.1 ttl 9 tos 10", vrrp.Route{To: to, Dev: "ipip0", Scope: link,
			Encap: vrrp.Encap{Kind: vrrp.EncapIP, ID: 16, Dst: via, TTL: 9, TOS: 0x10}}},
		{"labels", "10.0.0.0/8 via 192.0.2.1 encap mpls 100/200", vrrp.Route{To: to, Via: via,
			Encap: vrrp.Encap{Kind: vrrp.EncapMPLS, Labels: [vrrp.MaxLabels]uint32{100, 200}, Depth: 2}}},
		{"a locator", "2001:db8::/32 dev eth0 encap ila 1:2:3:f", vrrp.Route{To: netip.MustParsePrefix("2001:db8::/32"), Dev: "eth0",
			Encap: vrrp.Encap{Kind: vrrp.EncapILA, Locator: 0x000100020003000f}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &loader{options: Options{Host: named5}}
			e := lineOf(strings.Fields(tt.line))
			r, ok := l.route(e, true)
			if !ok {
				t.Fatal(lines(l.found))
			}
			got, ok := r.value(l, e.Words[0])
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || !ok {
				t.Errorf("%s: %v (-want +got):\n%s", tt.line, ok, diff)
			}
		})
	}
}

func TestRuleValue(t *testing.T) {
	from := netip.MustParsePrefix("192.0.2.0/24")
	span := func(a, b uint32) vrrp.Said[vrrp.Span] { return vrrp.Say(vrrp.Span{First: a, Last: b}) }
	tests := []struct {
		name, line string
		want       vrrp.Rule
	}{
		{"a table by name", "from 192.0.2.0/24 lookup web preference 9", vrrp.Rule{From: from, Table: 100, Preference: 9}},
		{"no preference", "to 192.0.2.0/24 table 5", vrrp.Rule{To: from, Table: 5, Preference: 16384}},
		{"a mark", "not fwmark 0x10 table main priority 0", vrrp.Rule{Not: true, Mark: vrrp.Say(vrrp.MarkMask{Mark: 16, Mask: math.MaxUint32}), Table: 254}},
		{"a mark and its mask", "fwmark 1/0xff table 5 order 1", vrrp.Rule{Mark: vrrp.Say(vrrp.MarkMask{Mark: 1, Mask: 255}), Table: 5, Preference: 1}},
		{"interfaces", "dev eth0 oif eth1 table main sup_pl 0 sup_group uplinks preference 1", vrrp.Rule{IIF: "eth0", OIF: "eth1", Table: 254,
			SuppressPrefix: vrrp.Say(uint8(0)), SuppressGroup: vrrp.Say(uint32(7)), Preference: 1}},
		{"ports and users", "ipproto tcp sport 80 dport 1-9 uidrange 5-6 tunnel-id 77 tos 10 l3mdev preference 1", vrrp.Rule{IPProto: 6, SPort: span(80, 80), DPort: span(1, 9), UIDs: span(5, 6),
			TunnelID: 77, TOS: 0x10, Action: vrrp.LookupVRF, Preference: 1}},
		{"goto", "inet6 preference 5 goto 9", vrrp.Rule{IPv6: true, Preference: 5, Action: vrrp.GoTo, Goto: 9}},
		{"an action", "from 192.0.2.0/24 type prohibit preference 2 protocol 18 no_track", vrrp.Rule{From: from, Preference: 2, Action: vrrp.RuleProhibit, Protocol: 18, NoTrack: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &loader{options: Options{Host: named5}}
			e := lineOf(strings.Fields(tt.line))
			r, ok := l.policyRule(e, true)
			if !ok {
				t.Fatal(lines(l.found))
			}
			if got, ok := r.value(l, e.Words[0]); got != tt.want || !ok {
				t.Errorf("%s: %v\n got %+v\nwant %+v", tt.line, ok, got, tt.want)
			}
		})
	}
}

// A name that the host has no number for costs the line.
func TestNameWithoutNumber(t *testing.T) {
	const file = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress { 192.0.2.1 }\n" +
		" virtual_routes {\n  10.0.0.0/8 dev eth0 table wbe\n  10.1.0.0/16 dev eth0 table web\n }\n}\n"
	f, found := ReadText("f", []byte(file), Options{Host: named5})
	want := `f:6:3: error: vrrp_instance A: route "10.0.0.0/8" is ignored: this host has no number for table "wbe" (did you mean web?)`
	if got := lines(found); !strings.Contains(got, want) {
		t.Errorf("found %s", got)
	}
	if got := f.Config().VRRP.Instances[0].Routes; len(got) != 1 || got[0].Table != 100 {
		t.Errorf("routes %v", got)
	}
}

// Names of interfaces of instances are each another's.
func TestOwnNames(t *testing.T) {
	const file = `
global_defs { vmac_prefix vip
 vmac_addr_prefix a }
vrrp_instance A { interface eth0
 virtual_router_id 1
 use_vmac
 use_vmac_addr
 virtual_ipaddress { 192.0.2.1 } }
vrrp_instance B { interface eth1
 virtual_router_id 1
 use_vmac
 virtual_ipaddress { 192.0.2.2 } }
vrrp_instance C { interface eth1
 virtual_router_id 2
 use_vmac name vip.1
 virtual_ipaddress { 192.0.2.3 } }
vrrp_instance D { interface eth1
 virtual_router_id 3
 use_vmac 02:00:00:00:00:09
 use_ipvlan
 unicast_peer { 192.0.2.77 }
 virtual_ipaddress { 192.0.2.4 } }
vrrp_instance E { interface eth0
 virtual_router_id 1
 use_vmac
 track_interface { vip.3
  eth7 }
 virtual_ipaddress { 2001:db8::1 } }
`
	f, found := ReadText("f", []byte(file), Options{})
	var got []*vrrp.Subinterface
	for _, in := range f.Config().VRRP.Instances {
		got = append(got, in.Own)
	}
	want := []*vrrp.Subinterface{
		{Name: "vip.1", MAC: [6]byte{0, 0, 0x5e, 0, 1, 1}, ForAll: true, AddressPrefix: "a.1"},
		{Name: "vip.1-2", MAC: [6]byte{0, 0, 0x5e, 0, 1, 1}},
		nil,
		{Name: "vip.3", MAC: [6]byte{2, 0, 0, 0, 0, 9}, XmitBase: true},
		{Name: "vip6.1", MAC: [6]byte{0, 0, 0x5e, 0, 2, 1}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s\n%s", diff, lines(found))
	}
	if got := f.Config().VRRP.Instances[4].Track; len(got) != 1 || got[0].Name != "eth7" {
		t.Errorf("tracks %v", got)
	}
	for _, text := range []string{"track_interface vip.3 is ignored", `use_vmac is ignored: another instance has an interface "vip.1"`, "use_ipvlan is ignored: there is use_vmac already, in line"} {
		if !strings.Contains(lines(found), text) {
			t.Errorf("found %s, want %s", lines(found), text)
		}
	}
}
