package lab

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestLinkDownTakesTheCarrier(t *testing.T) {
	l := newLab(t, Options{})
	for _, side := range []Side{Outside, Inside} {
		carrier := func() bool {
			t.Helper()
			link, err := l.Director(A).Netlink().LinkByName(side.String())
			if err != nil {
				t.Fatal(err)
			}
			return link.Attrs().RawFlags&iffLowerUp != 0
		}
		if err := l.LinkDown(A, side); err != nil {
			t.Fatal(err)
		}
		eventually(t, "no carrier "+side.String(), func() (bool, error) { return !carrier(), nil })
		if err := l.LinkUp(A, side); err != nil {
			t.Fatal(err)
		}
		eventually(t, "carrier "+side.String(), func() (bool, error) { return carrier(), nil })
	}
}

// iffLowerUp is IFF_LOWER_UP of netdevice(7).
const iffLowerUp = 1 << 16

func TestPartition(t *testing.T) {
	Require(t) // Not every kernel that lacks IPVS has traffic control.
	l := newLab(t, Options{})
	check := func(when string, want bool) {
		t.Helper()
		for _, from := range []Director{A, B} {
			for _, side := range []Side{Outside, Inside} {
				if got := advertPasses(t, l, from, side); got != want {
					t.Errorf("%s: adverts from %s %s pass: %t, want %t", when, from, side, got, want)
				}
			}
		}
	}
	partition := func(on bool) {
		t.Helper()
		if err := l.Partition(on); err != nil {
			t.Fatal(err)
		}
	}
	check("at first", true)
	partition(true)
	partition(true) // Again changes nothing.
	check("parted", false)
	if err := l.PowerLoss(A); err != nil {
		t.Fatal(err)
	}
	if err := l.Revive(t.Context(), A); err != nil {
		t.Fatal(err)
	}
	check("parted, after a return", false)
	partition(false)
	check("healed", true)
	if err := l.PowerLoss(B); err != nil {
		t.Fatal(err)
	}
	partition(true)
	if err := l.Revive(t.Context(), B); err != nil {
		t.Fatal(err)
	}
	check("parted without B", false)
}

// advertPasses sends a packet of protocol 112 and a UDP packet after it, which
// must arrive in any case, and reports whether the first one arrived.
func advertPasses(t *testing.T, l *Lab, from Director, side Side) bool {
	t.Helper()
	leg := func(d Director) netip.Addr {
		if side == Outside {
			return l.Plan().Legs(d).Outside.Addr
		}
		return l.Plan().Legs(d).Inside.Addr
	}
	source, target := leg(from), leg(from.Other())
	open := func(d Director, network string, a netip.Addr) net.PacketConn {
		t.Helper()
		address := a.String()
		if network == "udp4" {
			address = netip.AddrPortFrom(a, 9999).String()
		}
		c, err := l.Director(d).ListenPacket(t.Context(), network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	vrrp := fmt.Sprintf("ip4:%d", protocolVRRP)
	adverts, fence := open(from.Other(), vrrp, target), open(from.Other(), "udp4", target)
	out, outFence := open(from, vrrp, source), open(from, "udp4", source)
	if _, err := out.WriteTo([]byte("advert"), &net.IPAddr{IP: target.AsSlice()}); err != nil {
		t.Fatal(err)
	}
	if _, err := outFence.WriteTo([]byte("fence"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(target, 9999))); err != nil {
		t.Fatal(err)
	}
	var b [64]byte
	if _, _, err := fence.ReadFrom(b[:]); err != nil {
		t.Fatalf("what is no advert must pass from %s %s: %v", from, side, err)
	}
	_ = adverts.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // It is there or it is not.
	_ = fence.Close()
	_ = outFence.Close()
	_, _, err := adverts.ReadFrom(b[:])
	return err == nil
}

func TestPowerLossAndRevive(t *testing.T) {
	l := newLab(t, Options{})
	before := l.Director(A)
	if err := before.Sysctl("net.ipv4.conf.outside.arp_ignore", "1"); err != nil {
		t.Fatal(err)
	}
	if err := l.PowerLoss(A); err != nil {
		t.Fatal(err)
	}
	if err := l.LinkDown(A, Outside); err == nil {
		t.Error("a director without power has a link to take down")
	}
	if err := l.Revive(t.Context(), A); err != nil {
		t.Fatal(err)
	}
	if l.Director(A) == before {
		t.Error("the same host came back")
	}
	link, err := l.Director(A).Netlink().LinkByName(OutsideLink)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := link.Attrs().HardwareAddr.String(), l.Plan().Legs(A).Outside.MAC.String(); got != want {
		t.Errorf("hardware address %s, want %s", got, want)
	}
	if got, err := l.Director(A).HasAddress(l.Plan().Legs(A).Inside.Addr); !got || err != nil {
		t.Errorf("address inside after the return: %t, %v", got, err)
	}
	for _, d := range []Director{0, 3} {
		if l.PowerLoss(d) == nil || l.Revive(t.Context(), d) == nil || l.LinkUp(d, Inside) == nil {
			t.Errorf("director %d does not exist and has faults", d)
		}
	}
}
