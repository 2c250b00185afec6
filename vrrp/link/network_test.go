package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Where multicast adverts go.
var (
	group  = advert.Group4
	group6 = advert.Group6

	group4MAC = net.HardwareAddr{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12}
	group6MAC = net.HardwareAddr{0x33, 0x33, 0x00, 0x00, 0x00, 0x12}
)

// startNetwork runs a Network and waits until it hears on the interface.
func startNetwork(t testing.TB, want ...vrrp.Listen) *Network {
	t.Helper()
	n := NewNetwork(testLog(t))
	n.Listen(want, unheeded)
	start(t, n.Run)
	for _, l := range want {
		n.awaitSocket(t, l.Interface, 0)
	}
	return n
}

func unheeded(vrrp.Hearing) {}

// awaitSocket waits until the interface has a socket on another index than
// the given one, and returns its index.
func (n *Network) awaitSocket(t testing.TB, iface string, not int) (index int) {
	t.Helper()
	eventually(t, "a socket on "+iface, func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		open := false
		for e := range n.want[iface].ears {
			if e.dev != iface {
				continue // a macvlan, which may come later
			}
			s := n.sockets[e]
			if s == nil {
				return false
			}
			open, index = true, s.index
		}
		return open && index != not
	})
	return index
}

// advertFrom is an Ethernet frame with an advert from the far end.
func advertFrom(src, dst string, mac net.HardwareAddr, payload []byte) []byte {
	b := ethernet(mac, net.HardwareAddr{2, 0, 0, 0, 0, 9}, unix.ETH_P_IP)
	b = appendIPv4(b, vrrp.Outgoing{Src: ip(src), Dst: ip(dst), Payload: payload})
	b[17] = byte(ipv4.HeaderLen + len(payload))
	return seal(b)
}

// seal sets the header checksum, which the kernel does for a raw IP socket.
func seal(frame []byte) []byte {
	h := frame[14 : 14+ipv4.HeaderLen]
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return frame
}

func TestAdvertOnTheWire(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near})
	frames := p.listen(t, typeIPv4)
	far := ""
	p.over(t, func() { far = mustLink(t, p.far).Attrs().HardwareAddr.String() })

	tests := []struct {
		name     string
		src, dst string
		mac      string
	}{
		{"multicast", "10.1.0.1", "224.0.0.18", group4MAC.String()},
		{"a source that is not on the interface", "10.1.0.77", "224.0.0.18", group4MAC.String()},
		{"unicast", "10.1.0.1", "10.1.0.2", far},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := []byte("advert: " + tt.name)
			errs := n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip(tt.src), Dst: ip(tt.dst), Payload: payload}})
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
			f := within(t, frames, "the advert", isAdvert)
			if got := net.HardwareAddr(f[:6]).String(); got != tt.mac {
				t.Errorf("sent to MAC %s, want %s", got, tt.mac)
			}
			h := f[14:34]
			if h[1] != 0xc0 || h[8] != 255 {
				t.Errorf("TOS %#x, TTL %d, want 0xc0 and 255", h[1], h[8])
			}
			if h[6] != 0 || h[7] != 0 {
				t.Errorf("fragment bits %x%x, want none", h[6], h[7])
			}
			got, ok := parseIPv4(f[14:])
			if !ok || got.Src != ip(tt.src) || got.Dst != ip(tt.dst) || !bytes.Equal(got.Payload, payload) {
				t.Errorf("got %+v (%v)", got, ok)
			}
		})
	}
}

// A master that loses its address says goodbye from it.
func TestAdvertFromALostAddress(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near})
	frames := p.listen(t, typeIPv4)
	delAddress(t, p.near, "10.1.0.1/24")
	must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: []byte("goodbye")}})...))
	f := within(t, frames, "the advert", isAdvert)
	if got, _ := parseIPv4(f[14:]); got.Src != ip("10.1.0.1") {
		t.Errorf("sent from %s", got.Src)
	}
}

func TestFrame(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near})
	payload := []byte{0x31, 1, 200, 1, 0, 100, 0, 0, 10, 1, 0, 99}
	padded := append(advertFrom("10.1.0.2", "224.0.0.18", group4MAC, payload), make([]byte, 14)...)
	before := time.Now()
	p.inject(t, padded)

	f := within(t, n.Frames(), "the frame", func(vrrp.Frame) bool { return true })
	if age := f.At.Sub(before); age < 0 || time.Since(f.At) < 0 {
		t.Errorf("arrived %s after it was sent", age)
	}
	f.At = time.Time{}
	want := vrrp.Frame{Interface: p.near, Src: ip("10.1.0.2"), Dst: group, TTL: 255, Payload: payload}
	if diff := cmp.Diff(want, f, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}

	t.Run("the TTL is passed on", func(t *testing.T) {
		frame := advertFrom("10.1.0.2", "224.0.0.18", group4MAC, payload)
		frame[14+8] = 63
		p.inject(t, seal(frame))
		f := within(t, n.Frames(), "the frame", func(vrrp.Frame) bool { return true })
		if f.TTL != 63 {
			t.Errorf("TTL %d, want 63", f.TTL)
		}
	})
}

func TestListen(t *testing.T) {
	marker := []byte("marker")
	t.Run("own multicast is not heard", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		n := startNetwork(t, vrrp.Listen{Interface: p.near})
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: []byte("own")}})...))
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, marker))
		wantNext(t, n, marker)
	})
	t.Run("unicast does not join the group", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		n := startNetwork(t, vrrp.Listen{Interface: p.near, Unicast: true})
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("multicast")))
		p.inject(t, advertFrom("10.1.0.2", "10.1.0.1", mustLink(t, p.near).Attrs().HardwareAddr, marker))
		wantNext(t, n, marker)
	})
	t.Run("a multicast and a unicast instance share an interface", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		n := startNetwork(t, vrrp.Listen{Interface: p.near, Unicast: true}, vrrp.Listen{Interface: p.near})
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, marker))
		wantNext(t, n, marker)
		p.inject(t, advertFrom("10.1.0.2", "10.1.0.1", mustLink(t, p.near).Attrs().HardwareAddr, marker))
		wantNext(t, n, marker)
	})
	t.Run("each interface hears its own", func(t *testing.T) {
		p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "10.2.0.1/24", "")
		n := startNetwork(t, vrrp.Listen{Interface: p.near}, vrrp.Listen{Interface: q.near})
		q.inject(t, advertFrom("10.2.0.2", "224.0.0.18", group4MAC, marker))
		if f := wantNext(t, n, marker); f.Interface != q.near {
			t.Errorf("heard on %s, want %s", f.Interface, q.near)
		}
	})
	t.Run("an interface that is no longer wanted is not heard", func(t *testing.T) {
		p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "10.2.0.1/24", "")
		n := startNetwork(t, vrrp.Listen{Interface: p.near})
		n.Listen([]vrrp.Listen{{Interface: q.near}}, unheeded)
		n.awaitSocket(t, q.near, 0)
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("unwanted")))
		q.inject(t, advertFrom("10.2.0.2", "224.0.0.18", group4MAC, marker))
		wantNext(t, n, marker)
		errs := n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group}})
		if !errors.Is(errs[0], errNotListening) {
			t.Errorf("send there: %v, want %v", errs[0], errNotListening)
		}
	})
}

// wantNext takes the next frame and checks its payload.
func wantNext(t *testing.T, n *Network, payload []byte) vrrp.Frame {
	t.Helper()
	f := within(t, n.Frames(), "a frame", func(vrrp.Frame) bool { return true })
	if !bytes.Equal(f.Payload, payload) {
		t.Fatalf("heard %q, want %q", f.Payload, payload)
	}
	return f
}

func TestListenFollowsTheInterface(t *testing.T) {
	p := newPair(t, "", "")
	p.unmake(t)
	n := NewNetwork(testLog(t))
	n.Listen([]vrrp.Listen{{Interface: p.near}}, unheeded)
	start(t, n.Run)

	hears := func(old int) int {
		t.Helper()
		index := n.awaitSocket(t, p.near, old)
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("hello")))
		wantNext(t, n, []byte("hello"))
		errs := n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: []byte("x")}})
		must(t, errors.Join(errs...))
		return index
	}
	p.make(t)
	addAddress(t, p.near, "10.1.0.1/24") // the kernel drops IPv4 where there is no address
	first := hears(0)

	setUp(t, p.near, false)
	setUp(t, p.near, true)
	p.awaitCarrier(t)
	hears(0)

	p.unmake(t)
	p.make(t)
	addAddress(t, p.near, "10.1.0.1/24")
	second := hears(first)

	// Another interface takes the name.
	setUp(t, p.near, false)
	must(t, netlink.LinkSetName(mustLink(t, p.near), "elsewhere"))
	t.Cleanup(func() { must(t, netlink.LinkDel(mustLink(t, "elsewhere"))) })
	p.far += "b"
	p.make(t)
	addAddress(t, p.near, "10.1.0.1/24")
	hears(second)
}

func TestNetworkTellsWhatIsHeard(t *testing.T) {
	p := newPair(t, "", "")
	p.unmake(t)
	heard := make(chan vrrp.Hearing, 100)
	n := NewNetwork(testLog(t))
	n.Listen([]vrrp.Listen{{Interface: p.near}}, func(h vrrp.Hearing) {
		// Whoever is told may rely on it: Send works from here on.
		if open := n.sockets[ear{p.near, overIPv4}] != nil; open != (h.Deaf == "") {
			t.Errorf("told %+v, and the socket is open: %v", h, open)
		}
		heard <- h
	})
	start(t, n.Run)
	tells := func(deaf string) {
		t.Helper()
		got := within(t, heard, "word of "+p.near, func(vrrp.Hearing) bool { return true })
		if want := (vrrp.Hearing{Interface: p.near, Deaf: deaf}); got != want {
			t.Errorf("told %+v, want %+v", got, want)
		}
	}
	tells("no such interface")
	p.make(t)
	tells("")
	setUp(t, p.near, false)
	setUp(t, p.near, true)
	p.unmake(t)
	tells("no such interface")
	p.make(t)
	tells("")

	again := make(chan vrrp.Hearing, 100)
	n.Listen([]vrrp.Listen{{Interface: p.near}, {Interface: "missing0"}}, func(h vrrp.Hearing) { again <- h })
	for range 2 {
		h := within(t, again, "word of both", func(vrrp.Hearing) bool { return true })
		if (h.Deaf != "") != (h.Interface == "missing0") {
			t.Errorf("told %+v", h)
		}
	}

	index := mustLink(t, p.near).Attrs().Index
	n.mu.Lock()
	n.sockets[ear{p.near, overIPv4}].index = index + 1000 // as if events of a deletion and a new link had come as one
	n.mu.Unlock()
	n.again.set()
	for _, want := range []string{errReplaced.Error(), ""} {
		if h := within(t, again, "word of the new link", func(vrrp.Hearing) bool { return true }); h.Deaf != want {
			t.Errorf("told %+v, want %q", h, want)
		}
	}
}

func TestNetworkCountsDroppedFrames(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	n := NewNetwork(testLog(t))
	n.frames = make(chan vrrp.Frame, 2)
	n.Listen([]vrrp.Listen{{Interface: p.near}}, unheeded)
	stop := start(t, n.Run)
	n.awaitSocket(t, p.near, 0)
	for range 5 {
		p.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("flood")))
	}
	eventually(t, "3 dropped frames", func() bool { return n.Dropped() >= 3 })
	stop()
	if got := n.Dropped(); got != 3 {
		t.Errorf("%d frames dropped, want 3", got)
	}
}

func TestSendRefuses(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	n := startNetwork(t, vrrp.Listen{Interface: p.near})
	errs := n.Send([]vrrp.Outgoing{
		{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: []byte("good")},
		{Interface: "missing0", Src: ip("10.1.0.1"), Dst: group},
		{Interface: p.near, Src: ip("fe80::1"), Dst: group6}, // nobody listens there
		{Interface: p.near, Src: ip("fe80::1"), Dst: group},
		{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: make([]byte, 2000)}, // over the MTU
		{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: []byte("good")},
	})
	for i, bad := range []bool{false, true, true, true, true, false} {
		if (errs[i] != nil) != bad {
			t.Errorf("message %d: %v", i, errs[i])
		}
	}
}
