package link

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// interest is interfaces without more.
func interest(names ...string) (in Interests) {
	for _, name := range names {
		in.Links = append(in.Links, Interest{Name: name})
	}
	return in
}

func startWatcher(t *testing.T, virtual []netip.Addr, names ...string) (*Watcher, <-chan vrrp.LinkState) {
	t.Helper()
	states := make(chan vrrp.LinkState, 100)
	w := NewWatcher(testLog(t), func(s vrrp.LinkState) { states <- s })
	in := interest(names...)
	in.Virtual = virtual
	w.Watch(in)
	start(t, w.Run)
	return w, states
}

// only4 leaves out what TestWatcherOverIPv6 is about: those addresses come and
// go by themselves.
func only4(s vrrp.LinkState) vrrp.LinkState {
	s.Primary6, s.Tentative6, s.Addresses = netip.Addr{}, false, ""
	return s
}

func TestWatcher(t *testing.T) {
	p := newPair(t, "", "")
	p.unmake(t)
	w, states := startWatcher(t, []netip.Addr{ip("10.1.0.99")}, p.near, "lo")
	sees := func(what string, want vrrp.LinkState) {
		t.Helper()
		want.Name = p.near
		within(t, states, what, func(s vrrp.LinkState) bool { return only4(s) == want })
	}
	sees("no interface", vrrp.LinkState{})

	p.make(t)
	sees("it came up", vrrp.LinkState{Exists: true, Up: true})
	addAddress(t, p.near, "10.1.0.99/32")
	sees("a virtual address as its own", vrrp.LinkState{Exists: true, Up: true, Owned: ip("10.1.0.99")})
	delAddress(t, p.near, "10.1.0.99/32")
	addAddress(t, p.near, "10.1.0.1/24")
	addAddress(t, p.near, "10.1.0.99/24")
	sees("its own address", vrrp.LinkState{Exists: true, Up: true, Primary: ip("10.1.0.1")})

	p.over(t, func() { setUp(t, p.far, false) })
	sees("carrier is gone", vrrp.LinkState{Exists: true, Primary: ip("10.1.0.1")})
	p.over(t, func() { setUp(t, p.far, true) })
	sees("carrier is back", vrrp.LinkState{Exists: true, Up: true, Primary: ip("10.1.0.1")})
	setUp(t, p.near, false)
	sees("it was set down", vrrp.LinkState{Exists: true, Primary: ip("10.1.0.1")})
	setUp(t, p.near, true)
	sees("it was set up", vrrp.LinkState{Exists: true, Up: true, Primary: ip("10.1.0.1")})

	p.unmake(t)
	sees("it was deleted", vrrp.LinkState{})
	p.make(t)
	addAddress(t, p.near, "10.1.0.2/24")
	sees("another one has its name", vrrp.LinkState{Exists: true, Up: true, Primary: ip("10.1.0.2")})

	setUp(t, p.near, false)
	must(t, netlink.LinkSetName(mustLink(t, p.near), "renamed0"))
	t.Cleanup(func() { must(t, netlink.LinkDel(mustLink(t, "renamed0"))) })
	sees("it was renamed", vrrp.LinkState{})

	w.Watch(interest("renamed0"))
	got := within(t, states, "the new name", func(s vrrp.LinkState) bool { return s.Name == "renamed0" })
	if want := (vrrp.LinkState{Name: "renamed0", Exists: true, Primary: ip("10.1.0.2")}); only4(got) != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWatchReportsEveryNameOnce(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	linkLocal(t, p.near) // nothing changes from here on
	w, states := startWatcher(t, nil, p.near)
	want := vrrp.LinkState{Name: p.near, Exists: true, Up: true, Primary: ip("10.1.0.1")}
	for range 3 {
		if got := within(t, states, "a report", func(vrrp.LinkState) bool { return true }); only4(got) != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		w.Watch(interest(p.near))
	}
}

func TestWatcherOverIPv6(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	own := linkLocal(t, p.near)
	_, states := startWatcher(t, []netip.Addr{ip("fe80::99"), ip("2001:db8::99")}, p.near)
	sees := func(what string, primary6 netip.Addr, addresses string) {
		t.Helper()
		within(t, states, what, func(s vrrp.LinkState) bool { return s.Primary6 == primary6 && s.Addresses == addresses })
	}
	sees("its link-local address", own, "10.1.0.1 "+own.String())
	addAddress6(t, p.near, "fe80::99/64")
	addAddress6(t, p.near, "2001:db8::99/64")
	addAddress6(t, p.near, "2001:db8::1/64")
	sees("an address, and no virtual ones", own, "10.1.0.1 2001:db8::1 "+own.String())
	delAddress(t, p.near, own.String()+"/64")
	sees("nothing to advertise from", netip.Addr{}, "10.1.0.1 2001:db8::1")
	addAddress6(t, p.near, "fe80::1/64")
	sees("another link-local address", ip("fe80::1"), "10.1.0.1 2001:db8::1 fe80::1")
	// One that somebody else on the link has is none.
	p.over(t, func() { addAddress6(t, p.far, "fe80::7/64") })
	delAddress(t, p.near, "fe80::1/64")
	addAddress(t, p.near, "fe80::7/64")
	waitKernel(t, "the other one to be found", func() bool {
		list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_V6)
		must(t, err)
		for _, a := range list {
			if a.Flags&unix.IFA_F_DADFAILED != 0 {
				return true
			}
		}
		return false
	})
	addAddress6(t, p.near, "2001:db8::2/64")
	sees("nothing to advertise from", netip.Addr{}, "10.1.0.1 2001:db8::1 2001:db8::2")
}

// That a link went down is one line, however many instances are on it and
// however often somebody asks anew.
func TestWatcherLogsALinkOnce(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	linkLocal(t, p.near)
	var log syncBuilder
	states := make(chan vrrp.LinkState, 100)
	w := NewWatcher(logTo(&log), func(s vrrp.LinkState) { states <- s })
	w.Watch(interest(p.near))
	stop := start(t, w.Run)
	sees := func(what string, up bool) {
		t.Helper()
		within(t, states, what, func(s vrrp.LinkState) bool { return s.Up == up })
	}
	sees("it is up", true)
	setUp(t, p.near, false)
	sees("it is down", false)
	w.Watch(interest(p.near))
	sees("it is still down", false)
	setUp(t, p.near, true)
	sees("it is up", true)
	stop()
	for _, want := range []string{"level=WARN msg=\"the interface went down\"", "level=INFO msg=\"the interface is up\""} {
		if n := strings.Count(log.String(), want+" interface="+p.near+"\n"); n != 1 {
			t.Errorf("%q %d times:\n%s", want, n, log.String())
		}
	}
}

// An interface that comes up has a link-local address at once, and can use it
// after a second: that one is on its way is not what one that clashes is.
func TestWatcherTellsOfACheck(t *testing.T) {
	p := newPair(t, "", "")
	linkLocal(t, p.near)
	_, states := startWatcher(t, nil, p.near)
	setUp(t, p.near, false)
	setUp(t, p.near, true)
	within(t, states, "an address that is checked", func(s vrrp.LinkState) bool { return s.Tentative6 && !s.Primary6.IsValid() })
	within(t, states, "an address", func(s vrrp.LinkState) bool { return !s.Tentative6 && s.Primary6.IsValid() })
	own := linkLocal(t, p.near)
	p.over(t, func() { addAddress6(t, p.far, "fe80::7/64") })
	delAddress(t, p.near, own.String()+"/64")
	addAddress(t, p.near, "fe80::7/64")
	within(t, states, "a clash", func(s vrrp.LinkState) bool { return s.Tentative6 })
	within(t, states, "its end", func(s vrrp.LinkState) bool { return !s.Tentative6 && !s.Primary6.IsValid() })
}

func TestPrimary6(t *testing.T) {
	tests := []struct {
		name string
		have []held
		want string
	}{
		{"none", have([]string{"10.0.0.1/24"}), ""},
		{"not a global one", have([]string{"2001:db8::1/64"}, []string{"fe80::1/64"}), "fe80::1"},
		{"not a virtual one", have([]string{"fe80::99/64"}, []string{"fe80::1/64"}), "fe80::1"},
		{"not one with the mark", have([]string{"fe80::98/128", "marked"}, []string{"fe80::1/64"}), "fe80::1"},
		{"not one that cannot be used yet", have([]string{"fe80::2/64", "tentative"}), ""},
	}
	for _, tt := range tests {
		t.Run("P-06 "+tt.name, func(t *testing.T) {
			var want netip.Addr
			if tt.want != "" {
				want = ip(tt.want)
			}
			if got := primary6(tt.have, map[netip.Addr]bool{ip("fe80::99"): true}); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestPrimary(t *testing.T) {
	tests := []struct {
		name    string
		have    []held
		virtual string
		want    string
	}{
		{"none", nil, "10.0.0.9", ""},
		{"the first", have([]string{"10.0.0.1/24"}, []string{"10.1.0.1/24"}), "10.0.0.9", "10.0.0.1"},
		{"not a virtual one", have([]string{"10.0.0.9/32"}, []string{"10.0.0.1/24"}), "10.0.0.9", "10.0.0.1"},
		{"not one with the mark", have([]string{"10.0.0.8/32", "marked"}, []string{"10.0.0.1/24"}), "10.0.0.9", "10.0.0.1"},
		{"a secondary after all others", have([]string{"10.0.0.2/24", "secondary"}, []string{"10.1.0.1/24"}), "10.0.0.9", "10.1.0.1"},
		{"a secondary where a virtual address is its subnet's first", have([]string{"10.0.0.9/24"}, []string{"10.0.0.1/24", "secondary"}), "10.0.0.9", "10.0.0.1"},
		{"IPv6 is not asked", have([]string{"2001:db8::1/64"}), "10.0.0.9", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var want netip.Addr
			if tt.want != "" {
				want = ip(tt.want)
			}
			if got := primary(tt.have, map[netip.Addr]bool{ip(tt.virtual): true}); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Whatever a configuration may name, an interface with an impossible name just
// does not exist: it must not keep the others from being looked after.
func TestDeviceNames(t *testing.T) {
	p := newPair(t, "", "")
	k, err := openKernel()
	must(t, err)
	defer k.close()
	const alternative = "a-name-longer-than-an-interface-has"
	must(t, netlink.LinkAddAltName(mustLink(t, p.near), alternative))
	for name, exists := range map[string]bool{
		p.near:                   true,
		alternative:              true,
		"":                       false,
		"missing0":               false,
		"with space":             false,
		"exactly16letters":       false,
		strings.Repeat("x", 500): false,
	} {
		dev, err := k.device(name)
		if exists && (err != nil || dev.index == 0) || !exists && !errors.Is(err, errNoLink) {
			t.Errorf("%q: %+v, %v", name, dev, err)
		}
	}
}

// A switch learns a bond's new port from what it hears there: whoever has
// addresses on the bond, or on top of it, announces them again.
func TestActivePortOfABond(t *testing.T) {
	k := new(kernel)
	bond := netlink.NewLinkBond(netlink.LinkAttrs{Name: "bond0"})
	if got := k.active(bond); got != 0 {
		t.Errorf("without a port: %d", got)
	}
	bond.ActiveSlave = 7
	if got := k.active(bond); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	if got := k.active(&netlink.Device{}); got != 0 {
		t.Errorf("of no bond: %d", got)
	}
	elsewhere := &netlink.Vlan{LinkAttrs: netlink.LinkAttrs{ParentIndex: 7, NetNsID: 1}}
	if got := k.active(elsewhere); got != 0 {
		t.Errorf("of a bond in another namespace: %d", got)
	}
}
