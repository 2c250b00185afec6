package realserver

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// good is a real server that is set up as wished.
func good(w Wish) Facts {
	f := bare()
	for _, s := range plan(f, w) {
		if !s.Done {
			f.carry(s)
		}
	}
	f.Probed = []string{"eth0"}
	for _, vip := range w.VIPs {
		f.Answers = append(f.Answers, Answer{VIP: vip, Device: "eth0", MAC: "02:00:00:00:00:11"})
	}
	return f
}

func (f *Facts) at(name string) *Link {
	return &f.Links[slices.IndexFunc(f.Links, func(l Link) bool { return l.Name == name })]
}

// second is another interface, with a strict filter.
var second = Link{Name: "eth1", Up: true, Settings: Settings{RPFilter: 1}}

// One thing is wrong at a time, and exactly that is said.
func TestJudge(t *testing.T) {
	tests := []struct {
		name     string
		wish     Wish
		breaks   func(*Facts, *Wish)
		severity Severity // Of the only finding that is no PASS; empty where there is none.
		check    Check
		says     string
	}{
		{"all is well", wish(DR, vip4, vip6), nil, "", "", ""},
		{"no VIP", wish(DR, vip6), func(f *Facts, _ *Wish) { f.at("lo").Addresses = nil }, Fail, VIPPresent, "not on this host"},
		{"the VIP's device is down", wish(DR, vip4), func(f *Facts, _ *Wish) { f.at("lo").Up = false }, Fail, VIPPresent, "not on this host"},
		{"a VIP with neighbours", wish(DR, vip6), func(f *Facts, _ *Wish) {
			f.at("lo").Addresses = nil
			f.at("eth0").Addresses = append(f.at("eth0").Addresses, Address{Prefix: host(vip6)})
		}, Fail, VIPPlace, "ip address del 2001:db8:1::80/128 dev eth0"},
		{"a wide prefix", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.at("lo").Addresses = []Address{{Prefix: netip.PrefixFrom(vip4, 24), Host: true}}
		}, Fail, VIPPrefix, "all of 192.0.2.0/24 local"},
		{"arp_ignore 0", wish(DR, vip4), func(f *Facts, _ *Wish) { f.All.ARPIgnore = 0 }, Fail, ARPIgnore, "eth0 (arp_ignore 0)"},
		{"arp_ignore 5, which means nothing", wish(DR, vip4), func(f *Facts, _ *Wish) { f.at("eth0").ARPIgnore = 5 }, Fail, ARPIgnore, "eth0 (arp_ignore 5)"},
		{"arp_ignore 3 with scope host", wish(DR, vip4), func(f *Facts, _ *Wish) { f.at("eth0").ARPIgnore = 3 }, "", "", ""},
		{"arp_ignore 3 with scope global", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.at("eth0").ARPIgnore = 3
			f.at("lo").Addresses[0].Host = false
		}, Fail, ARPIgnore, "eth0 (arp_ignore 3)"},
		{"the interface's own settings do", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.All, f.at("eth0").Settings = Settings{}, Settings{ARPIgnore: 1, ARPAnnounce: 2}
		}, "", "", ""},
		{"arp_announce 1", wish(DR, vip4), func(f *Facts, _ *Wish) { f.All.ARPAnnounce = 1 }, Fail, ARPAnnounce, "eth0 (arp_announce 1)"},
		{"arptables does instead", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.All = Settings{}
			f.Filters = []Filter{{By: "arptables", Target: host(vip4)}, {By: "arptables", Target: host(vip4), Out: true, Device: "eth0"}}
		}, "", "", ""},
		{"static, and it answers", func() Wish { w := wish(DR, vip4); w.ARP = Static; return w }(), nil, Warn, ARPIgnore, "permanent entry"},
		{"two answer", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.Answers = append(f.Answers, Answer{VIP: vip4, Device: "eth0", MAC: "02:00:00:00:00:22"})
		}, Fail, OneAnswer, "2 hosts on eth0 answer"},
		{"it answers itself", wish(DR, vip4), func(f *Facts, _ *Wish) { f.Answers[0].MAC = f.at("eth0").MAC }, Fail, OneAnswer, "this host itself"},
		{"nobody answers", wish(DR, vip4), func(f *Facts, _ *Wish) { f.Answers = nil }, Warn, OneAnswer, "no director holds it"},
		{"no tunnel", wish(GRE, vip6), func(f *Facts, _ *Wish) {
			f.Links = slices.DeleteFunc(f.Links, func(l Link) bool { return l.Name == "ip6gre0" })
			f.at("eth0").MTU = 9000
		}, Fail, Tunnel, "there is no ip6gre0"},
		{"a tunnel of the administrator's own", wish(TUN, vip4), func(f *Facts, _ *Wish) {
			f.at("tunl0").Name = "mine"
			f.at("eth0").MTU = 9000
		}, "", "", ""},
		{"a port of the other family", wish(GUE, vip4), func(f *Facts, _ *Wish) {
			f.Receivers[0].IP = 6
			f.at("eth0").MTU = 9000
		}, Fail, Unwrapping, "only GUE at port 6080 of IPv6"},
		{"strict by all", wish(TUN, vip4), func(f *Facts, _ *Wish) {
			f.All.RPFilter = 1
			f.at("eth0").MTU = 9000
		}, Fail, RPFilter, "tunl0 is strict"},
		{"loose by its own, with an address", wish(TUN, vip4), func(f *Facts, _ *Wish) {
			f.All.RPFilter, f.at("tunl0").RPFilter, f.at("eth0").MTU = 1, 2, 9000
			f.at("tunl0").Addresses = []Address{{Prefix: host(vip4), Host: true}}
		}, "", "", ""},
		{"loose by its own, without an address", wish(TUN, vip4), func(f *Facts, _ *Wish) {
			f.All.RPFilter, f.at("tunl0").RPFilter, f.at("eth0").MTU = 1, 2, 9000
		}, Fail, RPFilter, "has no IPv4 address"},
		{"strict where directors send", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.Links = append(f.Links, second)
			f.Director = Route{Device: "eth1"}
		}, Fail, RPFilter, "eth1 is strict"},
		{"strict where directors may send", wish(DR, vip4), func(f *Facts, _ *Wish) {
			f.Links = append(f.Links, second)
		}, Warn, RPFilter, "--from"},
		{"no way back", wish(DR, vip4), func(f *Facts, _ *Wish) { f.Replies[0].Problem = "network is unreachable" }, Fail, ReturnRoute, "unreachable"},
		{"back through the director", wish(DR, vip4), func(f *Facts, w *Wish) {
			w.From = netip.MustParseAddr("192.0.2.1")
		}, Fail, ReturnRoute, "drops packets from its own VIP"},
		{"no room for the wrapping", wish(TUN, vip4), nil, Warn, PathMTU, "maxseg size set 1440"},
		{"no room for GUE in IPv6", wish(GUE, vip6), nil, Warn, PathMTU, "maxseg size set 1388"},
		{"room by a rule", wish(TUN, vip4), func(f *Facts, _ *Wish) { f.Clamps = []Clamp{{Size: 1440}} }, "", "", ""},
		{"a rule for another address", wish(TUN, vip4), func(f *Facts, _ *Wish) {
			f.Clamps = []Clamp{{Size: 1440, Source: netip.MustParsePrefix("192.0.2.81/32")}}
		}, Warn, PathMTU, "1520"},
		{"a rule by the route's MTU, which is too large", wish(TUN, vip4), func(f *Facts, _ *Wish) { f.Clamps = []Clamp{{}} }, Warn, PathMTU, "1520"},
		{"nobody listens", wish(DR, vip4), func(_ *Facts, w *Wish) { w.Listen = []Socket{{Port: 80}} }, Fail, Listener, "nobody listens at TCP port 80"},
		{"it listens elsewhere", wish(DR, vip4), func(f *Facts, w *Wish) {
			w.Listen = []Socket{{Port: 80}}
			f.Sockets = []Socket{{Addr: netip.MustParseAddr("192.0.2.21"), Port: 80}}
		}, Fail, Listener, "not at 192.0.2.80"},
		{"it listens on ::", wish(DR, vip4, vip6), func(f *Facts, w *Wish) {
			w.Listen = []Socket{{Port: 53, UDP: true}}
			f.Sockets = []Socket{{Addr: netip.IPv6Unspecified(), Port: 53, UDP: true}}
		}, "", "", ""},
		{"something was not readable", wish(DR, vip4), func(f *Facts, _ *Wish) { f.Unknown = []string{"nftables: no"} }, Warn, Readable, "nftables"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := good(tt.wish)
			if tt.breaks != nil {
				tt.breaks(&f, &tt.wish)
			}
			bad := slices.DeleteFunc(Judge(f, tt.wish), func(f Finding) bool { return f.Severity == Pass })
			if tt.severity == "" {
				if len(bad) > 0 {
					t.Errorf("judged %+v, want nothing", bad)
				}
				return
			}
			if len(bad) != 1 || bad[0].Severity != tt.severity || bad[0].Check != tt.check || !strings.Contains(bad[0].Text+bad[0].Fix, tt.says) {
				t.Errorf("judged %+v, want %s %s %q alone", bad, tt.severity, tt.check, tt.says)
			}
		})
	}
}

// The way of NAT replies is all that counts there.
func TestJudgeNAT(t *testing.T) {
	gateway, client := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.7")
	tests := []struct {
		name string
		way  Route
		want Severity
		says string
	}{
		{"through the director", Route{To: client, Device: "eth0", Gateway: gateway}, Pass, "through 10.0.0.1"},
		{"through the router", Route{To: client, Device: "eth0", Gateway: netip.MustParseAddr("10.0.0.254")}, Fail, "replace default via 10.0.0.1"},
		{"straight to a neighbour", Route{To: client, Device: "eth0"}, Fail, "past the director"},
		{"nowhere", Route{To: client, Problem: "network is unreachable"}, Fail, "unreachable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := bare()
			f.Replies = []Route{tt.way}
			got := Judge(f, Wish{Method: NAT, Gateway: gateway})
			if len(got) != 1 || got[0].Severity != tt.want || got[0].Check != Gateway || !strings.Contains(got[0].Text+got[0].Fix, tt.says) {
				t.Errorf("judged %+v, want %s %q", got, tt.want, tt.says)
			}
		})
	}
}
