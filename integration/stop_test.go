package integration

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// A director that is told to stop tells the other one and takes everything of
// its own with it, and nothing else.
func TestStopHandsOverAndLeavesNothing(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			p := rig.NewIPVS(t, lab.Options{})
			addForeign(t, p, lab.A)
			host := addresses(t, p, lab.A)
			p.StartBoth(t, quick)
			p.WaitForwarding(t, lab.A)
			p.WaitForwarding(t, lab.B)

			p.Signal(t, lab.A, sig)
			if exit := p.WaitExit(t, lab.A); exit.Code != 0 {
				t.Errorf("it ended with %+v, want exit status 0", exit)
			}
			p.WaitOwner(t, p.VIP(), "b")
			// Its reason is the advert with priority 0, not a silence.
			if b := p.Instance(t, lab.B, "vip"); b.Reason != "master stopped" {
				t.Errorf("director b became master because of %q, want \"master stopped\"", b.Reason)
			}
			if diff := cmp.Diff(host, addresses(t, p, lab.A)); diff != "" {
				t.Errorf("addresses (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]string{foreign + " TCP": "s1=9"}, p.Table(t, lab.A)); diff != "" {
				t.Errorf("IPVS services (-want +got):\n%s", diff)
			}
			if out := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--daemon"); strings.TrimSpace(out) != "" {
				t.Errorf("sync daemons still run: %s", out)
			}
			if _, err := os.Lstat(filepath.Join(p.Files(lab.A).RunDir, "control.sock")); !os.IsNotExist(err) {
				t.Errorf("the control socket is still there (%v)", err)
			}
			p.WaitPage(t, netip.AddrPortFrom(p.VIP(), lab.HTTPPort))
		})
	}
}

// What the kernel has not said of the newest connections when a director is
// told to stop, it still says: a stop loses none of them.
func TestStopKeepsTheNewestConnections(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	p.StartBoth(t, quick)
	p.WaitForwarding(t, lab.A)
	p.WaitForwarding(t, lab.B)
	silent := silence(t, p, 6)
	p.Signal(t, lab.A, syscall.SIGTERM)
	p.WaitExit(t, lab.A)
	waitKnown(t, p, lab.B, silent.Clients())
	p.WaitOwner(t, p.VIP(), "b")
	for _, u := range silent.Speak(t.Context(), rig.Patience) {
		if u.Outcome != traffic.Served {
			t.Errorf("the first line of %s through the other director was %s", u.Client, u.Outcome)
		}
	}
}

// A start that is refused has touched neither addresses nor IPVS.
func TestRefusedStartTouchesNothing(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	addForeign(t, p, lab.A)
	host, table := addresses(t, p, lab.A), p.Table(t, lab.A)
	p.Launch(t, lab.A, rig.Tandem(), edit(t, p.Config(t, lab.A, quick), "virtual_router_id 51", "virtual_router_id 0"))
	if exit := p.WaitExit(t, lab.A); exit.Code != 1 {
		t.Errorf("it ended with %+v, want exit status 1", exit)
	}
	if diff := cmp.Diff(host, addresses(t, p, lab.A)); diff != "" {
		t.Errorf("addresses (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(table, p.Table(t, lab.A)); diff != "" {
		t.Errorf("IPVS services (-before +after):\n%s", diff)
	}
	if out := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Ln", "--daemon"); strings.TrimSpace(out) != "" {
		t.Errorf("sync daemons run: %s", out)
	}
}
