package link

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// lasting is how long an address is preferred.
func lasting(d time.Duration) vrrp.Lifetime {
	return vrrp.Lifetime{Mode: vrrp.LifetimeFixed, For: d}
}

// peculiar are addresses with every option that the kernel knows.
func peculiar() []vrrp.Address {
	return []vrrp.Address{
		{Prefix: prefix("10.2.0.99/32"), Peer: prefix("198.51.100.1/24")},
		{Prefix: prefix("10.2.0.99/32"), Peer: prefix("198.51.101.1/32")},
		{Prefix: prefix("10.3.0.99/24"), NoPrefixRoute: true},
		{Prefix: prefix("2001:db8:3::99/64"), Home: true, Temporary: true, NoPrefixRoute: true},
		{Prefix: prefix("2001:db8:4::99/64"), Preferred: lasting(20 * time.Second)},
		{Prefix: prefix("2001:db8:5::99/128"), Preferred: vrrp.Lifetime{Mode: vrrp.LifetimeInfinite}},
		{Prefix: prefix("2001:db8:6::99/128"), Peer: prefix("2001:db8:7::1/64")},
		{Prefix: prefix("2001:db8:8::99/64"), Preferred: lasting(0)},
	}
}

// asShown are the addresses of an interface but for link-local ones, as ip(8)
// shows them: "10.3.0.99/24 noprefixroute". What is not always preferred says so.
func asShown(t testing.TB, dev string) (list []string) {
	t.Helper()
	for _, line := range shown(t, "-o", "address", "show", "dev", dev) {
		words := strings.Fields(line)
		end := slices.Index(words, "scope")
		if words[end+1] == "link" {
			continue
		}
		text := strings.Join(words[3:end], " ")
		for _, flag := range []string{"deprecated", "home", "mngtmpaddr", "noprefixroute"} {
			if slices.Contains(words[end:], flag) {
				text += " " + flag
			}
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

func wantOptions(t testing.TB, dev string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, asShown(t, dev)); diff != "" {
		t.Errorf("addresses on %s (-want +got):\n%s", dev, diff)
	}
}

// removals counts the addresses that go from here on, until the test looks.
func removals(t testing.TB) (seen func() int) {
	t.Helper()
	updates, done := make(chan netlink.AddrUpdate, 1024), make(chan struct{})
	must(t, netlink.AddrSubscribe(updates, done))
	t.Cleanup(func() { close(done) })
	return func() (n int) {
		for len(updates) > 0 {
			if u := <-updates; !u.NewAddr {
				n++
			}
		}
		return n
	}
}

func TestAddressOptions(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	all := []string{
		"10.1.0.1/24 brd 10.1.0.255",
		"10.2.0.99 peer 198.51.100.1/24", "10.2.0.99 peer 198.51.101.1/32",
		"10.3.0.99/24 noprefixroute",
		"2001:db8:3::99/64 home mngtmpaddr noprefixroute",
		"2001:db8:4::99/64", "2001:db8:5::99/128", "2001:db8:6::99 peer 2001:db8:7::1/64",
		"2001:db8:8::99/64 deprecated",
	}
	h := NewHost(testLog(t))
	stop := start(t, h.Run)
	want := vrrp.Wish{Interface: p.near, Addresses: peculiar(), Present: true, Lifetime: time.Minute}
	h.Want("VI_1", want)
	h.flush(t)
	wantOptions(t, p.near, all...)
	wantPresent(t, h, "VI_1", "10.2.0.99", "10.2.0.99", "10.3.0.99", "2001:db8:3::99", "2001:db8:4::99", "2001:db8:5::99", "2001:db8:6::99", "2001:db8:8::99")
	routes := strings.Join(append(shown(t, "-4", "route", "show", "dev", p.near), shown(t, "-6", "route", "show", "dev", p.near)...), "\n")
	for network, is := range map[string]bool{"198.51.100.0/24": true, "10.3.0.0/24": false, "2001:db8:3::/64": false, "2001:db8:4::/64": true, "2001:db8:6::/64": true} {
		if strings.Contains(routes, network) != is {
			t.Errorf("a route to %s: %t, want %t\n%s", network, !is, is, routes)
		}
	}

	t.Run("the same wish once more leaves them alone", func(t *testing.T) {
		gone := removals(t)
		h.Want("VI_1", want)
		h.flush(t)
		wantOptions(t, p.near, all...)
		if n := gone(); n > 0 {
			t.Errorf("%d were taken away", n)
		}
	})
	t.Run("each is put back as it was", func(t *testing.T) {
		shown(t, "address", "del", "10.2.0.99", "peer", "198.51.100.1/24", "dev", p.near)
		shown(t, "address", "del", "2001:db8:6::99", "peer", "2001:db8:7::1/64", "dev", p.near)
		shown(t, "address", "del", "2001:db8:3::99/64", "dev", p.near)
		waitKernel(t, "all of them", func() bool { return slices.Equal(asShown(t, p.near), all) })
	})
	t.Run("a run after a crash keeps what is wanted and takes the rest away", func(sub *testing.T) {
		stop()
		gone := removals(sub)
		h = startHost(t)
		want.Addresses = slices.Delete(peculiar(), 1, 2)
		h.Want("VI_1", want)
		h.Sweep()
		h.flush(t)
		wantOptions(t, p.near, slices.Delete(slices.Clone(all), 2, 3)...)
		if n := gone(); n != 1 {
			t.Errorf("%d were taken away, want one", n)
		}
	})
	t.Run("a changed wish", func(t *testing.T) {
		gone := removals(t)
		want.Addresses[1].NoPrefixRoute = false
		want.Addresses[2] = vrrp.Address{Prefix: want.Addresses[2].Prefix}
		want.Addresses[3].Preferred = lasting(0)
		want.Addresses[6].Preferred = vrrp.Lifetime{}
		h.Want("VI_1", want)
		h.flush(t)
		wantOptions(t, p.near, "10.1.0.1/24 brd 10.1.0.255", "10.2.0.99 peer 198.51.100.1/24", "10.3.0.99/24",
			"2001:db8:3::99/64", "2001:db8:4::99/64 deprecated", "2001:db8:5::99/128",
			"2001:db8:6::99 peer 2001:db8:7::1/64", "2001:db8:8::99/64")
		if n := gone(); n != 1 { // IPv6 is changed in place
			t.Errorf("%d were taken away, want that of IPv4 alone", n)
		}
		if routes := shown(t, "route", "show", "10.3.0.0/24"); len(routes) != 1 {
			t.Errorf("routes to the network of one without noprefixroute: %q", routes)
		}
	})
	t.Run("another peer", func(t *testing.T) {
		want.Addresses[0].Peer, want.Addresses[5].Peer = prefix("198.51.100.2/24"), prefix("2001:db8:7::2/64")
		h.Want("VI_1", want)
		h.flush(t)
		got := strings.Join(asShown(t, p.near), "\n")
		if !strings.Contains(got, "198.51.100.2/24") || !strings.Contains(got, "2001:db8:7::2/64") || strings.Contains(got, "::1/64") {
			t.Errorf("shown are\n%s", got)
		}
	})
	t.Run("all go", func(t *testing.T) {
		want.Present = false
		h.Want("VI_1", want)
		h.flush(t)
		wantOptions(t, p.near, "10.1.0.1/24 brd 10.1.0.255")
	})
}

// The time for which an address is preferred counts on while its lifetime is
// renewed, and its flags stay.
func TestPreferredEnds(t *testing.T) {
	p := newPair(t, "", "")
	h := startHost(t)
	h.Want("VI_1", vrrp.Wish{Interface: p.near, Present: true, Lifetime: 3 * time.Second, Addresses: []vrrp.Address{
		{Prefix: prefix("2001:db8::99/64"), Preferred: lasting(2 * time.Second), Home: true, NoPrefixRoute: true},
	}})
	h.flush(t)
	wantOptions(t, p.near, "2001:db8::99/64 home noprefixroute")
	spent := func() bool {
		return slices.Equal(asShown(t, p.near), []string{"2001:db8::99/64 deprecated home noprefixroute"})
	}
	waitKernel(t, "an address that is not preferred any more", spent)
	list, err := netlink.AddrList(mustLink(t, p.near), unix.AF_INET6)
	must(t, err)
	was := list[0].ValidLft
	eventually(t, "another renewal", func() bool {
		list, err := netlink.AddrList(mustLink(t, p.near), unix.AF_INET6)
		must(t, err)
		now := list[0].ValidLft
		renewed := now > was
		was = now
		return renewed
	})
	if !spent() {
		t.Errorf("after it: %q", asShown(t, p.near))
	}
}

func TestNoTrack(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	want := vrrp.Wish{Interface: p.near, Present: true, Addresses: []vrrp.Address{
		{Prefix: prefix("10.2.0.98/32"), NoTrack: true}, {Prefix: prefix("10.2.0.99/32")},
	}}
	h.Want("VI_1", want)
	h.flush(t)
	delAddress(t, p.near, "10.2.0.98/32")
	delAddress(t, p.near, "10.2.0.99/32")
	waitKernel(t, "the one that is tracked", func() bool { return slices.Contains(on(t, p.near), "10.2.0.99/32") })
	must(t, h.Flush(context.Background()))
	wantOn(t, p.near, "10.1.0.1/24", "10.2.0.99/32")
	wantPresent(t, h, "VI_1", "10.2.0.99")
	if r := h.Repairs("VI_1"); r.Address != prefix("10.2.0.99/32") {
		t.Errorf("put back was %s", r.Address)
	}
	h.Want("VI_1", want) // as a new master does
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24", "10.2.0.99/32", "10.2.0.98/32")
}

// An address that is lent to the loopback interface brings no route: it would
// outlive the address, and swallow what a backup sends to that network.
func TestLentToLoopback(t *testing.T) {
	needNamespace(t)
	setUp(t, "lo", true)
	h := NewHost(testLog(t))
	start(t, h.Run)
	w := vrrp.Wish{Interface: "lo", Addresses: vips("2001:db8:97::1/64"), Lifetime: 5 * time.Second, Present: true}
	h.Want("VI_lo", w)
	h.flush(t)
	if routes := shown(t, "-6", "route", "show", "2001:db8:97::/64"); len(routes) != 0 {
		t.Errorf("while it is there: %q", routes)
	}
	w.Present = false
	h.Want("VI_lo", w)
	h.flush(t)
	if routes := shown(t, "-6", "route", "show", "2001:db8:97::/64"); len(routes) != 0 {
		t.Errorf("when it is gone: %q", routes)
	}
}
