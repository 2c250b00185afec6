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

func TestCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Instance)
		advert func(*advert.Advert)
		src    netip.Addr
		dst    netip.Addr
		want   advert.Drop
	}{
		{name: "control: version 3", want: advert.Accepted},
		{name: "control: version 2", change: v2, want: advert.Accepted},
		{name: "control: version 2 with a password", change: auth, want: advert.Accepted},
		{name: "control: unicast", change: unicast, dst: ours, want: advert.Accepted},
		{name: "RFC 9568 7.1: version 2 at a version 3 instance", advert: func(a *advert.Advert) { a.Version = 2 }, want: advert.Version},
		{name: "RFC 3768 7.1: version 3 at a version 2 instance", change: v2, advert: func(a *advert.Advert) { a.Version = 3 }, want: advert.Version},
		{name: "RFC 3768 7.1: version 2 with another interval", change: v2, advert: func(a *advert.Advert) { a.Interval *= 2 }, want: advert.IntervalMismatch},
		{name: "RFC 9568 7.1: version 3 with another interval is kept", advert: func(a *advert.Advert) { a.Interval *= 2 }, want: advert.Accepted},
		{name: "RFC 3768 7.1: password at an instance without", change: v2, advert: func(a *advert.Advert) { a.AuthType = 1 }, want: advert.AuthType},
		{name: "RFC 3768 7.1: no password at an instance with one", change: auth, advert: func(a *advert.Advert) { a.AuthType = 0 }, want: advert.AuthType},
		{name: "RFC 3768 7.1: wrong password", change: auth, advert: func(a *advert.Advert) { a.Auth[7] = 'x' }, want: advert.AuthFail},
		{name: "unicast to a multicast instance", dst: ours, want: advert.CastMismatch},
		{name: "multicast to a unicast instance", change: unicast, want: advert.CastMismatch},
		{name: "from our own address", src: ours, want: advert.OwnAddress},
		{name: "RFC 9568 7.1: another address list is kept", advert: func(a *advert.Advert) { a.Addresses[0] = higher }, want: advert.Accepted},
		{name: "unicast from no peer is kept, as in keepalived", change: unicast, src: lower, dst: ours, want: advert.Accepted},
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
			if got := in.Check(a, Frame{Src: tt.src, Dst: tt.dst, TTL: 255}, ours); got != tt.want {
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
		{name: "RFC 9568 5.2.9: the order of addresses is no difference", change: two, advert: func(a *advert.Advert) { slices.Reverse(a.Addresses) }},
		{name: "RFC 9568 7.1: another address", advert: func(a *advert.Advert) { a.Addresses[0] = second }, want: []Oddity{OddAddresses}},
		{name: "RFC 9568 7.1: one address more", advert: func(a *advert.Advert) { a.Addresses = append(a.Addresses, second) }, want: []Oddity{OddAddresses}},
		{name: "RFC 9568 7.1: one address less", change: two, advert: func(a *advert.Advert) { a.Addresses = a.Addresses[:1] }, want: []Oddity{OddAddresses}},
		{name: "RFC 9568 7.1: another interval", advert: func(a *advert.Advert) { a.Interval = 2 * time.Second }, want: []Oddity{OddInterval}},
		{name: "unicast from no peer", change: func(in *Instance) { in.Peers = []netip.Addr{lower} }, want: []Oddity{OddPeer}},
		{name: "RFC 9568 8.3.2: two owners", change: func(in *Instance) { in.Priority = 255 }, advert: func(a *advert.Advert) { a.Priority = 255 }, want: []Oddity{OddOwner}},
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

// TestPasswordIsNotPrinted: no log or dump of a configuration shows it.
func TestPasswordIsNotPrinted(t *testing.T) {
	if got := secret.String(); got != "********" {
		t.Errorf("got %q", got)
	}
	if got := (Password{}).String(); got != "" {
		t.Errorf("no password: got %q", got)
	}
}
