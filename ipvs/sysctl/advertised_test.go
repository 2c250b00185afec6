package sysctl

import (
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/ndp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	all6      = "net/ipv6/conf/all/forwarding"
	eth06     = "net/ipv6/conf/eth0/forwarding"
	eth0RA    = "net/ipv6/conf/eth0/accept_ra"
	eth1RA    = "net/ipv6/conf/eth1/accept_ra"
	defaultRA = "net/ipv6/conf/default/accept_ra"
)

func TestPlanKeepsAdvertisedRoutes(t *testing.T) {
	off := Settings{all6: "0", eth0RA: "1", eth1RA: "0", defaultRA: "1", "net/ipv6/conf/all/accept_ra": "1", "net/ipv6/conf/lo/accept_ra": "1"}
	on := map[string]entry{all6: {Found: "0", Set: "1"}, eth0RA: {Found: "1", Set: "2", With: all6}}
	for _, c := range []struct {
		name       string
		entries    map[string]entry
		want, have Settings
		goals      Settings
	}{
		{"forwarding goes on", nil, Settings{all6: "1"}, off, Settings{all6: "1", eth0RA: "2", defaultRA: "2"}},
		{"what the configuration says counts", nil, Settings{all6: "1", eth0RA: "1"}, off, Settings{all6: "1", eth0RA: "1", defaultRA: "2"}},
		{"forwarding of one interface", nil, Settings{eth06: "1"}, Settings{eth06: "0", eth0RA: "1"}, Settings{eth06: "1", eth0RA: "2"}},
		{"it was on before: as somebody wanted it", nil, Settings{all6: "1"}, Settings{all6: "1", eth0RA: "1"}, Settings{all6: "1"}},
		{"it stays off", nil, Settings{all6: "0"}, off, Settings{all6: "0"}},
		{"it stays on", on, Settings{all6: "1"}, Settings{all6: "1", eth0RA: "2"}, Settings{all6: "1"}},
		{"it is given back", on, nil, Settings{all6: "1", eth0RA: "2"}, Settings{all6: "0", eth0RA: "1"}},
		{"but not what somebody else has set since", on, nil, Settings{all6: "1", eth0RA: "0"}, Settings{all6: "0"}},
		{"another switch is wanted now", on, Settings{eth06: "1"}, Settings{all6: "1", eth06: "1", eth0RA: "2"}, Settings{all6: "0", eth06: "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, goals := plan(c.entries, c.want, c.have)
			if d := cmp.Diff(c.goals, goals); d != "" {
				t.Errorf("goals (-want +got):\n%s", d)
			}
			if _, wanted := c.want[eth0RA]; c.goals[eth0RA] == "2" && !wanted && next[eth0RA].Found != "1" {
				t.Errorf("record %+v", next[eth0RA])
			}
			order := strings.Join(inOrder(goals), " ")
			if c.goals[all6] != "" && c.goals[eth0RA] != "" && c.goals[defaultRA] != "" && c.want[eth0RA] == "" &&
				!strings.HasSuffix(order, all6) {
				t.Errorf("forwarding goes on before what keeps the routes: %s", order)
			}
			if c.name == "it is given back" && order != all6+" "+eth0RA {
				t.Errorf("given back in the order %s", order)
			}
		})
	}
}

// On a real kernel, with a real advertisement: the default route survives that
// forwarding is switched on, another advertisement is believed, and everything
// comes back.
func TestAnAdvertisedRouteSurvivesForwarding(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	// Never unlocked: the thread and with it the namespace end with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	sys := tree("/proc/sys")
	if !sys.exists("net/ipv6") {
		t.Skip("this kernel runs without IPv6")
	}
	set := func(name, value string) {
		t.Helper()
		if err := sys.write(name, value); err != nil {
			t.Fatal(err)
		}
	}
	set("net/ipv6/conf/default/accept_dad", "0")
	set("net/ipv6/conf/default/accept_ra_from_local", "1")
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "eth1"}); err != nil {
		t.Fatal(err)
	}
	set(eth1RA, "0") // the router
	for _, name := range []string{"eth0", "eth1"} {
		link, err := netlink.LinkByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			t.Fatal(err)
		}
	}
	before := Settings{all6: "0", eth06: "0", eth0RA: "1", eth1RA: "0", defaultRA: "1"}
	expect := func(want Settings) {
		t.Helper()
		have, errs := sys.readAll(want, nil)
		if d := cmp.Diff(want, have); d != "" || len(errs) > 0 {
			t.Errorf("settings (-want +got), %v:\n%s", errs, d)
		}
	}
	expect(before)

	record := filepath.Join(t.TempDir(), "sysctl.json")
	var log strings.Builder
	k := New(slog.New(slog.NewTextHandler(&log, nil)), Options{Record: record})
	advertise(t, time.Hour)
	for range 2 { // the second pass has nothing to do
		if _, err := k.pass(t.Context(), Settings{all6: "1"}); err != nil {
			t.Fatal(err)
		}
	}
	expect(Settings{all6: "1", eth06: "1", eth0RA: "2", eth1RA: "0", defaultRA: "2"})
	if !routed(t) {
		t.Error("the default route went when forwarding was switched on")
	}
	if n := strings.Count(log.String(), "accept_ra is 2 meanwhile"); n != 1 || !strings.Contains(log.String(), " eth0") {
		t.Errorf("said %d times:\n%s", n, &log)
	}
	advertise(t, 0) // no router any more, which a router must believe as well
	advertise(t, time.Hour)

	// Another run gives back what this one found.
	if err := New(slog.New(slog.DiscardHandler), Options{Record: record}).Clear(t.Context()); err != nil {
		t.Error(err)
	}
	expect(before)
	if !routed(t) {
		t.Error("the default route went when forwarding was switched off")
	}

	// Without the care the route goes, so that the above means something.
	set(all6, "1")
	if routed(t) {
		t.Error("this kernel keeps the route anyway")
	}
}

// advertise sends an advertisement from eth1 to eth0 until it is believed.
func advertise(t *testing.T, life time.Duration) {
	t.Helper()
	dev, err := net.InterfaceByName("eth1")
	if err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); routed(t) != (life > 0); <-tick.C {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("an advertisement of %v is not believed", life)
		}
		c, _, err := ndp.Listen(dev, ndp.LinkLocal)
		if err != nil {
			continue // The address is not there yet.
		}
		ra := &ndp.RouterAdvertisement{CurrentHopLimit: 64, RouterLifetime: life}
		if err := c.WriteTo(ra, nil, netip.MustParseAddr("ff02::1")); err != nil {
			t.Log(err)
		}
		c.Close()
	}
}

// routed tells that there is an IPv6 default route.
func routed(t *testing.T) bool {
	t.Helper()
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{Dst: nil}, netlink.RT_FILTER_DST)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if r.Gw != nil {
			return true
		}
	}
	return false
}
