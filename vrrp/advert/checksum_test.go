package advert

import (
	"net/netip"
	"testing"
)

// TestSum: which form of the checksum is believed where which is expected.
func TestSum(t *testing.T) {
	peer := netip.MustParseAddr("10.20.0.2")
	v6 := netip.MustParseAddr("fe80::1")
	tests := []struct {
		name     string
		sent     Sum
		expected []Sum
		dst      netip.Addr
		want     Drop
	}{
		{"K-02 by default with the pseudo-header", PseudoHeader, nil, Group4, Accepted},
		{"O-09 K-02 by default not without", MessageOnly, nil, Group4, Checksum},
		{"C-02 K-03 without where that is expected", MessageOnly, []Sum{MessageOnly}, Group4, Accepted},
		{"O-10 K-03 and not with, unlike in keepalived", PseudoHeader, []Sum{MessageOnly}, Group4, Checksum},
		{"K-04 unicast with the real destination", PseudoHeader, nil, peer, Accepted},
		{"K-05 unicast with the group is not the default", OldUnicast, nil, peer, Checksum},
		{"K-05 unless it is expected too", OldUnicast, []Sum{PseudoHeader, OldUnicast}, peer, Accepted},
		{"K-05 with the real destination still", PseudoHeader, []Sum{PseudoHeader, OldUnicast}, peer, Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := valid(3)
			a.Sum = tt.sent
			b, err := a.Marshal(src, tt.dst)
			if err != nil {
				t.Fatal(err)
			}
			got, drop := Parse(b, src, tt.dst, 255, tt.expected...)
			if drop != tt.want || drop == Accepted && got.Sum != tt.sent {
				t.Errorf("%s, read as form %d", drop, got.Sum)
			}
		})
	}

	t.Run("C-04 C-05 IPv6 and version 2 have one form only", func(t *testing.T) {
		for _, a := range []Advert{
			{Version: 2, VRID: 1, Interval: 1e9, Addresses: []netip.Addr{vip}},
			{Version: 3, VRID: 1, Interval: 1e9, Addresses: []netip.Addr{v6}},
		} {
			from, to := src, Group4
			if a.Version == 3 {
				from, to = v6, Group6
			}
			for _, a.Sum = range anySum {
				b, err := a.Marshal(from, to)
				if err != nil {
					t.Fatal(err)
				}
				if _, drop := Parse(b, from, to, 255, MessageOnly); drop != Accepted {
					t.Errorf("version %d written as form %d: %s", a.Version, a.Sum, drop)
				}
			}
		}
	})
}
