package link

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

// What is static is there whoever is master, comes back, is missed by what
// follows it, and goes with a reload or at the stop.
func TestStatic(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	told := make(chan string, 64)
	missing := func(group, why string, is bool) { told <- fmt.Sprint(group, " ", is, " ", why) }
	h := startHost(t)
	h.Sweep()
	s := vrrp.Static{
		Addresses: []vrrp.StaticAddress{
			{Address: vrrp.Address{Prefix: prefix("10.3.0.1/24"), Dev: p.near}, Group: "tg"},
			{Address: vrrp.Address{Prefix: prefix("10.4.0.1/24"), Dev: "none0"}, Group: "away"},
		},
		Routes: []vrrp.StaticRoute{{Route: vrrp.Route{To: prefix("192.0.2.0/24"), Via: ip("10.3.0.2"), Source: ip("10.3.0.1")}, Group: "tg"}},
		Rules:  []vrrp.StaticRule{{Rule: vrrp.Rule{Preference: 200, From: prefix("10.3.0.0/24"), Table: 100}, Group: "tg"}},
		Groups: map[string][]string{"tg": {"VI_1"}, "away": {"VI_2"}},
	}
	h.SetStatic(s, missing)
	if err := h.Flush(t.Context()); err == nil || !strings.Contains(err.Error(), "none0") {
		t.Errorf("flush: %v", err)
	}
	wantOn(t, p.near, "10.1.0.1/24", "10.3.0.1/24")
	wantShown(t, []string{"192.0.2.0/24 via 10.3.0.2 dev " + p.near + " proto 112 src 10.3.0.1"}, "route", "show", "192.0.2.0/24")
	wantShown(t, []string{"200: from 10.3.0.0/24 lookup 100 proto 112"}, "rule", "show", "pref", "200")
	within(t, told, "what is missing", func(s string) bool { return s == "away true static address 10.4.0.1/24 is missing" })

	if ip("10.3.0.1") != primaryOf(t, p.near, "10.1.0.1") {
		t.Error("adverts cannot come from a static address")
	}

	shown(t, "addr", "del", "10.3.0.1/24", "dev", p.near) // and the route with it
	eventually(t, "all of it is back", func() bool {
		return len(on(t, p.near)) == 2 && len(shown(t, "route", "show", "192.0.2.0/24")) == 1
	})

	p.unmake(t)
	within(t, told, "the loss", func(s string) bool { return s == "tg true static address 10.3.0.1/24 is missing" })
	p.make(t)
	within(t, told, "the return", func(s string) bool { return strings.HasPrefix(s, "tg false ") })

	s.Addresses, s.Rules = s.Addresses[:1], nil
	h.SetStatic(s, missing)
	h.flush(t)
	wantShown(t, nil, "rule", "show", "pref", "200")
	within(t, told, "the end of what was dropped", func(s string) bool { return strings.HasPrefix(s, "away false ") })
	h.SetStatic(vrrp.Static{}, nil)
	h.flush(t)
	wantOn(t, p.near)
	wantShown(t, nil, "route", "show", "192.0.2.0/24")
}

// primaryOf is what adverts leave from on an interface where one address floats.
func primaryOf(t testing.TB, dev, floats string) netip.Addr {
	t.Helper()
	k, err := openKernel()
	must(t, err)
	defer k.close()
	addrs, err := k.addresses(mustLink(t, dev).Attrs().Index)
	must(t, err)
	for _, a := range addrs {
		if a.prefix.Addr().Is4() && a.prefix.Addr() != ip(floats) && (!a.static || a.marked || a.finite) {
			t.Errorf("address %+v, want one that stays", a)
		}
	}
	return primary(addrs, map[netip.Addr]bool{ip(floats): true})
}
