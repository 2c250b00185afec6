package vrrp

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// TestEnvelope: what an advert is sent with besides itself.
func TestEnvelope(t *testing.T) {
	link := netip.MustParseAddr("fe80::5")
	group := netip.MustParseAddr("224.0.0.77")
	mac := [6]byte{0, 0, 0x5e, 0, 1, 51}
	own := func(s Subinterface) func(*Instance) {
		return func(in *Instance) { s.Name, s.MAC = "vrrp.51", mac; in.Own = &s }
	}
	type envelope struct {
		Src, Dst netip.Addr
		TTL      uint8
		MAC      [6]byte
	}
	tests := []struct {
		name   string
		change func(*Instance)
		want   []envelope
	}{
		{"P-02 P-03 P-05 from the interface's address to the group", func(*Instance) {}, []envelope{{Src: ours, Dst: advert.Group4}}},
		{"P-06 P-07 the same over IPv6", ipv6, []envelope{{Src: link, Dst: advert.Group6}}},
		{"K-49 to another group", func(in *Instance) { in.Wire.Group = group }, []envelope{{Src: ours, Dst: group}}},
		{"K-49 from another source", func(in *Instance) { in.Source = lower }, []envelope{{Src: lower, Dst: advert.Group4}}},
		{"K-14 to each peer, with unicast_ttl", func(in *Instance) { in.Peers, in.Wire.UnicastTTL = []netip.Addr{lower, higher}, 7 },
			[]envelope{{Src: ours, Dst: lower, TTL: 7}, {Src: ours, Dst: higher, TTL: 7}}},
		{"P-05 unicast_ttl is of unicast", func(in *Instance) { in.Wire.UnicastTTL = 7 }, []envelope{{Src: ours, Dst: advert.Group4}}},
		{"P-19 K-40 with the virtual MAC", own(Subinterface{}), []envelope{{Src: ours, Dst: advert.Group4, MAC: mac}}},
		{"K-40 vmac_xmit_base: with the interface's MAC", own(Subinterface{XmitBase: true}), []envelope{{Src: ours, Dst: advert.Group4}}},
		{"K-40 an ipvlan has no MAC of its own", own(Subinterface{Kind: IPVLAN}), []envelope{{Src: ours, Dst: advert.Group4}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVictim(t, tt.change, false)
			v.step(v.in, Takeover{"test"})
			var got []envelope
			for _, out := range v.batch {
				got = append(got, envelope{out.Src, out.Dst, out.TTL, out.MAC})
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestHeaderIsComplete: what an authentication header signs is in our hands.
func TestHeaderIsComplete(t *testing.T) {
	t.Run("K-08 K-43 an IPv4 header that the kernel need not complete", func(t *testing.T) {
		v := newVictim(t, header, true)
		s := newSpeaker(ours, header)
		for want := uint16(1); want <= 3; want++ {
			f := s.say(t, advert.Group4, 100, epoch.Add(time.Second))
			b := f.Header
			if got := uint16(b[4])<<8 | uint16(b[5]); got != want || int(b[2])<<8|int(b[3]) != len(b)+len(f.Payload) || b[8] != 255 || b[1] != 0xc0 || b[6] != 0 {
				t.Errorf("advert %d: header % x", want, b)
			}
		}
		if v.in.counters.Sent != 1 {
			t.Errorf("sent %d", v.in.counters.Sent)
		}
	})
	t.Run("K-08 the identification is never zero", func(t *testing.T) {
		s := newSpeaker(ours, header)
		s.guard.id = 1<<16 - 1
		if f := s.say(t, advert.Group4, 100, epoch); f.Header[4] != 0 || f.Header[5] != 1 {
			t.Errorf("header % x", f.Header)
		}
	})
}
