package integration

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// state is what a host is set to: whatever up could have changed. It is read
// without a program, of which one starts slowly in the test kernel, and not by
// the code under test.
func (r *rack) state(t *testing.T, h *lab.Host) string {
	t.Helper()
	lines, err := devices(h.Netlink())
	if err != nil {
		t.Fatal(err)
	}
	err = h.Do(func() error {
		for _, pattern := range []string{"*/*_filter", "*/arp_*"} {
			files, err := filepath.Glob("/proc/sys/net/ipv4/conf/" + pattern)
			if err != nil {
				return err
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				lines = append(lines, file+" "+string(text))
			}
		}
		receivers, err := netlink.FouList(unix.AF_UNSPEC)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
		for _, f := range receivers {
			lines = append(lines, fmt.Sprintf("receiver %+v\n", f))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// devices writes the interfaces with their addresses and all routes.
func devices(h *netlink.Handle) (lines []string, err error) {
	links, err := h.LinkList()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		a := l.Attrs()
		// Not whether there is a carrier, which comes and goes by itself.
		lines = append(lines, fmt.Sprintf("%s is %s %s, MTU %d\n", a.Name, l.Type(), a.Flags&^net.FlagRunning, a.MTU))
		addrs, err := h.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return nil, err
		}
		for _, one := range addrs {
			lines = append(lines, fmt.Sprintf("%s has %s, scope %d, flags %x, broadcast %s, label %q\n",
				a.Name, one.IPNet, one.Scope, one.Flags, one.Broadcast, one.Label))
		}
	}
	// Table unspec is all of them.
	routes, err := h.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
	for _, one := range routes {
		lines = append(lines, fmt.Sprintf("route %s table %d type %d\n", one, one.Table, one.Type))
	}
	return lines, err
}

// oneOwner asks, as a third host, who has the VIP: only the director.
func (r *rack) oneOwner(t *testing.T, vip netip.Addr) {
	t.Helper()
	got := r.owner(t, vip)
	if want := r.Plan().Legs(lab.A).Inside.MAC.String(); got != want {
		t.Errorf("%s is answered for by %v, want the director %v", vip, got, want)
	}
}

// owner is who the witness's own kernel learns has an address: it asks by
// trying to reach it.
func (r *rack) owner(t *testing.T, vip netip.Addr) (mac string) {
	t.Helper()
	witness := r.Witness()
	inside, err := witness.Netlink().LinkByName("inside")
	if err != nil {
		t.Fatal(err)
	}
	index := inside.Attrs().Index
	err = witness.Netlink().NeighDel(&netlink.Neigh{LinkIndex: index, IP: vip.AsSlice()})
	if err != nil && !errors.Is(err, unix.ENOENT) {
		t.Fatal(err)
	}
	conn, err := witness.ListenPacket(t.Context(), "udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.WriteTo([]byte("who"), net.UDPAddrFromAddrPort(netip.AddrPortFrom(vip, 9))); err != nil {
		t.Fatal(err)
	}
	rig.Until(t, "the witness knows who has "+vip.String(), func() error {
		list, err := witness.Netlink().NeighList(index, netlink.FAMILY_ALL)
		for _, n := range list {
			if n.IP.Equal(vip.AsSlice()) && len(n.HardwareAddr) > 0 {
				mac = n.HardwareAddr.String()
				return nil
			}
		}
		return errors.Join(err, errors.New("it does not"))
	})
	return mac
}
