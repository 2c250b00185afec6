package integration

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// addresses returns the IPv4 addresses of a director's host.
func addresses(t *testing.T, p *rig.Pair, d lab.Director) (list []string) {
	t.Helper()
	all, err := p.Director(d).Netlink().AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		list = append(list, a.IPNet.String())
	}
	slices.Sort(list)
	return list
}

// addForeignAddress gives a director an address that is none of tandem's
// business.
func addForeignAddress(t *testing.T, p *rig.Pair, d lab.Director, address string) {
	t.Helper()
	h := p.Director(d).Netlink()
	link, err := h.LinkByName(lab.OutsideLink)
	if err != nil {
		t.Fatal(err)
	}
	a, err := netlink.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.AddrAdd(link, a); err != nil {
		t.Fatal(err)
	}
}

// kill -9 leaves everything in the kernel. The next start, with another
// configuration, takes away what the old one left and touches nothing else.
func TestStartAfterKillWithAnotherConfigurationLeavesNothingOfTheOld(t *testing.T) {
	vips := lab.DefaultVIPs(2)
	p := rig.NewIPVS(t, lab.Options{VIPs: vips})
	addForeign(t, p, lab.A)
	addForeignAddress(t, p, lab.A, "192.0.2.77/32")
	host := addresses(t, p, lab.A)
	config := func(vip netip.Addr) string {
		text, err := lab.NewPlan(lab.DR, []netip.Addr{vip}).Config(lab.A, quick)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	p.Start(t, lab.A, config(vips[0]))
	p.WaitOwner(t, vips[0], "a")
	p.WaitForwarding(t, lab.A)
	p.Kill(t, lab.A)
	p.WaitOwner(t, vips[0], "a")
	if n := len(p.Table(t, lab.A)); n != 3 {
		t.Fatalf("after kill -9 the kernel has %d services, want tandem's two and the foreign one", n)
	}

	other := strings.ReplaceAll(config(vips[1]), "virtual_router_id 51", "virtual_router_id 77")
	p.Start(t, lab.A, edit(t, other, "id 51\n", "id 77\n"))
	p.WaitOwner(t, vips[1], "a")
	p.WaitOwner(t, vips[0], "")
	want := map[string]string{foreign + " TCP": "s1=9"}
	for _, port := range []uint16{lab.HTTPPort, lab.EchoPort} {
		service := netip.AddrPortFrom(vips[1], port)
		p.WaitTable(t, lab.A, service, "s1=1 s2=1 s3=1")
		want[service.String()+" TCP"] = "s1=1 s2=1 s3=1"
	}
	if diff := cmp.Diff(want, p.Table(t, lab.A)); diff != "" {
		t.Errorf("IPVS services (-want +got):\n%s", diff)
	}
	rig.Until(t, "only daemons of the new sync id run", func() error {
		out := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--daemon")
		if strings.Count(out, "syncid=77") != 2 || strings.Contains(out, "syncid=51") {
			return fmt.Errorf("there are: %s", out)
		}
		return nil
	})
	p.Stop(t, lab.A)
	if diff := cmp.Diff(host, addresses(t, p, lab.A)); diff != "" {
		t.Errorf("addresses after the stop (-before the first start +after):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{foreign + " TCP": "s1=9"}, p.Table(t, lab.A)); diff != "" {
		t.Errorf("IPVS services after the stop (-want +got):\n%s", diff)
	}
}

// A configuration that balances nothing any more takes the old services, sync
// daemons and settings away, too.
func TestStartAfterKillWithoutServicesLeavesNothingOfTheOld(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	addForeign(t, p, lab.A)
	threshold := func() string { return rig.Must(t, p.Director(lab.A), "cat", "/proc/sys/net/ipv4/vs/sync_threshold") }
	before := threshold()
	text := p.Config(t, lab.A, quick)
	p.Start(t, lab.A, text)
	p.WaitOwner(t, p.VIP(), "a")
	p.WaitForwarding(t, lab.A)
	p.Kill(t, lab.A)

	o := quick
	o.NoSync = true
	floating, _, _ := strings.Cut(p.Config(t, lab.A, o), "virtual_server ")
	p.Start(t, lab.A, floating)
	rig.Until(t, "only the foreign service is left", func() error {
		if diff := cmp.Diff(map[string]string{foreign + " TCP": "s1=9"}, p.Table(t, lab.A)); diff != "" {
			return fmt.Errorf("IPVS services (-want +got):\n%s", diff)
		}
		return nil
	})
	rig.Until(t, "no sync daemon runs and the setting is what it was", func() error {
		if out := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--daemon"); strings.TrimSpace(out) != "" {
			return fmt.Errorf("there are: %s", out)
		}
		if now := threshold(); now != before {
			return fmt.Errorf("sync_threshold is %q and was %q", now, before)
		}
		return nil
	})
	p.WaitOwner(t, p.VIP(), "a")
}

// The next start with the same configuration adopts what is there: connections
// go on and the services keep their counters.
func TestStartAfterKillWithTheSameConfigurationLosesNoConnection(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	text := p.Config(t, lab.A, quick)
	p.Start(t, lab.A, text)
	p.WaitOwner(t, p.VIP(), "a")
	p.WaitForwarding(t, lab.A)
	p.WaitPage(t, netip.AddrPortFrom(p.VIP(), lab.HTTPPort))
	talk, silent := converse(t, p, 9), silence(t, p, 6)
	before := counted(t, p, lab.EchoPort)

	p.Kill(t, lab.A)
	talk.mustGoOn(t, "while no director runs")
	p.Start(t, lab.A, text)
	rig.Until(t, "the director is master again", func() error {
		if i := p.Instance(t, lab.A, "vip"); i.State != "MASTER" {
			return fmt.Errorf("it is %s", i.State)
		}
		return nil
	})
	p.WaitForwarding(t, lab.A)
	talk.mustGoOn(t, "after the new start")
	talk.mustSurvive(t)
	for _, u := range silent.Speak(t.Context(), rig.Patience) {
		if u.Outcome != traffic.Served {
			t.Errorf("the first line of %s after the new start was %s", u.Client, u.Outcome)
		}
	}
	if got := connections(t, p, lab.EchoPort); got < before {
		t.Errorf("the service counted %d connections before and %d after: it was made anew", before, got)
	}
	if n := p.Log(lab.A).Count("earlier run left"); n > 0 {
		t.Errorf("the new start removed %d services of the earlier run, which it wants", n)
	}
}
