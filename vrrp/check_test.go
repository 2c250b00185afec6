package vrrp

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

var secret = Password{'s', 'e', 'c', 'r', 'e', 't'}

func v2(in *Instance)      { in.Version = V2 }
func auth(in *Instance)    { in.Version, in.Auth = V2, secret }
func unicast(in *Instance) { in.Peers = []netip.Addr{higher} }

// checked and bounded make an instance particular about its peer.
func checked(in *Instance) { unicast(in); in.Wire.CheckSource = true }
func bounded(in *Instance) {
	checked(in)
	in.Wire.PeerTTL = map[netip.Addr]TTLBounds{higher: {250, 252}}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Instance)
		advert func(*advert.Advert)
		src    netip.Addr
		dst    netip.Addr
		ttl    uint8
		want   advert.Drop
	}{
		{name: "control: version 3", want: advert.Accepted},
		{name: "control: version 2", change: v2, want: advert.Accepted},
		{name: "control: version 2 with a password", change: auth, want: advert.Accepted},
		{name: "control: unicast", change: unicast, dst: ours, want: advert.Accepted},
		{name: "R-02 version 2 at a version 3 instance", advert: func(a *advert.Advert) { a.Version = 2 }, want: advert.Version},
		{name: "R-02 version 3 at a version 2 instance", change: v2, advert: func(a *advert.Advert) { a.Version = 3 }, want: advert.Version},
		{name: "R-13 K-12 O-12 version 2 with another interval", change: v2, advert: func(a *advert.Advert) { a.Interval *= 2 }, want: advert.IntervalMismatch},
		{name: "R-11 K-12 version 3 with another interval is kept", advert: func(a *advert.Advert) { a.Interval *= 2 }, want: advert.Accepted},
		{name: "P-21 R-15 password at an instance without", change: v2, advert: func(a *advert.Advert) { a.AuthType = 1 }, want: advert.AuthType},
		{name: "R-15 no password at an instance with one", change: auth, advert: func(a *advert.Advert) { a.AuthType = 0 }, want: advert.AuthType},
		{name: "R-15 K-07 wrong password", change: auth, advert: func(a *advert.Advert) { a.Auth[7] = 'x' }, want: advert.AuthFail},
		{name: "K-15 O-17 unicast to a multicast instance", dst: ours, want: advert.CastMismatch},
		{name: "K-15 O-17 multicast to a unicast instance", change: unicast, want: advert.CastMismatch},
		{name: "from our own address", src: ours, want: advert.OwnAddress},
		{name: "R-14 O-13 nor is it dropped in version 2, where RFC 3768 does, as in keepalived 2.4", change: v2, advert: func(a *advert.Advert) { a.Addresses[0] = higher }, want: advert.Accepted},
		{name: "K-45 O-08 an owner that ignores adverts hears nobody", change: func(in *Instance) { in.Priority, in.Manners.OwnerIgnoresAdverts = 255, true }, want: advert.Owner},
		{name: "R-07 O-07 any other owner hears others", change: func(in *Instance) { in.Priority = 255 }, advert: func(a *advert.Advert) { a.Priority = 255 }, want: advert.Accepted},
		{name: "O-16 K-15 unicast from no peer where the source is checked", change: checked, src: lower, dst: ours, want: advert.UnknownPeer},
		{name: "O-14 K-14 from a peer with any TTL", change: checked, dst: ours, ttl: 64, want: advert.Accepted},
		{name: "K-14 from a peer with too low a TTL", change: bounded, dst: ours, ttl: 249, want: advert.TTL},
		{name: "K-14 from a peer with too high a TTL", change: bounded, dst: ours, ttl: 253, want: advert.TTL},
		{name: "K-14 from a peer with the lowest TTL", change: bounded, dst: ours, ttl: 250, want: advert.Accepted},
		{name: "K-14 from a peer with the highest TTL", change: bounded, dst: ours, ttl: 252, want: advert.Accepted},
		{name: "K-14 bounds count only where the source is checked", change: func(in *Instance) { bounded(in); in.Wire.CheckSource = false }, dst: ours, ttl: 1, want: advert.Accepted},
		{name: "R-12 K-11 O-04 another address list is kept", advert: func(a *advert.Advert) { a.Addresses[0] = higher }, want: advert.Accepted},
		{name: "K-15 O-15 unicast from no peer is kept, as in keepalived", change: unicast, src: lower, dst: ours, want: advert.Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			if tt.change != nil {
				tt.change(&in)
			}
			a := in.advert(200)
			if tt.advert != nil {
				tt.advert(&a)
			}
			if !tt.src.IsValid() {
				tt.src = higher
			}
			if !tt.dst.IsValid() {
				tt.dst = advert.Group4
			}
			if tt.ttl == 0 {
				tt.ttl = 255
			}
			if got := in.Check(a, Frame{Src: tt.src, Dst: tt.dst, TTL: tt.ttl}, ours); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestOddities(t *testing.T) {
	second := netip.MustParseAddr("10.20.0.98")
	two := func(in *Instance) {
		in.Addresses = append(in.Addresses, Address{Prefix: netip.PrefixFrom(second, 24)})
	}
	tests := []struct {
		name   string
		change func(*Instance)
		advert func(*advert.Advert)
		want   []Oddity
	}{
		{name: "none"},
		{name: "P-18 the order of addresses is no difference", change: two, advert: func(a *advert.Advert) { slices.Reverse(a.Addresses) }},
		{name: "R-12 K-11 O-04 another address", advert: func(a *advert.Advert) { a.Addresses[0] = second }, want: []Oddity{OddAddresses}},
		{name: "R-12 K-11 O-05 one address more", advert: func(a *advert.Advert) { a.Addresses = append(a.Addresses, second) }, want: []Oddity{OddAddresses}},
		{name: "R-12 K-11 one address less", change: two, advert: func(a *advert.Advert) { a.Addresses = a.Addresses[:1] }, want: []Oddity{OddAddresses}},
		{name: "R-11 Q-07 another interval", advert: func(a *advert.Advert) { a.Interval = 2 * time.Second }, want: []Oddity{OddInterval}},
		{name: "K-15 unicast from no peer", change: func(in *Instance) { in.Peers = []netip.Addr{lower} }, want: []Oddity{OddPeer}},
		{name: "N-14 R-07 two owners", change: func(in *Instance) { in.Priority = 255 }, advert: func(a *advert.Advert) { a.Priority = 255 }, want: []Oddity{OddOwner}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			if tt.change != nil {
				tt.change(&in)
			}
			a := in.advert(200)
			if tt.advert != nil {
				tt.advert(&a)
			}
			if got := in.Oddities(a, higher, advert.Group4); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestOdditiesOfIPv6(t *testing.T) {
	global, link := netip.MustParseAddr("2001:db8::99"), netip.MustParseAddr("fe80::99")
	peer := netip.MustParseAddr("fe80::b")
	tests := []struct {
		name      string
		addresses []netip.Addr
		src       netip.Addr
		dst       netip.Addr
		want      []Oddity
	}{
		{"P-17 R-10 none", []netip.Addr{link, global}, peer, advert.Group6, nil},
		{"R-10 O-18 the first address is global: heard, as FRR and old files send it", []netip.Addr{global, link}, peer, advert.Group6, []Oddity{OddFirst}},
		{"R-10 O-19 no address is link-local", []netip.Addr{global}, peer, advert.Group6, []Oddity{OddAddresses, OddFirst}},
		{"P-06 O-21 a global source", []netip.Addr{link, global}, global, advert.Group6, []Oddity{OddSource}},
		{"O-21 unicast may have one", []netip.Addr{link, global}, global, peer, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := testInstance()
			in.Addresses = []Address{{Prefix: netip.PrefixFrom(link, 64)}, {Prefix: netip.PrefixFrom(global, 64)}}
			a := in.advert(200)
			a.Addresses = tt.addresses
			if got := in.Oddities(a, tt.src, tt.dst); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
