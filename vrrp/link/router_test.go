package link

import (
	"net/netip"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// startRouter runs a whole director's VRRP and tells of its transitions.
func startRouter(t *testing.T, in vrrp.Instance) <-chan vrrp.Transition {
	t.Helper()
	n, h := NewNetwork(testLog(t)), NewHost(testLog(t))
	r := vrrp.NewRouter(vrrp.Config{Instances: []vrrp.Instance{in}}, n, h, testLog(t))
	moves := make(chan vrrp.Transition, 100)
	r.OnTransition = func(m vrrp.Transition) { moves <- m }
	w := NewWatcher(testLog(t), r.SetLink)
	var virtual []netip.Addr
	for _, a := range in.Addresses {
		virtual = append(virtual, a.Prefix.Addr())
	}
	w.Watch(Interests{Links: []Interest{{Name: in.Interface}}, Virtual: virtual})
	// The link is known long before the socket is open.
	start(t, h.Run)
	start(t, w.Run)
	start(t, r.Run)
	start(t, n.Run)
	return moves
}

// The owner of an address that its interface has by itself speaks from it, at
// once, and leaves it where it is. Its first advert is not lost: with this
// interval the next one would come after longWait.
func TestOwnerSpeaksAtOnce(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	frames := p.listen(t, typeIPv4)
	moves := startRouter(t, vrrp.Instance{
		Name: "VI_1", VRID: 51, Version: vrrp.V3, Priority: 255, Interval: 40 * time.Second, Interface: p.near,
		Addresses: vips("10.1.0.1/32"), Announce: vrrp.DefaultAnnounce,
	})
	f := within(t, frames, "the first advert", isAdvert)
	if got, _ := parseIPv4(f[14:]); got.Src != ip("10.1.0.1") || got.Payload[2] != 255 {
		t.Errorf("from %s: %x", got.Src, got.Payload)
	}
	within(t, moves, "the owner", func(m vrrp.Transition) bool { return m.From == vrrp.Init && m.To == vrrp.Master })
	wantOn(t, p.near, "10.1.0.1/24")
}
