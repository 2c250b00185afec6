package link

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/ipv4"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// advert4 is a whole message of version 3 over IPv4.
func advert4(t testing.TB, priority uint8, src, dst netip.Addr) []byte {
	t.Helper()
	b, err := advert.Advert{Version: 3, VRID: 51, Priority: priority, Interval: 100e6, Addresses: []netip.Addr{ip("10.1.0.99")}}.Marshal(src, dst)
	must(t, err)
	return b
}

// The macvlan need not exist for that, so that a backup that has it down can
// say goodbye by the same MAC.
func TestAdvertWithAVirtualMAC(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t,
		vrrp.Listen{Interface: p.near, Own: "vrrp.51"},
		vrrp.Listen{Interface: p.near, IPv6: true, Own: "vrrp6.51"})
	t.Run("P-01 P-02 P-03 P-05 P-19 over IPv4", func(t *testing.T) {
		frames := p.listen(t, typeIPv4)
		last := uint16(0)
		for range 2 {
			payload := advert4(t, 100, ip("10.1.0.1"), group)
			must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: payload, MAC: vmac51}})...))
			f := within(t, frames, "the advert", isAdvert)
			if !bytes.Equal(f[6:12], vmac51[:]) || !bytes.Equal(f[:6], group4MAC) {
				t.Errorf("from %x to %x", f[6:12], f[:6])
			}
			got, ok := parseIPv4(f[14:])
			if h := f[14 : 14+ipv4.HeaderLen]; !ok || checksum(h) != 0 || h[1] != 0xc0 || h[6] != 0 {
				t.Errorf("header %x", h)
			}
			if got.TTL != 255 || got.Src != ip("10.1.0.1") || got.Dst != group || !bytes.Equal(got.Payload, payload) {
				t.Errorf("got %+v", got)
			}
			id := uint16(f[18])<<8 | uint16(f[19])
			if id == last || id == 0 {
				t.Errorf("identification %d after %d", id, last)
			}
			last = id
		}
	})
	t.Run("P-05 P-06 P-07 P-19 over IPv6", func(t *testing.T) {
		frames := p.listen(t, typeIPv6)
		own, mac := linkLocal(t, p.near), [6]byte{0, 0, 0x5e, 0, 2, 51}
		payload := advert6(t, 100, own, group6)
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: own, Dst: group6, Payload: payload, MAC: mac}})...))
		f := wire(within(t, frames, "the advert", isAdvert6))
		if !bytes.Equal(f[6:12], mac[:]) || !bytes.Equal(f[:6], group6MAC) || f[21] != 255 || f.src() != own || f.dst() != group6 || !bytes.Equal(f[54:], payload) {
			t.Errorf("got %x", []byte(f))
		}
	})
	t.Run("unicast leaves with the interface's own", func(t *testing.T) {
		frames := p.listen(t, typeIPv4)
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: ip("10.1.0.2"), Payload: []byte("x"), MAC: vmac51}})...))
		f := within(t, frames, "the advert", isAdvert)
		if !bytes.Equal(f[6:12], mustLink(t, p.near).Attrs().HardwareAddr) {
			t.Errorf("from %x", f[6:12])
		}
	})
}

// Frames with the MAC of a macvlan that is up go to it alone, and another
// master of the same virtual router has just that MAC.
func TestAnotherMasterWithTheSameMACIsHeard(t *testing.T) {
	for _, tt := range []struct {
		name    string
		ipv6    bool
		kind    kind
		mac     [6]byte
		address string
	}{
		{"over IPv4", false, overIPv4, vmac51, "10.1.0.99/24"},
		{"over IPv6", true, overIPv6, [6]byte{0, 0, 0x5e, 0, 2, 51}, "2001:db8::99/64"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
			n := startNetwork(t, vrrp.Listen{Interface: p.near, IPv6: tt.ipv6, Own: "vrrp.51"})
			hears := func(payload string) {
				t.Helper()
				f := advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte(payload))
				if tt.ipv6 {
					f = advertFrom6(ip("fe80::2"), group6, 255, group6MAC, []byte(payload))
				}
				copy(f[6:12], tt.mac[:])
				p.inject(t, f)
				if f := wantNext(t, n, []byte(payload)); f.Interface != p.near {
					t.Errorf("%s: heard on %s", payload, f.Interface)
				}
			}
			hears("there is no macvlan")

			h := startHost(t)
			wish := withVMAC(p.near, true, tt.address)
			wish.Own.MAC = tt.mac
			h.Want("VI_1", wish)
			h.flush(t)
			index := mustLink(t, "vrrp.51").Attrs().Index
			open := func(there bool) func() bool {
				return func() bool {
					n.mu.Lock()
					defer n.mu.Unlock()
					s := n.sockets[ear{"vrrp.51", tt.kind}]
					return (s != nil && s.index == index) == there
				}
			}
			eventually(t, "a socket on the macvlan", open(true))
			hears("both are master")

			wish.Present = false
			h.Want("VI_1", wish)
			h.flush(t)
			hears("we are backup")

			h.Forget("VI_1")
			h.flush(t)
			eventually(t, "no socket without the macvlan", open(false))
			hears("the macvlan is gone")
		})
	}
}

func TestKeepalivedWithAVirtualMAC(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near, Own: "vrrp.51"})
	p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	use_vmac
	virtual_router_id 51
	priority 100
	advert_int 0.1
	version 3
	virtual_ipaddress {
		10.1.0.99/24
	}
}`)
	f := within(t, n.Frames(), "an advert of keepalived", func(f vrrp.Frame) bool { return f.Payload[2] == 100 })
	if f.Src != ip("10.1.0.2") || f.Dst != group {
		t.Errorf("heard %+v", f)
	}
	better := advert4(t, 200, ip("10.1.0.1"), group)
	eventually(t, "keepalived to yield to a virtual MAC", func() bool {
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: better, MAC: vmac51}})...))
		gone := true
		p.over(t, func() {
			l, err := netlink.LinkByName("vrrp.51")
			if err != nil {
				return
			}
			list, err := netlink.AddrList(l, netlink.FAMILY_V4)
			must(t, err)
			gone = len(list) == 0
		})
		return gone
	})
}
