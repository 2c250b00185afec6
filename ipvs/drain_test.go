package ipvs_test

import (
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
