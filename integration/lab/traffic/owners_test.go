package traffic

import (
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/mdlayher/arp"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
)

// cable is a network namespace with both ends of a cable in it: "near", where
// the watch asks, and "far", which has the address. A question without a sender
// is answered even there.
type cable struct {
	ns  netns.NsHandle
	far net.HardwareAddr
}

func (c cable) Do(fn func() error) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // The thread ends with the goroutine.
		if err := netns.Set(c.ns); err != nil {
			result <- err
			return
		}
		result <- fn()
	}()
	return <-result
}

func layCable(t *testing.T, vip netip.Addr) cable {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces are for root")
	}
	c := cable{far: net.HardwareAddr{2, 0, 0, 0, 0, 7}}
	made := make(chan error)
	go func() {
		runtime.LockOSThread()
		var err error
		c.ns, err = netns.New()
		made <- err
	}()
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.ns.Close() })
	err := c.Do(func() error {
		near := netlink.NewLinkAttrs()
		near.Name = "near"
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: near, PeerName: "far", PeerHardwareAddr: c.far}); err != nil {
			return err
		}
		for _, name := range []string{"near", "far"} {
			link, err := netlink.LinkByName(name)
			if err != nil {
				return err
			}
			if name == "far" {
				address := &net.IPNet{IP: vip.AsSlice(), Mask: net.CIDRMask(24, 32)}
				if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: address}); err != nil {
					return err
				}
			}
			if err := netlink.LinkSetUp(link); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWatchHearsTheOwnerAndItsAnnouncements(t *testing.T) {
	vip := netip.MustParseAddr("192.0.2.100")
	c := layCable(t, vip)
	who := func(mac net.HardwareAddr) lab.Director {
		if mac.String() == c.far.String() {
			return lab.B
		}
		return 0
	}
	w, err := StartWatch(running(t), c, "near", vip, who, Tick)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "three answers", func() (heard bool) {
		w.loop.do(func() { heard = len(w.heard.Claims) >= 3 })
		return heard
	})
	if err := c.Do(func() error { return announce(vip, c.far) }); err != nil {
		t.Fatal(err)
	}
	until(t, "an announcement", func() (heard bool) {
		w.loop.do(func() { heard = len(w.heard.Announced) > 0 })
		return heard
	})
	if got := w.Owners(w.loop.start); got != NewOwners(lab.B) {
		t.Errorf("owned by %s, want b", got)
	}
	heard := w.Stop()
	if heard.Asked < 3 {
		t.Errorf("asked %d times for %d answers", heard.Asked, len(heard.Claims))
	}
	for _, claim := range append(heard.Claims, heard.Announced...) {
		if claim.By != lab.B {
			t.Errorf("%+v, want it by b", claim)
		}
	}
}

// announce sends a gratuitous ARP from the far end.
func announce(vip netip.Addr, far net.HardwareAddr) error {
	link, err := net.InterfaceByName("far")
	if err != nil {
		return err
	}
	p, err := arp.NewPacket(arp.OperationRequest, far, vip, make(net.HardwareAddr, 6), vip)
	if err != nil {
		return err
	}
	frame, err := p.MarshalBinary()
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	everyone := &unix.SockaddrLinklayer{
		Protocol: unix.ETH_P_ARP>>8 | unix.ETH_P_ARP<<8&0xff00, Ifindex: link.Index, Halen: 6,
		Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	return unix.Sendto(fd, frame, 0, everyone)
}

func TestWatchSaysWhatIsMissing(t *testing.T) {
	c := layCable(t, netip.MustParseAddr("192.0.2.100"))
	_, err := StartWatch(running(t), c, "nowhere", netip.MustParseAddr("192.0.2.100"), nil, Tick)
	if err == nil {
		t.Error("a link that does not exist can be watched")
	}
}
