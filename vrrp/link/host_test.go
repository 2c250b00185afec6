package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// vips makes plain virtual addresses.
func vips(cidrs ...string) []vrrp.Address {
	list := make([]vrrp.Address, len(cidrs))
	for i, s := range cidrs {
		list[i].Prefix = netip.MustParsePrefix(s)
	}
	return list
}

func startHost(t testing.TB) *Host {
	t.Helper()
	h := NewHost(testLog(t))
	start(t, h.Run)
	return h
}

// flush carries out what was wished, without any problem.
func (h *Host) flush(t testing.TB) {
	t.Helper()
	must(t, h.Flush(context.Background())) // in a Cleanup too
}

func wantOn(t testing.TB, dev string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, on(t, dev), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("addresses on %s (-want +got):\n%s", dev, diff)
	}
}

func isGARP(f []byte, addr string) bool {
	return len(f) >= 42 && bytes.Equal(f[28:32], ip(addr).AsSlice()) && bytes.Equal(f[38:42], ip(addr).AsSlice())
}

// What the director itself begins does not leave from a virtual address of
// IPv6 that stands alone: it would end with the next failover.
func TestVirtualAddressIsNoSource(t *testing.T) {
	p := newPair(t, "2001:db8::1/64", "")
	h := startHost(t)
	wishFor(h, "VI_6", p.near, vips("2001:db8::98/128", "2001:db8::99/128"), true)
	h.flush(t)
	wantPresent(t, h, "VI_6", "2001:db8::98", "2001:db8::99")
	// The own address is no candidate before detection of duplicates is over.
	waitKernel(t, "a connection to a neighbour leaves from the own address", func() bool {
		routes, err := netlink.RouteGet(ip("2001:db8::2").AsSlice())
		must(t, err)
		return routes[0].Src.Equal(ip("2001:db8::1").AsSlice())
	})
}

func TestAddressAttributes(t *testing.T) {
	p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "", "")
	h := startHost(t)
	wishFor(h, "VI_1", p.near, []vrrp.Address{
		{Prefix: netip.MustParsePrefix("10.2.0.99/24"), Label: p.near + ":1", Broadcast: ip("10.2.0.255"), Scope: 253},
		{Prefix: netip.MustParsePrefix("10.1.0.98/32")},
		{Prefix: netip.MustParsePrefix("192.0.2.1/24"), Dev: q.near, Scope: 254},
	}, true)
	h.flush(t)

	type shape struct {
		Prefix, Label, Broadcast string
		Scope                    int
	}
	var got []shape
	for _, dev := range []string{p.near, q.near} {
		list, err := netlink.AddrList(mustLink(t, dev), netlink.FAMILY_V4)
		must(t, err)
		for _, a := range list {
			s := shape{a.IPNet.String(), a.Label, "", a.Scope}
			if a.Broadcast != nil {
				s.Broadcast = a.Broadcast.String()
			}
			got = append(got, s)
		}
	}
	want := []shape{
		{"10.1.0.1/24", p.near, "10.1.0.255", 0},
		{"10.1.0.98/32", p.near, "", 0},
		{"10.2.0.99/24", p.near + ":1", "10.2.0.255", 253},
		{"192.0.2.1/24", q.near, "", 254},
	}
	byPrefix := func(a, b shape) int { return strings.Compare(a.Prefix, b.Prefix) }
	slices.SortFunc(got, byPrefix)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	wantPresent(t, h, "VI_1", "10.2.0.99", "10.1.0.98", "192.0.2.1")

	t.Run("changed attributes", func(t *testing.T) {
		wishFor(h, "VI_1", p.near, vips("10.2.0.99/24"), true)
		h.flush(t)
		list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_V4)
		must(t, err)
		last := list[len(list)-1]
		if last.IPNet.String() != "10.2.0.99/24" || last.Label != p.near || last.Broadcast != nil || last.Scope != 0 {
			t.Errorf("address is %+v", last)
		}
		wantOn(t, q.near)
		wantOn(t, p.near, "10.1.0.1/24", "10.2.0.99/24")
	})
	t.Run("attributes that the kernel refuses", func(t *testing.T) {
		// Addresses of one subnet share their scope.
		wishFor(h, "VI_1", p.near, []vrrp.Address{{Prefix: netip.MustParsePrefix("10.1.0.99/24"), Scope: 253}}, true)
		err := h.Flush(t.Context())
		if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "scope") {
			t.Errorf("flush: %v, want the kernel's words about the scope", err)
		}
	})
}

func wantPresent(t testing.TB, h *Host, instance string, want ...string) {
	t.Helper()
	var got []string
	for _, a := range h.Present(instance) {
		got = append(got, a.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("present of %s (-want +got):\n%s", instance, diff)
	}
}

func TestWishes(t *testing.T) {
	tests := []struct {
		name string
		do   func(h *Host, dev string)
		want []string
	}{
		{"present", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24", "10.1.0.98/24"), true)
		}, []string{"10.1.0.1/24", "10.1.0.99/24", "10.1.0.98/24"}},
		{"present, then absent", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), true)
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), false)
		}, []string{"10.1.0.1/24"}},
		{"a shorter list", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24", "10.1.0.98/24"), true)
			wishFor(h, "VI_1", dev, vips("10.1.0.98/24"), true)
		}, []string{"10.1.0.1/24", "10.1.0.98/24"}},
		{"another prefix length", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), true)
			wishFor(h, "VI_1", dev, vips("10.1.0.99/32"), true)
		}, []string{"10.1.0.1/24", "10.1.0.99/32"}},
		{"forgotten", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), true)
			h.Forget("VI_1")
		}, []string{"10.1.0.1/24"}},
		{"two instances want the same and one gives it up", func(h *Host, dev string) {
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), true)
			wishFor(h, "VI_2", dev, vips("10.1.0.99/24"), true)
			wishFor(h, "VI_1", dev, vips("10.1.0.99/24"), false)
		}, []string{"10.1.0.1/24", "10.1.0.99/24"}},
	}
	for _, tt := range tests {
		// Once with every wish in a pass of its own, once all in one.
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, together=%v", tt.name, together), func(t *testing.T) {
				p := newPair(t, "10.1.0.1/24", "")
				h := NewHost(testLog(t))
				if together {
					tt.do(h, p.near)
				}
				start(t, h.Run)
				if !together {
					tt.do(h, p.near)
				}
				h.flush(t)
				wantOn(t, p.near, tt.want...)
			})
		}
	}
}

func TestStaleAddresses(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	before := NewHost(testLog(t))
	kill := start(t, before.Run)
	wishFor(before, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24"), true)
	before.flush(t)
	kill() // leaves them, as a crash does
	addAddress(t, p.near, "10.1.0.97/24")
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24", "10.1.0.98/24", "10.1.0.97/24")

	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.97/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.98/24") // by name, whoever made them

	addAddress(t, p.near, "10.1.0.99/24")
	h.Sweep()
	h.flush(t)
	// What carries the mark goes. The operator's own goes only when the wish
	// is stated: absence is no standing order.
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24")
	wantPresent(t, h, "VI_1", "10.1.0.99")
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.97/24"), false)
	h.flush(t)
	wantOn(t, p.near, "10.1.0.1/24")
}

func TestAdoptedAddressesStay(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	before := NewHost(testLog(t))
	leave := start(t, before.Run)
	wishFor(before, "VI_1", p.near, vips("10.1.0.99/24"), true)
	before.flush(t)
	leave()

	changes := make(chan netlink.AddrUpdate, 16)
	done := make(chan struct{})
	defer close(done)
	must(t, netlink.AddrSubscribe(changes, done))
	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true)
	h.Sweep()
	h.flush(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "10.1.0.98/24"), true)
	h.flush(t)
	// Only the second address was ever touched.
	u := within(t, changes, "an address event", func(netlink.AddrUpdate) bool { return true })
	if got := u.LinkAddress.IP.String(); got != "10.1.0.98" {
		t.Errorf("%s was touched", got)
	}
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24", "10.1.0.98/24")
}

func TestRemovedAddressIsPutBack(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	frames := p.listen(t, typeARP)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true)
	h.Announce("VI_1", 2)
	h.flush(t)
	for range 2 {
		within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
	}

	removed := time.Now()
	delAddress(t, p.near, "10.1.0.99/24")
	waitKernel(t, "the address", func() bool { return slices.Contains(on(t, p.near), "10.1.0.99/24") })
	t.Logf("put back after %s", time.Since(removed))
	// shortGap and a little on an idle machine; polling would need a second.
	if took := time.Since(removed); took > retry/2 {
		t.Errorf("put back after %s", took)
	}
	for range 2 {
		within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
	}
}

func TestRemovalSparesTheSubnet(t *testing.T) {
	p := newPair(t, "", "")
	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.3.0.1/24"), true) // the first of its subnet
	h.flush(t)
	wishFor(h, "VI_2", p.near, vips("10.3.0.2/24"), true)
	h.flush(t)
	foreign := mustAddr(t, "10.3.0.3/24")
	foreign.Label, foreign.ValidLft, foreign.PreferedLft = p.near+":x", 5000, 4000
	must(t, netlink.AddrAdd(mustLink(t, p.near), foreign))

	wishFor(h, "VI_1", p.near, vips("10.3.0.1/24"), false)
	h.flush(t)
	got := on(t, p.near)
	slices.Sort(got)
	if diff := cmp.Diff([]string{"10.3.0.2/24", "10.3.0.3/24"}, got); diff != "" {
		t.Fatalf("addresses (-want +got):\n%s", diff)
	}
	list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_V4)
	must(t, err)
	for _, a := range list {
		if a.IPNet.String() == "10.3.0.3/24" {
			if a.Label != foreign.Label || a.ValidLft < 4900 || a.ValidLft > 5000 || a.PreferedLft > 4000 {
				t.Errorf("the other's address came back as %+v", a)
			}
		}
	}

	// The same done by somebody else.
	wishFor(h, "VI_1", p.near, vips("10.3.0.1/24"), true)
	h.flush(t)
	first := on(t, p.near)[0]
	delAddress(t, p.near, first)
	waitKernel(t, "both virtual addresses", func() bool {
		have := on(t, p.near)
		return slices.Contains(have, "10.3.0.1/24") && slices.Contains(have, "10.3.0.2/24")
	})
}

func TestHostFollowsTheInterface(t *testing.T) {
	p := newPair(t, "", "")
	p.unmake(t)
	h := startHost(t)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), true)
	h.Announce("VI_1", 1)
	if err := h.Flush(t.Context()); !errors.Is(err, errNoLink) {
		t.Fatalf("flush: %v, want %v", err, errNoLink)
	}
	for range 2 {
		p.make(t)
		frames := p.listen(t, typeARP)
		waitKernel(t, "the address", func() bool { return slices.Contains(on(t, p.near), "10.1.0.99/24") })
		// The neighbours are told again when the link comes back.
		setUp(t, p.near, false)
		h.flush(t)
		setUp(t, p.near, true)
		within(t, frames, "an announcement", func(f []byte) bool { return isGARP(f, "10.1.0.99") })
		p.unmake(t)
	}
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24"), false)
	h.flush(t) // gone with its interface, which is no problem
}

func TestFlush(t *testing.T) {
	needNamespace(t)
	t.Run("ends with its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := NewHost(testLog(t)).Flush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("flush: %v", err)
		}
	})
	t.Run("ends with the host", func(t *testing.T) {
		h := NewHost(testLog(t))
		start(t, h.Run)()
		if err := h.Flush(t.Context()); err == nil {
			t.Error("flush of a host that has ended succeeds")
		}
	})
}
