package link

import (
	"bytes"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Rules about ARP and neighbour discovery, on the wire.

// isNA says whether a frame is an unsolicited neighbour advertisement of an
// address.
func isNA(f []byte, addr string) bool {
	return len(f) >= 86 && f[20] == unix.IPPROTO_ICMPV6 && f[54] == 136 && bytes.Equal(f[62:78], ip(addr).AsSlice())
}

func TestRulesOfAnnouncements(t *testing.T) {
	t.Run("N-01 N-02 N-03 K-24 K-25 K-41 every address is announced, in or beside the advert, of either family", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "")
		arps, nas := p.listen(t, typeARP), p.listen(t, typeIPv6)
		h := startHost(t)
		addrs := vips("10.1.0.99/24", "10.1.0.98/32", "10.7.0.1/24", "2001:db8::99/64", "2001:db8:1::99/128")
		for range 2 { // on each transition
			wishFor(h, "VI_1", p.near, addrs, true)
			h.Announce("VI_1", 2)
			for range 2 {
				for _, a := range []string{"10.1.0.99", "10.1.0.98", "10.7.0.1"} {
					f := within(t, arps, "gratuitous ARP", func([]byte) bool { return true })
					if !isGARP(f, a) || !bytes.Equal(f[:6], broadcast) || f[21] != 1 {
						t.Errorf("want a broadcast request for %s, got %x", a, f)
					}
				}
			}
			for range 2 {
				for _, a := range []string{"2001:db8::99", "2001:db8:1::99"} {
					f := within(t, nas, "a neighbour advertisement", func(f []byte) bool { return len(f) > 54 && f[54] == 136 })
					if !isNA(f, a) || f[21] != 255 || f[58] != 0x20 {
						t.Errorf("want an unsolicited, overriding advertisement of %s, got %x", a, f)
					}
				}
			}
			wishFor(h, "VI_1", p.near, addrs, false)
			h.flush(t)
		}
	})
	t.Run("N-10 an unsolicited neighbour advertisement changes what the kernel knows", func(t *testing.T) {
		p := newPair(t, "", "")
		must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+p.near+"/forwarding", []byte("1"), 0o644))
		index := mustLink(t, p.near).Attrs().Index
		to := net.HardwareAddr{2, 0, 0, 0, 0, 9}
		must(t, netlink.NeighAdd(&netlink.Neigh{LinkIndex: index, IP: ip("2001:db8::50").AsSlice(), State: netlink.NUD_STALE, HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 8}}))
		na, err := neighborAdvertisement(to, ip("2001:db8::50"), true)
		must(t, err)
		eventually(t, "the new hardware address", func() bool {
			p.inject(t, na)
			list, err := netlink.NeighList(index, netlink.FAMILY_V6)
			must(t, err)
			return slices.ContainsFunc(list, func(n netlink.Neigh) bool { return bytes.Equal(n.HardwareAddr, to) })
		})
	})
	t.Run("K-33 an interface that comes back tells of its own address", func(t *testing.T) {
		p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		frames := p.listen(t, typeARP)
		h := startHost(t)
		wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), false) // no master
		h.flush(t)
		setUp(t, p.near, false)
		h.flush(t)
		setUp(t, p.near, true)
		within(t, frames, "gratuitous ARP of the own address", func(f []byte) bool { return isGARP(f, "10.1.0.1") })
		if on := on(t, p.near); slices.Contains(on, "10.1.0.99/24") {
			t.Errorf("a backup has %v", on)
		}
	})
	t.Run("K-23 garp_extra_if tells one address on each interface without adverts", func(t *testing.T) {
		p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "", "")
		here, there := p.listen(t, typeARP), q.listen(t, typeARP)
		h := startHost(t)
		addrs := vips("10.1.0.99/24", "10.2.0.98/24", "10.2.0.99/24")
		addrs[1].Dev, addrs[2].Dev = q.near, q.near
		h.Want("VI_1", vrrp.Wish{Interface: p.near, Addresses: addrs, Extra: 50 * time.Millisecond, ExtraAll: true, Present: true})
		for range 3 {
			within(t, there, "gratuitous ARP", func(f []byte) bool {
				if isGARP(f, "10.2.0.99") {
					t.Error("the second address of the interface is announced, too")
				}
				return isGARP(f, "10.2.0.98")
			})
		}
		if len(here) > 0 {
			t.Errorf("announced where adverts are heard: %x", <-here)
		}
	})
}

func TestExtraInterfaces(t *testing.T) {
	own := &vrrp.Subinterface{Name: "vrrp.51"}
	base := &vrrp.Subinterface{Name: "vrrp.51", XmitBase: true, ForAll: true, AddressPrefix: "vip"}
	var got []string
	for _, w := range []vrrp.Wish{
		{Interface: "eth0"}, {Interface: "eth0", ExtraAll: true},
		{Interface: "eth0", Own: own}, {Interface: "eth0", Own: own, ExtraAll: true},
		{Interface: "eth0", Own: base}, {Interface: "eth0", Own: base, ExtraAll: true},
	} {
		line := ""
		for _, dev := range []string{"eth0", "eth1", "vrrp.51", "vip.1"} {
			if extra(w, dev) {
				line += dev + " "
			}
		}
		got = append(got, line)
	}
	want := []string{"", "eth1 vrrp.51 vip.1 ", "", "eth1 vip.1 ", "vrrp.51 vip.1 ", "eth1 vrrp.51 vip.1 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("where adverts are not heard (-want +got):\n%s", diff)
	}
}

// The gateway is told before everybody else, by its own address.
func TestGatewayFirst(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	var far netlink.Link
	p.over(t, func() { far = mustLink(t, p.far) })
	near := mustLink(t, p.near)
	addAddress(t, p.near, "fe80::1/64")
	for _, gw := range []string{"10.1.0.2", "fe80::2"} {
		must(t, netlink.RouteAdd(&netlink.Route{LinkIndex: near.Attrs().Index, Gw: ip(gw).AsSlice()}))
		must(t, netlink.NeighSet(&netlink.Neigh{LinkIndex: near.Attrs().Index, IP: ip(gw).AsSlice(), State: netlink.NUD_STALE, HardwareAddr: far.Attrs().HardwareAddr}))
	}
	arps, nas := p.listen(t, typeARP), p.listen(t, typeIPv6)
	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24", "2001:db8::99/64"), true)
	h.Announce("VI_1", 1)
	h.flush(t)
	for i, a := range []string{"10.1.0.99", "10.1.0.98", "10.1.0.99", "10.1.0.98"} {
		f := within(t, arps, "gratuitous ARP", func(f []byte) bool { return isGARP(f, "10.1.0.99") || isGARP(f, "10.1.0.98") })
		to := far.Attrs().HardwareAddr
		if i > 1 {
			to = broadcast
		}
		if !isGARP(f, a) || !bytes.Equal(f[:6], to) {
			t.Errorf("frame %d: want %s told to %s, got %x", i, a, to, f)
		}
	}
	for _, to := range []string{"fe80::2", "ff02::1"} {
		f := within(t, nas, "a neighbour advertisement", func(f []byte) bool { return isNA(f, "2001:db8::99") })
		if !bytes.Equal(f[38:54], ip(to).AsSlice()) {
			t.Errorf("sent to %x, want %s", f[38:54], to)
		}
	}
	t.Run("a refresh tells everybody alone", func(t *testing.T) {
		h.Announce("VI_1", 1)
		for range 2 {
			f := within(t, arps, "gratuitous ARP", func(f []byte) bool { return isGARP(f, "10.1.0.99") || isGARP(f, "10.1.0.98") })
			if !bytes.Equal(f[:6], broadcast) {
				t.Errorf("sent to %x", f[:6])
			}
		}
	})
}

// Adverts and other interfaces do not wait for a slow pace, and a stop does not
// either.
func TestPacingHoldsUpNobody(t *testing.T) {
	p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "10.2.0.1/24", "")
	slow, fast := p.listen(t, typeARP), q.listen(t, typeARP)
	h := startHost(t)
	h.SetPacing(vrrp.Pacing{Groups: []vrrp.PaceGroup{{Interfaces: []string{p.near}, GARP: time.Hour}}})
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24"), true)
	h.Announce("VI_1", 5)
	wishFor(h, "VI_2", q.near, vips("10.2.0.99/24"), true)
	h.Announce("VI_2", 5)
	for range 5 {
		within(t, fast, "gratuitous ARP", func(f []byte) bool { return isGARP(f, "10.2.0.99") })
	}
	within(t, slow, "the first one", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24")
	h.SetPacing(vrrp.Pacing{}) // What was called off does not come now.
	wishFor(h, "VI_1", p.near, vips("10.1.0.97/24"), true)
	h.Announce("VI_1", 1)
	f := within(t, slow, "gratuitous ARP", func([]byte) bool { return true })
	if !isGARP(f, "10.1.0.97") {
		t.Errorf("announced: %x", f)
	}
}
