package calm

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// trunk joins two switches: director A is on the one, director B and the
// witness are on the other. Both are in the client's namespace.
type trunk struct {
	t testing.TB
	p *rig.Pair
}

// The hosts' ends of their cables, and the witness's address.
const cable = "trunked"

var witnessed = netip.MustParseAddr("10.9.0.3")

func layTrunk(t testing.TB, p *rig.Pair) trunk {
	t.Helper()
	h := p.Client().Netlink()
	for _, name := range []string{"west", "east"} {
		attrs, snooping := netlink.NewLinkAttrs(), false
		attrs.Name = name
		must(t, h.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}))
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "trunk-west"
	must(t, h.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "trunk-east"}))
	k := trunk{t, p}
	k.connect("trunk-west", "west")
	k.connect("trunk-east", "east")
	k.plug(p.Director(lab.A), "port-a", "west", own(lab.A, 0))
	k.plug(p.Director(lab.B), "port-b", "east", own(lab.B, 0))
	k.plug(p.Witness(), "port-w", "east", witnessed)
	return k
}

// connect makes an interface a port of a switch.
func (k trunk) connect(port, bridge string) {
	k.t.Helper()
	rig.Must(k.t, k.p.Client(), "ip", "link", "set", bridge, "up")
	rig.Must(k.t, k.p.Client(), "ip", "link", "set", port, "master", bridge, "up")
}

// plug lays a cable from a host to a port of a switch.
func (k trunk) plug(to *lab.Host, port, bridge string, a netip.Addr) {
	k.t.Helper()
	far := netns.None()
	must(k.t, to.Do(func() (err error) {
		far, err = netns.Get()
		return err
	}))
	defer far.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = port
	must(k.t, k.p.Client().Netlink().LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: cable, PeerNamespace: netlink.NsFd(far)}))
	l, err := to.Netlink().LinkByName(cable)
	must(k.t, err)
	must(k.t, to.Netlink().AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(24, 32)}}))
	must(k.t, to.Netlink().LinkSetUp(l))
	k.connect(port, bridge)
}

// set cuts or mends the trunk: no director's own link goes down by that.
func (k trunk) set(state string) {
	k.t.Helper()
	rig.Must(k.t, k.p.Client(), "ip", "link", "set", "trunk-west", state)
}

// mac is that of a director.
func (k trunk) mac(d lab.Director) string {
	k.t.Helper()
	l, err := k.p.Director(d).Netlink().LinkByName(cable)
	must(k.t, err)
	return l.Attrs().HardwareAddr.String()
}

// awaitWitness waits until the witness sends to a director what is for the address.
func (k trunk) awaitWitness(d lab.Director, a netip.Addr) {
	k.t.Helper()
	want := k.mac(d)
	rig.Until(k.t, fmt.Sprintf("the witness sends to director %s", d), func() error {
		mac, err := k.p.Witness().Neighbour(cable, a)
		if err != nil || mac.String() != want {
			return fmt.Errorf("it has %q for %s, want %s: %v", mac, a, want, err)
		}
		return nil
	})
}

// Two masters that hear each other again: a host on the loser's side learns
// where the address is now from the winner, also where the winner's advert is
// the first to cross. It sends nothing, so that only an announcement can tell it,
// and none is due but for the other master.
func TestHostBehindTheLoserLearnsWhoWon(t *testing.T) {
	t.Parallel()
	p := rig.New(t, lab.Options{})
	k := layTrunk(t, p)
	vip := netip.MustParseAddr("10.9.0.99")
	for _, d := range []lab.Director{lab.A, lab.B} {
		// The loser says so little that it is the other's turn when the trunk is mended.
		of := map[lab.Director]struct {
			priority int
			interval float64
		}{lab.A: {150, 0.2}, lab.B: {100, 20}}[d]
		p.Start(t, d, fmt.Sprintf(`vrrp_instance V0 {
    state BACKUP
    interface %s
    virtual_router_id 1
    version 3
    priority %d
    advert_int %g
    garp_master_delay 0
    garp_master_refresh 0
    virtual_ipaddress {
        %s/24
    }
}
`, cable, of.priority, of.interval, vip))
		if d == lab.A {
			p.WaitOwner(t, vip, "a")
		}
	}
	rig.Until(t, "director B hears the master", func() error {
		if i := p.Instance(t, lab.B, "V0"); i.Received == 0 {
			return fmt.Errorf("it is %s and has heard nobody", i.State)
		}
		return nil
	})
	k.set("down")
	p.WaitOwner(t, vip, "a+b")
	if _, err := p.Witness().DialTCP(t.Context(), netip.AddrPort{}, netip.AddrPortFrom(vip, 9)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("the address does not answer the witness: %v", err)
	}
	k.awaitWitness(lab.B, vip)
	k.set("up")
	p.WaitOwner(t, vip, "a")
	k.awaitWitness(lab.A, vip)
}
