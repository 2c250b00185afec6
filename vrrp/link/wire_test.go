package link

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// What a whole director puts on the wire, header by header.
func TestRouterOnTheWire(t *testing.T) {
	tests := []struct {
		name string
		in   vrrp.Instance
		want string // the beginning of the message: version and type, VRID, priority, count, interval
	}{
		{"P-01 P-02 P-03 P-05 P-08 P-09 version 2", vrrp.Instance{Version: vrrp.V2, Interval: time.Second, Addresses: vips("10.1.0.99/24")}, "2133ff010001"},
		{"P-01 P-02 P-03 P-05 P-08 P-09 P-14 version 3 over IPv4", vrrp.Instance{Version: vrrp.V3, Interval: time.Second, Addresses: vips("10.1.0.99/24")}, "3133ff010064"},
		{"P-01 P-05 P-06 P-07 P-08 P-09 P-17 version 3 over IPv6", vrrp.Instance{Version: vrrp.V3, Interval: time.Second, Addresses: vips("fe80::99/64", "2001:db8::99/64")}, "3133ff020064"},
		{"P-03 another group", vrrp.Instance{Version: vrrp.V3, Interval: time.Second, Addresses: vips("10.1.0.99/24"), Wire: vrrp.Wire{Group: ip("224.0.0.200")}}, "3133ff010064"},
		{"P-07 another group over IPv6", vrrp.Instance{Version: vrrp.V3, Interval: time.Second, Addresses: vips("fe80::99/64"), Wire: vrrp.Wire{Group: ip("ff02::114")}}, "3133ff010064"},
		{"K-14 unicast over IPv6 with a hop limit", vrrp.Instance{Version: vrrp.V3, Interval: time.Second, Addresses: vips("fe80::99/64"), Source: ip("2001:db8::1"), Peers: []netip.Addr{ip("2001:db8::2")}, Wire: vrrp.Wire{UnicastTTL: 7}}, "3133ff010064"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
			addAddress6(t, p.near, "2001:db8::1/64")
			p.over(t, func() { addAddress6(t, p.far, "2001:db8::2/64") })
			own := linkLocal(t, p.near)
			frames := p.listen(t, unix.ETH_P_ALL)
			tt.in.Name, tt.in.VRID, tt.in.Priority, tt.in.Interface, tt.in.Announce = "VI_1", 51, 255, p.near, vrrp.DefaultAnnounce
			startRouter(t, tt.in)
			f := heard{t, within(t, frames, "an advert", func(f []byte) bool { return isAdvert(f) || isAdvert6(f) })}
			src, dst, ttl := ip("10.1.0.1"), group, byte(255)
			if tt.in.IPv6() {
				src, dst = own, group6
			}
			if g := tt.in.Wire.Group; g.IsValid() {
				dst = g
			}
			if len(tt.in.Peers) > 0 {
				src, dst, ttl = tt.in.Source, tt.in.Peers[0], tt.in.Wire.UnicastTTL
			}
			f.is(src, dst, ttl, tt.want)
		})
	}
}

// heard is an Ethernet frame with an advert.
type heard struct {
	t testing.TB
	b []byte
}

func (h heard) is(src, dst netip.Addr, ttl byte, begins string) {
	h.t.Helper()
	var f vrrp.Frame
	class := h.b[15]
	if h.b[14]>>4 == 4 {
		f, _ = parseIPv4(h.b[14:])
	} else {
		w := wire(h.b)
		f, class = vrrp.Frame{Src: w.src(), Dst: w.dst(), TTL: h.b[21], Payload: h.b[54:]}, h.b[14]<<4|h.b[15]>>4
	}
	if f.Src != src || f.Dst != dst || f.TTL != ttl || class != internetworkControl {
		h.t.Errorf("from %s to %s, TTL %d, class %#x; want %s, %s, %d", f.Src, f.Dst, f.TTL, class, src, dst, ttl)
	}
	if got := hex.EncodeToString(f.Payload); !strings.HasPrefix(got, begins) {
		h.t.Errorf("message %s, want %s...", got, begins)
	}
	if _, drop := advert.Parse(f.Payload, f.Src, f.Dst, f.TTL); drop != advert.Accepted {
		h.t.Errorf("we would drop it: %s", drop)
	}
	if mac, _ := groupMAC(dst); dst.IsMulticast() && !bytes.Equal(h.b[:6], mac[:]) {
		h.t.Errorf("to MAC %x, want %x", h.b[:6], mac)
	}
}
