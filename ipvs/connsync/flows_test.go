package connsync_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs/connsync"
)

// What the settings cost a service like DNS, every packet of which is a flow
// of its own. Printed, not judged; with more rounds the settings take turns.
func TestCostOfOnePacketFlows(t *testing.T) {
	const flows, rounds = 3000, 1
	usual := connsync.Settings{Threshold: 3, Period: 50, SockSize: 8 << 20}
	for round := range rounds {
		for _, settings := range []connsync.Settings{usual, connsync.DefaultSettings} {
			a, b := newPair(t)
			b.do(func() error {
				l, err := net.ListenPacket("udp4", server.String())
				if err != nil {
					return err
				}
				t.Cleanup(func() { _ = l.Close() })
				return nil
			})
			config := connsync.Config{Interface: "sync0", SyncID: 51, Settings: settings}
			b.sync(config)
			a.sync(config)
			before, begun := received(b), time.Now()
			a.do(func() error { return flood(flows) })
			took := time.Since(begun)
			if settings == connsync.DefaultSettings {
				until(t, "all flows are known", func() bool { return known(b) >= flows })
			}
			const frame = 14 + 28 + 1 // of one flow
			t.Logf("round %d, threshold %d %d, refresh %d: %d flows in %s, %.1f bytes of sync a flow, %d flows known",
				round, settings.Threshold, settings.Period, settings.RefreshPeriod, flows, took.Round(time.Millisecond),
				float64(received(b)-before-flows*frame)/flows, known(b))
		}
	}
}

// flood sends one packet of one byte from each of n source addresses and ports.
func flood(n int) error {
	lo, err := netlink.LinkByName("sync0")
	if err != nil {
		return err
	}
	dst := &unix.SockaddrInet4{Port: 80, Addr: vip.As4()}
	for host := 0; host*1000 < n; host++ {
		src := netip.AddrFrom4([4]byte{10, 9, 0, byte(100 + host)})
		ipnet := &net.IPNet{IP: src.AsSlice(), Mask: net.CIDRMask(32, 32)}
		if err := netlink.AddrAdd(lo, &netlink.Addr{IPNet: ipnet}); err != nil {
			return err
		}
		for port := range 1000 {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			err = errors.Join(
				unix.Bind(fd, &unix.SockaddrInet4{Port: 20000 + port, Addr: src.As4()}),
				unix.Sendto(fd, []byte{1}, 0, dst),
				unix.Close(fd))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// known is how many connections the namespace's IPVS has.
func known(s *space) int { return max(strings.Count(s.connections(), "\n")-1, 0) }

// received is how many bytes came in over the link.
func received(s *space) (n uint64) {
	s.t.Helper()
	s.do(func() error {
		l, err := netlink.LinkByName("sync0")
		if err != nil {
			return err
		}
		n = l.Attrs().Statistics.RxBytes
		return err
	})
	return n
}
