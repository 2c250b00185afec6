package calm

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// perLink is how many instances share an interface; a VRID has one byte.
const perLink = 250

// crowd is many virtual routers on links between the directors, all of them
// with one address, and master on director A.
type crowd struct {
	instances int
	interval  float64 // seconds
}

func (c crowd) links() int { return (c.instances + perLink - 1) / perLink }

// vip is the address of instance i.
func vip(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 10, byte(i / perLink), byte(i%perLink + 1)})
}

// own is the address of a director on a link.
func own(d lab.Director, i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 9, byte(i), byte(d)})
}

func link(i int) string { return fmt.Sprintf("v%d", i) }

// cable connects the directors by as many links as it takes.
func (c crowd) cable(t testing.TB, p *rig.Pair) {
	t.Helper()
	far := netns.None()
	must(t, p.Director(lab.B).Do(func() (err error) {
		far, err = netns.Get()
		return err
	}))
	defer far.Close()
	for i := range c.links() {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = link(i)
		must(t, p.Director(lab.A).Netlink().LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: link(i), PeerNamespace: netlink.NsFd(far)}))
		for _, d := range []lab.Director{lab.A, lab.B} {
			h := p.Director(d).Netlink()
			l, err := h.LinkByName(link(i))
			must(t, err)
			must(t, h.AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{IP: own(d, i).AsSlice(), Mask: net.CIDRMask(24, 32)}}))
			must(t, h.LinkSetUp(l))
		}
	}
}

// config is what either kind of director reads. Without a router_id keepalived
// asks the DNS for the host's name before it does anything, and nobody answers
// here for 5 s.
func (c crowd) config(d lab.Director) string {
	var text strings.Builder
	fmt.Fprintf(&text, "global_defs {\n    router_id %s\n}\n", d)
	priority := map[lab.Director]int{lab.A: 150, lab.B: 100}[d]
	for i := range c.instances {
		fmt.Fprintf(&text, `vrrp_instance V%d {
    state BACKUP
    interface %s
    virtual_router_id %d
    version 3
    priority %d
    advert_int %g
    virtual_ipaddress {
        %s/32
    }
}
`, i, link(i/perLink), i%perLink+1, priority, c.interval, vip(i))
	}
	return text.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
