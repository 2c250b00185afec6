package link

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestCleanup(t *testing.T) {
	p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "", "")
	h := NewHost(testLog(t))
	crash := start(t, h.Run)
	wishFor(h, "VI_1", p.near, vips("10.1.0.99/24", "2001:db8::99/128"), true)
	wishFor(h, "VI_2", q.near, vips("10.3.0.1/24"), true)
	h.flush(t)
	crash()
	addAddress(t, p.near, "10.1.0.97/24")
	addAddress(t, q.near, "10.3.0.2/24") // falls with the virtual one, unless it is put back

	var log strings.Builder
	removed, err := Cleanup(t.Context(), logTo(&log))
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	slices.Sort(removed)
	want := []string{"10.1.0.99/24 on " + p.near, "10.3.0.1/24 on " + q.near, "2001:db8::99/128 on " + p.near}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.97/24")
	wantOn(t, q.near, "10.3.0.2/24")

	removed, err = Cleanup(t.Context(), quiet())
	if len(removed) > 0 || err != nil {
		t.Errorf("a second time: %q, %v", removed, err)
	}
}

func TestKernelsThatKeepMarks(t *testing.T) {
	for release, want := range map[string]bool{
		"4.19.0": false, "5.10.0-30-amd64": false, "5.17.15": false, "5.18.0": true, "5.18-rc1": true,
		"6.1.0-18-amd64": true, "10.0": true, "strange": true,
	} {
		if got := since518(release); got != want {
			t.Errorf("%s: %v", release, got)
		}
	}
}

// Whatever else a tandem that is gone has left goes too.
func TestCleanupAroundAddresses(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	tables(t)
	before := sysctlOf(t, "ipv4", p.near, "arp_ignore") + sysctlOf(t, "ipv4", p.near, "arp_announce")
	h := NewHost(testLog(t))
	crash := start(t, h.Run)
	h.SetStatic(vrrp.Static{Addresses: []vrrp.StaticAddress{{Address: vrrp.Address{Prefix: prefix("10.5.0.1/24"), Dev: p.near}}}}, nil)
	w := withVMAC(p.near, true, "10.1.0.99/24", "2001:db8::99/64")
	w.NoAccept = true
	w.Routes = []vrrp.Route{{To: prefix("192.0.2.0/24"), Via: ip("10.1.0.2")}}
	w.Rules = []vrrp.Rule{{Preference: 300, Table: 100}}
	h.Want("VI_1", w)
	h.flush(t)
	crash()
	if !exists("vrrp.51") || !strings.Contains(tables(t), FirewallTable) {
		t.Fatal("nothing is left to clean up")
	}
	removed, err := Cleanup(t.Context(), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(removed)
	want := []string{
		"10.1.0.99/24 on vrrp.51", "10.5.0.1/24 on " + p.near, "2001:db8::99/64 on vrrp.51", "interface vrrp.51", "nftables table inet tandem_vrrp",
		"route 192.0.2.0/24 via 10.1.0.2 dev " + p.near, "rule " + w.Rules[0].String(),
	}
	if !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	if exists("vrrp.51") || strings.Contains(tables(t), FirewallTable) {
		t.Error("the interface or the table is left")
	}
	wantOn(t, p.near, "10.1.0.1/24")
	wantShown(t, nil, "route", "show", "192.0.2.0/24")
	wantShown(t, nil, "rule", "show", "pref", "300")
	if after := sysctlOf(t, "ipv4", p.near, "arp_ignore") + sysctlOf(t, "ipv4", p.near, "arp_announce"); after != before {
		t.Errorf("arp_ignore and arp_announce are %s, were %s", after, before)
	}
}
