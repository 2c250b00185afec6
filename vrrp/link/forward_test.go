package link

import (
	"bytes"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// A host that forwards hears adverts on one link and puts none on another,
// whatever their TTL. A packet that is forwarded marks the end of those that
// were not.
func TestAdvertsAreNotForwarded(t *testing.T) {
	t.Run("P-04 between two links", func(t *testing.T) {
		from := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
		to := newPair(t, "10.2.0.1/24", "10.2.0.2/24")
		forward(t, "/proc/sys/net/ipv4/ip_forward")
		forward(t, "/proc/sys/net/ipv6/conf/all/forwarding")
		n := startNetwork(t, vrrp.Listen{Interface: from.near}, vrrp.Listen{Interface: to.near}, vrrp.Listen{Interface: from.near, IPv6: true})
		frames := to.listen(t, unix.ETH_P_ALL)

		payload := []byte("an advert as far as a router looks")
		from.inject(t, advertFrom("10.1.0.2", "224.0.0.18", group4MAC, payload))
		from.inject(t, advertFrom6(ip("fe80::2"), ip("ff02::12"), 255, group6MAC, payload))
		marker := []byte("to be forwarded")
		from.inject(t, advertFrom("10.1.0.2", "10.2.0.2", mustLink(t, from.near).Attrs().HardwareAddr, marker))

		left := map[netip.Addr]bool{group: true, group6: true} // each comes by a socket of its own, in any order
		within(t, n.Frames(), "the adverts on their own link", func(f vrrp.Frame) bool {
			delete(left, f.Dst)
			return len(left) == 0
		})
		within(t, frames, "what is forwarded", func(f []byte) bool {
			if bytes.Contains(f, payload) {
				t.Errorf("forwarded % x", f)
			}
			return bytes.Contains(f, marker)
		})
	})
}

// forward turns a switch of the kernel on until the test ends.
func forward(t *testing.T, file string) {
	t.Helper()
	was, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, []byte("1"), 0o644))
	t.Cleanup(func() { must(t, os.WriteFile(file, was, 0o644)) })
}
