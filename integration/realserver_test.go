package integration

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/rig"
)

// A bare host becomes a real server with one command, whatever the model, and
// is as it was after another.
func TestRealServerUpAndDown(t *testing.T) {
	r := newRack(t)
	for _, m := range r.recipes() {
		t.Run(m.name, func(t *testing.T) {
			before := r.state(t, r.server)
			r.downOnFailure(t)
			if checks, _ := r.faults(t, r.server, append(r.flags(m), "--quiet")...); len(checks) == 0 {
				t.Error("verify finds nothing wrong with a bare host")
			}
			out, code := r.realserver(t, r.server, append([]string{"up"}, r.flags(m)...)...)
			if code != 0 {
				t.Fatalf("up: status %d\n%s", code, out)
			}
			r.WaitPage(t, r.service(m))
			r.oneOwner(t, r.vip(m))
			verify := []string{"--port", fmt.Sprint(m.port)}
			if !strings.HasPrefix(m.name, "DR") {
				verify = append(verify, "--quiet") // The network was asked about either VIP.
			}
			if checks, findings := r.faults(t, r.server, verify...); len(checks) > 0 {
				t.Errorf("verify after up: %+v", findings)
			}
			up := r.state(t, r.server)
			if out, code := r.realserver(t, r.server, append([]string{"up"}, r.flags(m)...)...); code != 0 || !strings.Contains(out, "nothing to do") {
				t.Errorf("up again: status %d\n%s", code, out)
			}
			if diff := cmp.Diff(up, r.state(t, r.server)); diff != "" {
				t.Errorf("up again changed (-before +after):\n%s", diff)
			}
			if out, code := r.realserver(t, r.server, "down"); code != 0 {
				t.Errorf("down: status %d\n%s", code, out)
			}
			if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
				t.Errorf("down left (-before up +after down):\n%s", diff)
			}
			if out, code := r.realserver(t, r.server, "down"); code != 0 || !strings.Contains(out, "nothing to do") {
				t.Errorf("down again: status %d\n%s", code, out)
			}
		})
	}
}

// A host whose reverse path filter is strict everywhere, as some distributions
// set it, serves every tunnel too, and its own filter stays as it is.
func TestRealServerStrictHost(t *testing.T) {
	r := newRack(t)
	r.must(t, r.server, "sysctl -q -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1")
	for _, m := range r.recipes() {
		if m.vip6 || m.name == "DR" {
			continue // The filter knows no IPv6, and DR comes in where replies leave.
		}
		t.Run(m.name, func(t *testing.T) {
			before := r.state(t, r.server)
			r.downOnFailure(t)
			if out, code := r.realserver(t, r.server, append([]string{"up"}, r.flags(m)...)...); code != 0 {
				t.Fatalf("up: status %d\n%s", code, out)
			}
			r.WaitPage(t, r.service(m))
			r.realserver(t, r.server, "down")
			if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
				t.Errorf("down left (-before up +after down):\n%s", diff)
			}
		})
	}
}

// downOnFailure spares the tests that follow what this one leaves behind.
func (r *rack) downOnFailure(t *testing.T) {
	t.Cleanup(func() {
		if t.Failed() {
			r.run(context.Background(), t, r.server, rig.Binary(), "realserver", "down", "--run-dir", r.runDir)
		}
	})
}
