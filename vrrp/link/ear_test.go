package link

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestHearings(t *testing.T) {
	other := ip("224.0.0.200")
	tests := []struct {
		name string
		want []vrrp.Listen
		ears map[ear][]netip.Addr // of eth0
	}{
		{"multicast", []vrrp.Listen{{Interface: "eth0"}}, map[ear][]netip.Addr{{"eth0", overIPv4}: {group}}},
		{"unicast", []vrrp.Listen{{Interface: "eth0", Unicast: true}}, map[ear][]netip.Addr{{"eth0", overIPv4}: nil}},
		{"both, each twice, and another group", []vrrp.Listen{
			{Interface: "eth0", Unicast: true}, {Interface: "eth0"}, {Interface: "eth0", Group: other}, {Interface: "eth0"}, {Interface: "eth0", Unicast: true, Group: ip("224.9.9.9")},
		}, map[ear][]netip.Addr{{"eth0", overIPv4}: {group, other}}},
		{"both families", []vrrp.Listen{{Interface: "eth0"}, {Interface: "eth0", IPv6: true}}, map[ear][]netip.Addr{
			{"eth0", overIPv4}: {group}, {"eth0", overIPv6}: {group6},
		}},
		{"in an AH", []vrrp.Listen{{Interface: "eth0", AuthHeader: true}}, map[ear][]netip.Addr{
			{"eth0", overIPv4}: {group}, {"eth0", inAH}: {group},
		}},
		{"with a macvlan", []vrrp.Listen{{Interface: "eth0", Own: "vrrp.51"}, {Interface: "eth0", IPv6: true, Own: "vrrp6.51"}}, map[ear][]netip.Addr{
			{"eth0", overIPv4}: {group}, {"vrrp.51", overIPv4}: {group},
			{"eth0", overIPv6}: {group6}, {"vrrp6.51", overIPv6}: {group6},
			{"eth0", forFrames}: nil,
		}},
		{"another interface", []vrrp.Listen{{Interface: "eth1"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := hearings(tt.want)["eth0"].ears
			if diff := cmp.Diff(tt.ears, got, cmp.AllowUnexported(ear{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("sockets (-want +got):\n%s", diff)
			}
		})
	}
}

// One family that cannot be heard does not keep the other from it.
func TestDeafInOneFamily(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	heard := make(chan vrrp.Hearing, 100)
	n := NewNetwork(testLog(t))
	// Not a group that can be joined.
	n.Listen([]vrrp.Listen{{Interface: p.near}, {Interface: p.near, IPv6: true, Group: ip("2001:db8::1")}}, func(h vrrp.Hearing) { heard <- h })
	start(t, n.Run)
	h := within(t, heard, "word", func(vrrp.Hearing) bool { return true })
	if h.Deaf != "" || h.Deaf6 == "" {
		t.Errorf("told %+v", h)
	}
	// A group more or less on the same sockets.
	again := make(chan vrrp.Hearing, 100)
	n.Listen([]vrrp.Listen{{Interface: p.near, Group: ip("224.0.0.200")}, {Interface: p.near, IPv6: true}}, func(h vrrp.Hearing) { again <- h })
	if h := within(t, again, "word", func(vrrp.Hearing) bool { return true }); h.Deaf != "" || h.Deaf6 != "" {
		t.Errorf("told %+v", h)
	}
	p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("left")))
	p.inject(t, advertFrom("10.1.0.2", "224.0.0.200", []byte{1, 0, 0x5e, 0, 0, 200}, []byte("joined")))
	wantNext(t, n, []byte("joined"))
}
