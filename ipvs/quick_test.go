package ipvs_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// both is web with a second service beside it.
func both(weight int32) ipvs.Table {
	t := web(weight)
	t[dns] = ipvs.Entry{Service: rr, Destinations: servers{ipvstest.Real2: {Weight: 1}}}
	return t
}

// atWork is a Reconciler whose first pass has written both(1).
func atWork(t *testing.T) *rig {
	t.Helper()
	r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
	r.Want(both(1))
	r.after(0)
	return r
}

// driftElsewhere changes the service beside web.
func driftElsewhere(r *rig) {
	r.kernel.Outside(func(t ipvs.Table) { t[dns.Normal()].Destinations[ipvstest.Real2] = ipvs.Destination{Weight: 7} })
}

// What is newly wanted is written at once; the whole table is read when that
// was due, or where the services that change leave something to judge.
func TestAFewChangesNeedNoPass(t *testing.T) {
	drained := func(r *rig) { r.outside(0) }
	for _, c := range []struct {
		name   string
		before func(*rig)
		want   ipvs.Table
		writes []string
		passes uint64 // beside the first
		weight int32  // of ipvstest.Real afterwards
		log    string
	}{
		{name: "a weight", want: both(2), writes: []string{setReal}, weight: 2},
		{name: "nothing", want: both(1), weight: 1},
		{name: "a service less", want: web(1), writes: []string{"remove service 192.0.2.53:53 UDP"}, weight: 1},
		{name: "a weight in a service that is drained by hand", before: drained, want: both(2),
			writes: []string{setReal}, passes: 1, weight: 0, log: "manual drain"},
		{name: "drift in the service that changes", before: func(r *rig) { r.outside(7) }, want: both(2),
			writes: []string{setReal}, passes: 1, weight: 2, log: "weight 1 -> 7"},
		{name: "the service that changes was removed", want: both(2), writes: []string{addWeb, addReal}, passes: 1, weight: 2, log: "service 192.0.2.80:80 TCP: removed",
			before: func(r *rig) { r.kernel.Outside(func(t ipvs.Table) { delete(t, ipvstest.Web) }) }},
		{name: "drift in another service waits", before: driftElsewhere, want: both(2), writes: []string{setReal}, weight: 2},
		{name: "drains are to end", before: func(r *rig) { r.ReleaseAll(ipvs.DrainReloaded) }, want: both(2), writes: []string{setReal}, passes: 1, weight: 2},
		{name: "a new service is there already", passes: 1, weight: 1, log: "adopted",
			before: func(r *rig) {
				r.Want(web(1))
				r.after(0)
				r.kernel.Outside(func(t ipvs.Table) { maps.Copy(t, both(1)) })
			}, want: both(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := atWork(t)
				if c.before != nil {
					c.before(r)
				}
				r.Want(c.want)
				r.expect(r.after(0), c.writes...)
				if got := r.Snapshot().Passes - 1; got != c.passes {
					t.Errorf("%d passes, want %d", got, c.passes)
				}
				if got := r.weight(); got != c.weight {
					t.Errorf("weight %d, want %d", got, c.weight)
				}
				r.after(10 * time.Second)
				r.expect(r.after(long)) // and all is as wanted
				if !strings.Contains(r.log.String(), c.log) {
					t.Errorf("the log lacks %q:\n%s", c.log, r.log)
				}
			})
		})
	}
}

// The drift that a quick change passes by is repaired in its time.
func TestAQuickChangeDelaysNoPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := atWork(t)
		driftElsewhere(r)
		for weight := range int32(10) {
			r.Want(both(weight + 2))
			r.expect(r.after(time.Second), append([]string{setReal},
				map[bool][]string{true: {"change server 198.51.100.12:8080 of 192.0.2.53:53 UDP"}}[weight == 9]...)...)
		}
	})
}

// What a quick change cannot do, a pass tries again and says.
func TestAQuickChangeThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := atWork(t)
		r.kernel.Refuse(func(op ipvs.Op) error {
			if op.Verb == ipvs.SetDestination {
				return ipvs.ErrInvalid
			}
			return nil
		})
		r.Want(both(2))
		r.expect(r.after(0), setReal, setReal)
		if d := cmp.Diff([]string{setReal + ": the kernel refuses the value"}, r.Snapshot().Errors); d != "" {
			t.Errorf("errors (-want +got):\n%s", d)
		}
		r.kernel.Refuse(nil)
		r.after(soon)
		if w := r.weight(); w != 2 {
			t.Errorf("weight %d, want 2", w)
		}
	})
}

// A snapshot that somebody holds does not change.
func TestAQuickChangeMakesASnapshotOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := atWork(t)
		before := r.Snapshot()
		r.Want(both(2))
		r.after(0)
		for when, c := range map[string]struct {
			snap   ipvs.Snapshot
			weight int32
		}{"before": {before, 1}, "after": {r.Snapshot(), 2}} {
			if d, _, _ := c.snap.Server(ipvstest.Web, ipvstest.Real); d.Weight != c.weight {
				t.Errorf("%s: weight %d, want %d", when, d.Weight, c.weight)
			}
		}
		if got := r.Snapshot().Writes - before.Writes; got != 1 {
			t.Errorf("%d writes counted, want 1", got)
		}
	})
}
