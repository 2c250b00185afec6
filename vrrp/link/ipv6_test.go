package link

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// linkLocal waits for the link-local address of an interface to be usable.
func linkLocal(t testing.TB, dev string) (found netip.Addr) {
	t.Helper()
	waitKernel(t, "a link-local address of "+dev, func() bool {
		list, err := netlink.AddrList(mustLink(t, dev), netlink.FAMILY_V6)
		must(t, err)
		for _, a := range list {
			if a.IP.IsLinkLocalUnicast() && a.Flags&unix.IFA_F_TENTATIVE == 0 {
				found, _ = netip.AddrFromSlice(a.IP)
			}
		}
		return found.IsValid()
	})
	return found
}

// addAddress6 adds an IPv6 address that is usable at once.
func addAddress6(t testing.TB, dev, cidr string) {
	t.Helper()
	a := mustAddr(t, cidr)
	a.Flags = unix.IFA_F_NODAD
	must(t, netlink.AddrAdd(mustLink(t, dev), a))
}

// wire is a captured Ethernet frame of an advert over IPv6.
type wire []byte

func isAdvert6(f []byte) bool { return len(f) > 54 && f[14]>>4 == 6 && f[20] == protocol }

func (w wire) src() netip.Addr { return netip.AddrFrom16([16]byte(w[22:38])) }
func (w wire) dst() netip.Addr { return netip.AddrFrom16([16]byte(w[38:54])) }

// advert6 is a whole message of version 3 over IPv6.
func advert6(t testing.TB, priority uint8, src, dst netip.Addr) []byte {
	t.Helper()
	b, err := advert.Advert{Version: 3, VRID: 51, Priority: priority, Interval: 100e6, Addresses: []netip.Addr{ip("fe80::99"), ip("2001:db8::99")}}.Marshal(src, dst)
	must(t, err)
	return b
}

func TestAdvertOverIPv6OnTheWire(t *testing.T) {
	p := newPair(t, "", "")
	addAddress6(t, p.near, "2001:db8::1/64")
	p.over(t, func() { addAddress6(t, p.far, "2001:db8::2/64") })
	own := linkLocal(t, p.near)
	var far net.HardwareAddr
	p.over(t, func() { far = mustLink(t, p.far).Attrs().HardwareAddr })
	n := startNetwork(t, vrrp.Listen{Interface: p.near, IPv6: true})
	frames := p.listen(t, typeIPv6)
	tests := []struct {
		name     string
		src, dst netip.Addr
		ttl      uint8
		mac      net.HardwareAddr
		wantTTL  byte
	}{
		{"P-01 P-05 P-06 P-07 multicast from the link-local address", own, group6, 0, group6MAC, 255},
		{"to another group", own, ip("ff02::114"), 0, net.HardwareAddr{0x33, 0x33, 0, 0, 1, 0x14}, 255},
		{"K-14 unicast from a global address with a hop limit", ip("2001:db8::1"), ip("2001:db8::2"), 64, far, 64},
		{"from an address that is not here", ip("fe80::77"), group6, 0, group6MAC, 255},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := advert6(t, 100, tt.src, tt.dst)
			must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: tt.src, Dst: tt.dst, TTL: tt.ttl, Payload: payload}})...))
			f := wire(within(t, frames, "the advert", isAdvert6))
			if got := net.HardwareAddr(f[:6]); !bytes.Equal(got, tt.mac) {
				t.Errorf("sent to MAC %s, want %s", got, tt.mac)
			}
			if class := f[14]<<4 | f[15]>>4; class != 0xc0 || f[21] != tt.wantTTL {
				t.Errorf("traffic class %#x, hop limit %d, want 0xc0 and %d", class, f[21], tt.wantTTL)
			}
			if f.src() != tt.src || f.dst() != tt.dst || !bytes.Equal(f[54:], payload) {
				t.Errorf("from %s to %s: %x", f.src(), f.dst(), f[54:])
			}
		})
	}
}

// advertFrom6 is an Ethernet frame with an advert over IPv6 from the far end.
func advertFrom6(src, dst netip.Addr, hops uint8, mac net.HardwareAddr, payload []byte) []byte {
	b := ethernet(mac, net.HardwareAddr{2, 0, 0, 0, 0, 9}, unix.ETH_P_IPV6)
	return appendIPv6(b, vrrp.Outgoing{Src: src, Dst: dst, TTL: hops, Payload: payload})
}

func TestFrameOverIPv6(t *testing.T) {
	p := newPair(t, "", "")
	addAddress6(t, p.near, "2001:db8::1/64")
	linkLocal(t, p.near)
	n := startNetwork(t,
		vrrp.Listen{Interface: p.near, IPv6: true},
		vrrp.Listen{Interface: p.near, IPv6: true, Group: ip("ff02::114")},
		vrrp.Listen{Interface: p.near, IPv6: true, Unicast: true},
		vrrp.Listen{Interface: p.near})
	mac := mustLink(t, p.near).Attrs().HardwareAddr
	group114 := net.HardwareAddr{0x33, 0x33, 0, 0, 1, 0x14}
	tests := []struct {
		name     string
		src, dst string
		hops     uint8
		mac      net.HardwareAddr
	}{
		{"multicast", "fe80::2", "ff02::12", 255, group6MAC},
		{"F-06 from the virtual link-local address", "fe80::99", "ff02::12", 255, group6MAC},
		{"R-01 the hop limit is passed on", "fe80::2", "ff02::12", 254, group6MAC},
		{"another group", "fe80::2", "ff02::114", 255, group114},
		{"unicast", "2001:db8::2", "2001:db8::1", 64, mac},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := ip(tt.src), ip(tt.dst)
			payload := advert6(t, 200, src, dst)
			payload[6] ^= 1 // the edge judges no checksum: the router counts them
			p.inject(t, advertFrom6(src, dst, tt.hops, tt.mac, payload))
			f := wantNext(t, n, payload)
			if f.Interface != p.near || f.Src != src || f.Dst != dst || f.TTL != tt.hops || f.Header != nil {
				t.Errorf("heard %+v", f)
			}
		})
	}
}

func TestKeepalivedOverIPv6(t *testing.T) {
	t.Run("P-06 P-07 multicast", func(t *testing.T) {
		p := newPair(t, "", "")
		var theirs netip.Addr
		p.over(t, func() { theirs = linkLocal(t, p.far) })
		keepalived6(t, p, linkLocal(t, p.near), theirs, group6, vrrp.Listen{Interface: p.near, IPv6: true}, "")
	})
	t.Run("K-03 unicast", func(t *testing.T) {
		p := newPair(t, "", "")
		addAddress6(t, p.near, "2001:db8::1/64")
		p.over(t, func() { addAddress6(t, p.far, "2001:db8::2/64"); linkLocal(t, p.far) })
		keepalived6(t, p, ip("2001:db8::1"), ip("2001:db8::2"), ip("2001:db8::1"),
			vrrp.Listen{Interface: p.near, IPv6: true, Unicast: true}, `
	unicast_src_ip 2001:db8::2
	unicast_peer {
		2001:db8::1
	}`)
	})
	t.Run("another group", func(t *testing.T) {
		p := newPair(t, "", "")
		var theirs netip.Addr
		p.over(t, func() { theirs = linkLocal(t, p.far) })
		keepalived6(t, p, linkLocal(t, p.near), theirs, ip("ff02::114"),
			vrrp.Listen{Interface: p.near, IPv6: true, Group: ip("ff02::114")}, "\n\tmcast_dst_ip ff02::114")
	})
}

// keepalived6 hears keepalived become master and makes it yield.
func keepalived6(t *testing.T, p *pair, ours, theirs, dst netip.Addr, want vrrp.Listen, more string) {
	t.Helper()
	n := startNetwork(t, want)
	p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	virtual_router_id 51
	priority 100
	advert_int 0.1
	version 3`+more+`
	virtual_ipaddress {
		fe80::99
		2001:db8::99/64
	}
}`)
	f := within(t, n.Frames(), "an advert of keepalived", func(f vrrp.Frame) bool { return f.Payload[2] == 100 })
	if f.Src != theirs || f.Dst != dst || dst.IsMulticast() && f.TTL != 255 || f.Interface != p.near {
		t.Errorf("heard %+v", f)
	}
	if a, drop := advert.Parse(f.Payload, f.Src, f.Dst, f.TTL); drop != advert.Accepted || a.VRID != 51 {
		t.Errorf("%s: %+v", drop, a)
	}
	to := dst
	if !dst.IsMulticast() {
		to = theirs
	}
	better := advert6(t, 200, ours, to)
	eventually(t, "keepalived to yield", func() bool {
		must(t, errors.Join(n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ours, Dst: to, Payload: better}})...))
		gone := true
		p.over(t, func() {
			list, err := netlink.AddrList(mustLink(t, p.far), netlink.FAMILY_V6)
			must(t, err)
			for _, a := range list {
				gone = gone && !a.IP.Equal(net.ParseIP("2001:db8::99"))
			}
		})
		return gone
	})
}
