package link

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// shown is what ip shows of the host, a line each, sorted by ip.
func shown(t testing.TB, args ...string) []string {
	t.Helper()
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "does not exist") {
		t.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		list = append(list, strings.Join(strings.Fields(line), " "))
	}
	return list
}

func wantShown(t testing.TB, want []string, args ...string) {
	t.Helper()
	if diff := cmp.Diff(want, shown(t, args...)); diff != "" {
		t.Errorf("ip %s (-want +got):\n%s", strings.Join(args, " "), diff)
	}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// Every option of a route reaches the kernel and is told from others there.
func TestRoutes(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	addAddress(t, p.near, "2001:db8:1::1/64")
	waitKernel(t, "an IPv6 address", func() bool { return len(shown(t, "-6", "addr", "show", "dev", p.near, "tentative")) == 0 })
	metrics := func(say ...func(*vrrp.Metrics)) (m vrrp.Metrics) {
		for _, f := range say {
			f(&m)
		}
		return m
	}
	tests := []struct {
		name  string
		route vrrp.Route
		show  []string // what to ask ip
		want  string   // %s: the interface
	}{
		{"by a gateway", vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("10.1.0.2")},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 via 10.1.0.2 dev %s proto 112"},
		{"default in a table with metric and source", vrrp.Route{To: prefix("0.0.0.0/0"), Via: ip("10.1.0.2"), Dev: p.near, Table: 100, Metric: 7, Source: ip("10.1.0.1")},
			[]string{"route", "show", "table", "100"}, "default via 10.1.0.2 dev %s proto 112 src 10.1.0.1 metric 7"},
		{"without a gateway", vrrp.Route{To: prefix("192.0.2.0/24"), Dev: p.near, Scope: unix.RT_SCOPE_LINK, TOS: 0x10},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 tos 0x10 dev %s proto 112 scope link"},
		{"blackhole", vrrp.Route{To: prefix("192.0.2.0/24"), Kind: vrrp.Blackhole},
			[]string{"route", "show", "192.0.2.0/24"}, "blackhole 192.0.2.0/24 proto 112"},
		{"prohibit of IPv6", vrrp.Route{To: prefix("2001:db8:2::/48"), Kind: vrrp.Prohibit},
			[]string{"-6", "route", "show", "2001:db8:2::/48"}, "prohibit 2001:db8:2::/48 dev lo proto 112 metric 1024 pref medium"},
		{"metrics", vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("10.1.0.2"), Congestion: "reno", Metrics: metrics(
			func(m *vrrp.Metrics) { m.Say(vrrp.MetricMTU, 1400, true) },
			func(m *vrrp.Metrics) { m.Say(vrrp.MetricAdvMSS, 1200, false) },
			func(m *vrrp.Metrics) { m.Say(vrrp.MetricRTOMin, 300, false) })},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 via 10.1.0.2 dev %s proto 112 mtu lock 1400 advmss 1200 rto_min 300ms congctl reno"},
		{"several ways", vrrp.Route{To: prefix("192.0.2.0/24"), Hops: []vrrp.Hop{{Via: ip("10.1.0.2"), Weight: 3}, {Via: ip("10.1.0.3"), Dev: p.near}}},
			[]string{"-o", "route", "show", "192.0.2.0/24"}, `192.0.2.0/24 proto 112 \ nexthop via 10.1.0.2 dev %s weight 3 \ nexthop via 10.1.0.3 dev %s weight 1`},
		{"several ways of IPv6", vrrp.Route{To: prefix("2001:db8:2::/48"), Metric: 5, Hops: []vrrp.Hop{{Via: ip("2001:db8:1::2")}, {Via: ip("2001:db8:1::3"), Dev: p.near}}},
			[]string{"-6", "-o", "route", "show", "2001:db8:2::/48"}, `2001:db8:2::/48 proto 112 metric 5 pref medium\ nexthop via 2001:db8:1::2 dev %s weight 1 \ nexthop via 2001:db8:1::3 dev %s weight 1`},
		{"preference and expiry of IPv6", vrrp.Route{To: prefix("2001:db8:2::/48"), Via: ip("2001:db8:1::2"), Preference: vrrp.PreferHigh},
			[]string{"-6", "route", "show", "2001:db8:2::/48"}, "2001:db8:2::/48 via 2001:db8:1::2 dev %s proto 112 metric 1024 pref high"},
		{"by a gateway of IPv6", vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("2001:db8:1::2"), Dev: p.near},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 via inet6 2001:db8:1::2 dev %s proto 112"},
		{"on the link whatever", vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("198.51.100.1"), Dev: p.near, OnLink: true},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 via 198.51.100.1 dev %s proto 112 onlink"},
		{"of keepalived's protocol", vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("10.1.0.2"), Protocol: 18},
			[]string{"route", "show", "192.0.2.0/24"}, "192.0.2.0/24 via 10.1.0.2 dev %s proto keepalived"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := startHost(t)
			w := vrrp.Wish{Interface: p.near, Routes: []vrrp.Route{tt.route}, Present: true}
			h.Want("VI_1", w)
			h.flush(t)
			wantShown(t, []string{strings.ReplaceAll(tt.want, "%s", p.near)}, tt.show...)
			h.flush(t) // finds it there
			wantShown(t, []string{strings.ReplaceAll(tt.want, "%s", p.near)}, tt.show...)
			w.Present = false
			h.Want("VI_1", w)
			h.flush(t)
			wantShown(t, nil, tt.show...)
		})
	}
}

// The route of another program with the same key stays where it is, behind ours.
func TestRouteBeforeAnother(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	theirs := &netlink.Route{Dst: netlink.NewIPNet(ip("192.0.2.1").AsSlice()), Gw: ip("10.1.0.2").AsSlice(), Protocol: unix.RTPROT_STATIC}
	must(t, netlink.RouteAdd(theirs))
	h := startHost(t)
	h.Want("VI_1", vrrp.Wish{Interface: p.near, Routes: []vrrp.Route{{To: prefix("192.0.2.1/32"), Via: ip("10.1.0.3")}}, Present: true})
	h.flush(t)
	wantShown(t, []string{
		"192.0.2.1 via 10.1.0.3 dev " + p.near + " proto 112",
		"192.0.2.1 via 10.1.0.2 dev " + p.near + " proto static",
	}, "route", "show", "192.0.2.1")
	h.Forget("VI_1")
	h.flush(t)
	wantShown(t, []string{"192.0.2.1 via 10.1.0.2 dev " + p.near + " proto static"}, "route", "show", "192.0.2.1")
}

// A route speaks from a virtual address: it comes after that and goes before it.
// One that others remove is put back; one with no_track is not.
func TestRouteLife(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	w := vrrp.Wish{
		Interface: p.near, Addresses: vips("10.1.0.99/24"), Present: true,
		Routes: []vrrp.Route{
			{To: prefix("192.0.2.0/24"), Via: ip("10.1.0.2"), Source: ip("10.1.0.99")},
			{To: prefix("198.51.100.0/24"), Via: ip("10.1.0.2"), NoTrack: true},
		},
		Rules: []vrrp.Rule{{Preference: 100, From: prefix("10.1.0.99/32"), Table: 100}},
	}
	h.Want("VI_1", w)
	h.flush(t)
	ours := "192.0.2.0/24 via 10.1.0.2 dev " + p.near + " proto 112 src 10.1.0.99"
	wantShown(t, []string{ours}, "route", "show", "192.0.2.0/24")
	wantShown(t, []string{"100: from 10.1.0.99 lookup 100 proto 112"}, "rule", "show", "pref", "100")

	shown(t, "route", "del", "198.51.100.0/24")
	shown(t, "route", "del", "192.0.2.0/24")
	shown(t, "rule", "del", "pref", "100")
	eventually(t, "the route and the rule are back", func() bool {
		return len(shown(t, "route", "show", "192.0.2.0/24")) == 1 && len(shown(t, "rule", "show", "pref", "100")) == 1
	})
	shown(t, "route", "replace", "192.0.2.0/24", "via", "10.1.0.7", "proto", "static")
	eventually(t, "the route is in front again", func() bool {
		list := shown(t, "route", "show", "192.0.2.0/24")
		return len(list) == 2 && list[0] == ours
	})
	shown(t, "route", "del", "192.0.2.0/24", "proto", "static")
	wantShown(t, nil, "route", "show", "198.51.100.0/24")

	setUp(t, p.near, false) // The kernel takes the routes away and tells of none.
	setUp(t, p.near, true)
	eventually(t, "the route is back with the link", func() bool { return len(shown(t, "route", "show", "192.0.2.0/24")) == 1 })

	changed := w.Routes[0]
	changed.Metrics.Say(vrrp.MetricMTU, 1400, false)
	w.Routes = []vrrp.Route{changed}
	h.Want("VI_1", w)
	h.flush(t)
	wantShown(t, []string{ours + " mtu 1400"}, "route", "show", "192.0.2.0/24")

	w.Present = false
	h.Want("VI_1", w)
	h.flush(t)
	wantShown(t, nil, "route", "show", "192.0.2.0/24")
	wantShown(t, nil, "rule", "show", "pref", "100")
	wantOn(t, p.near, "10.1.0.1/24")
}

func TestRules(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	span := func(a, b uint32) vrrp.Said[vrrp.Span] { return vrrp.Say(vrrp.Span{First: a, Last: b}) }
	tests := []struct {
		name string
		rule vrrp.Rule
		want string
	}{
		{"to a table", vrrp.Rule{From: prefix("10.1.0.0/24"), To: prefix("192.0.2.0/24"), Table: 100}, "from 10.1.0.0/24 to 192.0.2.0/24 lookup 100 proto 112"},
		{"of IPv6", vrrp.Rule{IPv6: true, From: prefix("2001:db8::/32"), Table: 1000}, "from 2001:db8::/32 lookup 1000 proto 112"},
		{"not by a mark", vrrp.Rule{Not: true, Mark: vrrp.Say(vrrp.MarkMask{Mark: 5, Mask: 0xff}), Table: 100}, "not from all fwmark 0x5/0xff lookup 100 proto 112"},
		{"by interfaces, with suppression", vrrp.Rule{IIF: p.near, OIF: "none0", SuppressPrefix: vrrp.Say(uint8(0)), SuppressGroup: vrrp.Say(uint32(3)), Table: 254},
			"from all iif " + p.near + " oif none0 [detached] lookup main suppress_prefixlength 0 suppress_ifgroup 3 proto 112"},
		{"by users and ports", vrrp.Rule{UIDs: span(10, 20), IPProto: 6, SPort: span(80, 80), DPort: span(1000, 2000), Table: 100},
			"from all uidrange 10-20 ipproto tcp sport 80 dport 1000-2000 lookup 100 proto 112"},
		{"goto", vrrp.Rule{Action: vrrp.GoTo, Goto: 32766, TOS: 0x10}, "from all tos 0x10 goto 32766 proto 112"},
		{"prohibit", vrrp.Rule{Action: vrrp.RuleProhibit, From: prefix("10.9.0.0/16")}, "from 10.9.0.0/16 prohibit proto 112"},
		{"nop", vrrp.Rule{Action: vrrp.Nop}, "from all nop proto 112"},
		{"table of the VRF", vrrp.Rule{Action: vrrp.LookupVRF}, "from all lookup [l3mdev-table] proto 112"},
		{"of a tunnel", vrrp.Rule{TunnelID: 77, Table: 100, Protocol: 18}, "from all tun_id 77 lookup 100 proto keepalived"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := startHost(t)
			tt.rule.Preference = 4711
			family := "-4"
			if tt.rule.IPv6 {
				family = "-6"
			}
			w := vrrp.Wish{Interface: p.near, Rules: []vrrp.Rule{tt.rule}, Present: true}
			h.Want("VI_1", w)
			h.flush(t)
			h.flush(t)
			wantShown(t, []string{"4711: " + tt.want}, family, "rule", "show", "pref", "4711")
			w.Present = false
			h.Want("VI_1", w)
			h.flush(t)
			wantShown(t, nil, family, "rule", "show", "pref", "4711")
		})
	}
}

// What a run that crashed has left goes at the start, and nothing else.
func TestSweepOfPaths(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	shown(t, "route", "add", "192.0.2.0/24", "via", "10.1.0.2", "proto", "112")
	shown(t, "route", "add", "198.51.100.0/24", "via", "10.1.0.2", "proto", "static")
	shown(t, "rule", "add", "from", "10.1.0.99", "lookup", "100", "pref", "100", "proto", "112")
	h := startHost(t)
	h.Sweep()
	h.flush(t)
	wantShown(t, nil, "route", "show", "192.0.2.0/24")
	wantShown(t, []string{"198.51.100.0/24 via 10.1.0.2 dev " + p.near + " proto static"}, "route", "show", "198.51.100.0/24")
	wantShown(t, nil, "rule", "show", "pref", "100")
}

// A route that the kernel refuses is named, and the others are there.
func TestRouteRefused(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	h.Want("VI_1", vrrp.Wish{Interface: p.near, Present: true, Routes: []vrrp.Route{
		{To: prefix("192.0.2.0/24"), Via: ip("203.0.113.1")},
		{To: prefix("198.51.100.0/24"), Via: ip("10.1.0.2")},
		{To: prefix("198.18.0.0/15"), Dev: "none0"},
	}})
	err := h.Flush(t.Context())
	for _, want := range []string{"add route 192.0.2.0/24 via 203.0.113.1 (vrrp_instance VI_1)", "unreachable", "none0", "no such interface"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("flush: %v, want %q in it", err, want)
		}
	}
	wantShown(t, []string{"198.51.100.0/24 via 10.1.0.2 dev " + p.near + " proto 112"}, "route", "show", "198.51.100.0/24")
}

// run runs a program and returns what it says.
func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}
