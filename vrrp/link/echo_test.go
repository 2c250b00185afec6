package link

import (
	"bytes"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// What we sent and a loop in the network brings back is nobody else's: the
// kernel drops it over IPv4, and over IPv6 the router knows its own address.
func TestOwnAdvertsThatComeBack(t *testing.T) {
	tests := []struct {
		name    string
		address string
		mac     [6]byte
		is      func([]byte) bool
		counted bool
	}{
		{"over IPv4", "10.1.0.99/24", [6]byte{}, isAdvert, false},
		{"over IPv6", "fe80::99/64", [6]byte{}, isAdvert6, true},
		{"over IPv4 with a virtual MAC", "10.1.0.99/24", vmac51, isAdvert, false},
		{"over IPv6 with a virtual MAC", "fe80::99/64", [6]byte{0, 0, 0x5e, 0, 2, 51}, isAdvert6, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
			own := linkLocal(t, p.near)
			in := vrrp.Instance{
				Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 255, Interval: time.Second, Interface: p.near,
				Addresses: vips(tt.address), Announce: vrrp.DefaultAnnounce,
			}
			if tt.mac != ([6]byte{}) {
				in.Own = &vrrp.Subinterface{Name: "vrrp.51", MAC: tt.mac}
			}
			frames := p.listen(t, 3) // ETH_P_ALL
			n, h := NewNetwork(testLog(t)), startHost(t)
			r := vrrp.NewRouter(vrrp.Config{Instances: []vrrp.Instance{in}}, n, h, testLog(t))
			start(t, r.Run)
			start(t, n.Run)
			r.SetLink(vrrp.LinkState{Name: p.near, Exists: true, Up: true, Primary: ip("10.1.0.1"), Primary6: own})
			f := within(t, frames, "an advert", tt.is)
			if tt.mac != ([6]byte{}) && !bytes.Equal(f[6:12], tt.mac[:]) {
				t.Errorf("from MAC %x", f[6:12])
			}
			p.inject(t, f)
			// One of another router is counted once what came before it was looked at.
			stray := advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte{0x31, 52, 200, 1, 0, 100, 0, 0, 10, 1, 0, 98})
			if tt.counted {
				stray = advertFrom6(ip("fe80::2"), group6, 255, group6MAC, []byte{0x31, 52, 200, 1, 0, 100, 0, 0})
			}
			p.inject(t, stray)
			eventually(t, "the stray", func() bool { return r.Strays()["vrid"] > 0 })
			s := r.Snapshot()[0]
			if s.State != vrrp.Master || s.Counters.Received != 0 {
				t.Errorf("%s, %d heard", s.State, s.Counters.Received)
			}
			// With a virtual MAC it goes to the macvlan, which may not be listened to yet.
			if got := s.Counters.Drops["own-address"]; (got > 0) != tt.counted && tt.mac == ([6]byte{}) {
				t.Errorf("dropped: %v", s.Counters.Drops)
			}
			h.Forget("VI_1")
		})
	}
}
