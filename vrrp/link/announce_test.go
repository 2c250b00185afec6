package link

import (
	"encoding/hex"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	must(t, err)
	return b
}

func TestAnnouncement(t *testing.T) {
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 0x0a}
	tests := []struct {
		name   string
		make   func() ([]byte, error)
		golden string
	}{
		// The goldens are what keepalived put on a wire (2.2.7 and 2.4.3).
		{"gratuitous ARP", func() ([]byte, error) { return gratuitousARP(mac, ip("10.20.0.99")) }, `
			ffff ffff ffff 0200 0000 000a 0806 0001
			0800 0604 0001 0200 0000 000a 0a14 0063
			ffff ffff ffff 0a14 0063`},
		{"neighbour advertisement of a host", func() ([]byte, error) { return neighborAdvertisement(mac, ip("2001:db8:20::99"), false) }, `
			3333 0000 0001 0200 0000 000a 86dd 6000
			0000 0020 3aff 2001 0db8 0020 0000 0000
			0000 0000 0099 ff02 0000 0000 0000 0000
			0000 0000 0001 8800 f7b1 2000 0000 2001
			0db8 0020 0000 0000 0000 0000 0099 0201
			0200 0000 000a`},
		{"neighbour advertisement of a router", func() ([]byte, error) { return neighborAdvertisement(mac, ip("fe80::99"), true) }, `
			3333 0000 0001 0200 0000 000a 86dd 6000
			0000 0020 3aff fe80 0000 0000 0000 0000
			0000 0000 0099 ff02 0000 0000 0000 0000
			0000 0000 0001 8800 d661 a000 0000 fe80
			0000 0000 0000 0000 0000 0000 0099 0201
			0200 0000 000a`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.make()
			must(t, err)
			if diff := cmp.Diff(hex.Dump(unhex(t, tt.golden)), hex.Dump(got)); diff != "" {
				t.Errorf("frame (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnnounce(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	frames := p.listen(t, typeARP)
	mac := mustLink(t, p.near).Attrs().HardwareAddr

	// Asked for before the addresses are there, it comes after them, in rounds.
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24"), true)
	h.Announce("VI_1", 3)
	h.flush(t)
	for round := range 3 {
		for _, addr := range []string{"10.1.0.99", "10.1.0.98"} {
			want, err := gratuitousARP(mac, ip(addr))
			must(t, err)
			got := within(t, frames, "an announcement", func([]byte) bool { return true })
			if diff := cmp.Diff(hex.Dump(want), hex.Dump(got)); diff != "" {
				t.Fatalf("round %d of %s (-want +got):\n%s", round, addr, diff)
			}
		}
	}

	// An address that joins a master is announced, and not without its own.
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24", "10.1.0.97/24"), true)
	h.flush(t)
	for range 3 {
		f := within(t, frames, "an announcement", func([]byte) bool { return true })
		if !isGARP(f, "10.1.0.97") {
			t.Fatalf("announced:\n%s", hex.Dump(f))
		}
	}

	// A backup says nothing, and neither does an instance that nobody knows.
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), false)
	h.Announce("VI_1", 1)
	h.Announce("VI_9", 1)
	wishFor(h, "VI_2", p.near, vips("10.1.0.96/24"), true)
	h.Announce("VI_2", 1)
	f := within(t, frames, "an announcement", func([]byte) bool { return true })
	if !isGARP(f, "10.1.0.96") {
		t.Errorf("announced:\n%s", hex.Dump(f))
	}
}

func TestAnnounceIPv6(t *testing.T) {
	p := newPair(t, "", "")
	h := startHost(t)
	frames := p.listen(t, typeIPv6)
	mac := mustLink(t, p.near).Attrs().HardwareAddr
	for _, router := range []bool{false, true} {
		must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+p.near+"/forwarding", []byte{'0' + b2i(router)}, 0o644))
		wishFor(h, "VI_6", p.near, vips("2001:db8::99/64"), true)
		h.Announce("VI_6", 1)
		want, err := neighborAdvertisement(mac, ip("2001:db8::99"), router)
		must(t, err)
		within(t, frames, "the neighbour advertisement", func(f []byte) bool { return string(f) == string(want) })
	}
	wantPresent(t, h, "VI_6", "2001:db8::99")
	h.Forget("VI_6")
	h.flush(t)
}

func b2i(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// Interfaces without Ethernet neighbours hold addresses in silence.
func TestAnnounceOnLoopback(t *testing.T) {
	needNamespace(t)
	setUp(t, "lo", true)
	h := startHost(t)
	wishFor(h, "VI_1", "lo", []vrrp.Address{{Prefix: vips("192.0.2.9/32")[0].Prefix}}, true)
	h.Announce("VI_1", 5)
	h.flush(t)
	wantPresent(t, h, "VI_1", "192.0.2.9")
	h.Forget("VI_1")
	h.flush(t)
}
