package ipvs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

func TestAManualDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Want(web(5))
		r.after(0)
		r.outside(0)
		r.expect(r.after(10*time.Second), setReal) // its forwarding method alone
		if w := r.weight(); w != 0 {
			t.Fatalf("weight %d, want the operator's 0", w)
		}
		if d := r.Drained(); len(d) != 1 || d[0].Server != ipvstest.Real || d[0].Reason != ipvs.DrainSeen {
			t.Errorf("drained: %+v", d)
		}

		// Neither another weight nor going and coming back ends it.
		r.Want(web(6))
		r.expect(r.after(long))
		r.Want(one(rr, nil))
		r.expect(r.after(0), delReal)
		r.Want(web(5))
		r.expect(r.after(0), addReal)
		r.kernel.Outside(func(t ipvs.Table) { clear(t) })
		r.expect(r.after(soon), addWeb, addReal)
		if w := r.weight(); w != 0 {
			t.Errorf("weight %d after it came back, want 0", w)
		}
		if got := cmp.Diff([]ipvs.DrainReason{ipvs.DrainSeen}, r.reasons()); got != "" {
			t.Error(got)
		}

		r.outside(3)
		r.expect(r.after(10*time.Second), setReal)
		if w := r.weight(); w != 5 || len(r.Drained()) != 0 {
			t.Errorf("weight %d, drained %v; want the wanted 5 and nobody", w, r.Drained())
		}

		r.outside(0)
		r.after(10 * time.Second)
		r.Release(ipvstest.Web, ipvstest.Real)
		r.expect(r.after(0), setReal)
		if w := r.weight(); w != 5 {
			t.Errorf("weight %d after the release, want 5", w)
		}

		r.outside(0)
		r.after(10 * time.Second)
		r.Want(ipvs.Table{})
		r.after(0)
		r.Want(web(5))
		r.after(0)
		if w := r.weight(); w != 5 {
			t.Errorf("weight %d after the service was gone, want 5", w)
		}
		want := []ipvs.DrainReason{ipvs.DrainWeight, ipvs.DrainSeen, ipvs.DrainReleased, ipvs.DrainSeen, ipvs.DrainGone}
		if d := cmp.Diff(want, r.reasons()); d != "" {
			t.Errorf("drains (-want +got):\n%s", d)
		}
	})
}

// A stop and a start that an operator asks for end every drain, also one that
// was made right before, and leave no record of it.
func TestARestartEndsADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		k := ipvstest.New(nil)
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		r.Want(web(5))
		r.after(0)
		r.outside(0)
		r.after(10 * time.Second)
		cleanStop(r)
		if d := cmp.Diff([]ipvs.DrainReason{ipvs.DrainSeen, ipvs.DrainRestarted}, r.reasons()); d != "" {
			t.Error(d)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a record of nothing is still there: %v", err)
		}
		again := start(t, k, ipvs.NewRecord(path, "boot 1"))
		again.Want(web(5))
		again.after(long)
		if w := again.weight(); w != 5 || len(again.Drained()) != 0 {
			t.Errorf("weight %d, drained %v; want 5 and nobody", w, again.Drained())
		}
	})
}

// After a crash no client is sent to a drained server, not even for the time
// of a first pass, and also where its check passes only later.
func TestACrashKeepsADrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		k := ipvstest.New(nil)
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		r.Want(web(5))
		r.after(0)
		r.outside(0)
		r.after(10 * time.Second)
		r.stop()
		k.Applied()

		again := start(t, k, ipvs.NewRecord(path, "boot 1"))
		k.Refuse(func(op ipvs.Op) error {
			if op.Server == ipvstest.Real && op.Destination.Weight != 0 {
				t.Errorf("written with weight %d", op.Destination.Weight)
			}
			return nil
		})
		again.Want(one(rr, nil)) // its first check has not passed yet
		again.expect(again.after(long), delReal)
		again.Want(web(5))
		again.expect(again.after(long), addReal)
		if d := cmp.Diff([]ipvs.DrainReason{ipvs.DrainRemembered}, again.reasons()); d != "" {
			t.Error(d)
		}
		k.Refuse(nil)
		again.Release(ipvstest.Web, ipvstest.Real)
		again.expect(again.after(0), setReal)
	})
}

// A reload ends all drains at once, also one that no pass has seen yet; what
// is drained afterwards stays.
func TestAReloadEndsDrains(t *testing.T) {
	for name, seen := range map[string]time.Duration{"seen by a pass": 10 * time.Second, "made right before": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
				r.Want(web(5))
				r.after(0)
				r.outside(0)
				r.after(seen)
				r.ReleaseAll(ipvs.DrainReloaded)
				r.after(0)
				if w := r.weight(); w != 5 {
					t.Errorf("weight %d right after the reload, want 5", w)
				}
				r.outside(0)
				r.after(long)
				if w := r.weight(); w != 0 {
					t.Errorf("weight %d, want the drain of after the reload", w)
				}
				want := []ipvs.DrainReason{ipvs.DrainSeen, ipvs.DrainReloaded, ipvs.DrainSeen}
				if d := cmp.Diff(want, r.reasons()); d != "" {
					t.Errorf("drains (-want +got):\n%s", d)
				}
			})
		})
	}
}

// cleanStop is what a stop of the director does.
func cleanStop(r *rig) {
	r.t.Helper()
	r.stop()
	if err := r.Clear(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.kernel.Applied()
}

// A weight 0 that is tandem's own is no drain.
func TestOurOwnWeightZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Want(web(5))
		r.after(0)
		r.Want(web(0))
		r.after(long)
		// Written, but nobody said so.
		r.Want(web(5))
		r.after(0)
		r.kernel.Refuse(func(op ipvs.Op) error {
			if op.Verb == ipvs.SetDestination && op.Destination.Weight == 0 {
				go r.kernel.Outside(func(t ipvs.Table) { t[ipvstest.Web].Destinations[ipvstest.Real] = op.Destination })
				return ipvs.ErrNoAnswer
			}
			return nil
		})
		r.Want(web(0))
		r.after(long)
		r.Want(web(5))
		r.after(long)
		if w := r.weight(); w != 5 || len(r.Drained()) != 0 {
			t.Errorf("weight %d, drained %v; want 5 and nobody", w, r.Drained())
		}
	})
}
