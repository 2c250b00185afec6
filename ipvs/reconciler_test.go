package ipvs_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// rig is a Reconciler at work on a kernel in memory, in a synctest bubble.
type rig struct {
	*ipvs.Reconciler
	t      *testing.T
	kernel *ipvstest.Kernel
	log    *strings.Builder
	drains []ipvs.Drain
	stop   func() // ends Run, as a kill does: nothing is cleared
}

func start(t *testing.T, k *ipvstest.Kernel, record *ipvs.Record) *rig {
	t.Helper()
	r := &rig{t: t, kernel: k, log: &strings.Builder{}}
	r.Reconciler = ipvs.NewReconciler(k, record, slog.New(slog.NewTextHandler(r.log, nil)), ipvs.Options{
		OnDrain: func(d ipvs.Drain) { r.drains = append(r.drains, d) },
	})
	r.stop = ipvstest.Start(t, r.Run)
	return r
}

// after lets time pass and returns what was written to the kernel meanwhile.
func (r *rig) after(d time.Duration) []string {
	r.t.Helper()
	ipvstest.After(d)
	var words []string
	for _, op := range r.kernel.Applied() {
		words = append(words, op.String())
	}
	return words
}

// expect compares what was written.
func (r *rig) expect(got []string, want ...string) {
	r.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		r.t.Errorf("written (-want +got):\n%s", d)
	}
}

// weight is the weight in the kernel of ipvstest.Real, -1 for none.
func (r *rig) weight() int32 {
	r.t.Helper()
	t, err := r.kernel.Dump(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if d, ok := t[ipvstest.Web].Destinations[ipvstest.Real]; ok {
		return d.Weight
	}
	return -1
}

// outside sets the weight of ipvstest.Real as ipvsadm -e does, which changes
// the forwarding method too when it is not named.
func (r *rig) outside(weight int32) {
	r.kernel.Outside(func(t ipvs.Table) {
		t[ipvstest.Web].Destinations[ipvstest.Real] = ipvs.Destination{Weight: weight, Forwarding: ipvs.DR}
	})
}

func (r *rig) reasons() (all []ipvs.DrainReason) {
	for _, d := range r.drains {
		all = append(all, d.Reason)
	}
	r.drains = nil
	return all
}

const (
	addWeb  = "add service 192.0.2.80:80 TCP"
	setWeb  = "change service 192.0.2.80:80 TCP"
	delWeb  = "remove service 192.0.2.80:80 TCP"
	addReal = "add server 198.51.100.11:8080 to 192.0.2.80:80 TCP"
	setReal = "change server 198.51.100.11:8080 of 192.0.2.80:80 TCP"
	delReal = "remove server 198.51.100.11:8080 from 192.0.2.80:80 TCP"
	soon    = time.Second
	long    = time.Minute
)

// web is the service with one server of the given weight.
func web(weight int32) ipvs.Table { return one(rr, servers{ipvstest.Real: {Weight: weight}}) }

func TestWantIsWrittenAtOnceAndOnlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.expect(r.after(long)) // nothing is wanted yet
		r.Want(web(1))
		r.expect(r.after(0), addWeb, addReal)
		r.expect(r.after(long))
		r.Want(web(1))
		r.expect(r.after(long))
		r.Want(web(2))
		r.expect(r.after(0), setReal)
		r.Want(ipvs.Table{})
		r.expect(r.after(0), delWeb)
	})
}

// A second pass over what a first one wrote writes nothing, whatever it was.
func TestASecondPassWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		for range 50 {
			r.Want(ipvstest.RandomTable(rng))
			r.after(0)
			if got := r.after(time.Minute); len(got) > 0 {
				t.Fatalf("written again: %v", got)
			}
		}
		if e := r.Snapshot().Errors; len(e) > 0 {
			t.Error(e)
		}
	})
}

func TestOutsideChangesAreRepaired(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(ipvs.Table)
		within time.Duration
		want   []string
	}{
		{"everything removed", func(t ipvs.Table) { clear(t) }, soon, []string{addWeb, addReal}},
		{"another scheduler", func(t ipvs.Table) {
			t[ipvstest.Web] = ipvs.Entry{Service: wlc, Destinations: t[ipvstest.Web].Destinations}
		}, soon, []string{setWeb}},
		{"a server removed", func(t ipvs.Table) { delete(t[ipvstest.Web].Destinations, ipvstest.Real) }, 10 * time.Second, []string{addReal}},
		{"another weight", func(t ipvs.Table) { t[ipvstest.Web].Destinations[ipvstest.Real] = ipvs.Destination{Weight: 7} }, 10 * time.Second, []string{setReal}},
		{"a server added", func(t ipvs.Table) { t[ipvstest.Web].Destinations[ipvstest.Real2] = ipvs.Destination{Weight: 7} }, 10 * time.Second,
			[]string{"remove server 198.51.100.12:8080 from 192.0.2.80:80 TCP"}},
		{"a service of somebody else's", func(t ipvs.Table) { t[dns] = ipvs.Entry{Service: rr} }, long, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
				r.Want(web(1))
				r.expect(r.after(0), addWeb, addReal)
				r.kernel.Outside(c.change)
				r.expect(r.after(c.within), c.want...)
				if got := r.Snapshot().Repairs; (got == 0) != (c.want == nil) {
					t.Errorf("%d repairs counted", got)
				}
				r.expect(r.after(long))
			})
		})
	}
}

func TestAStartAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		foreign := ipvs.Key{FWMark: 9}
		k := ipvstest.New(ipvs.Table{foreign: {Service: rr}, ipvstest.Web: {Service: rr}})
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		want := web(5)
		want[dns] = ipvs.Entry{Service: rr}
		r.Want(want)
		r.expect(r.after(0), "add service 192.0.2.53:53 UDP", addReal)
		if !strings.Contains(r.log.String(), "adopted") {
			t.Error("nothing said about the adopted service")
		}
		r.outside(0)
		r.after(10 * time.Second)
		r.stop()

		again := start(t, k, ipvs.NewRecord(path, "boot 1"))
		again.Want(web(5))
		again.expect(again.after(long), "remove service 192.0.2.53:53 UDP")
		if w := again.weight(); w != 0 {
			t.Errorf("weight %d, want the drain kept over the crash", w)
		}
		if d := cmp.Diff([]ipvs.DrainReason{ipvs.DrainRemembered}, again.reasons()); d != "" {
			t.Error(d)
		}
		again.Release(ipvstest.Web, ipvstest.Real)
		again.expect(again.after(0), setReal)
		again.stop()
		if err := again.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		again.expect(again.after(0), delWeb)
		if left, _ := k.Dump(t.Context()); len(left) != 1 || left[foreign.Normal()].Service.Scheduler == "" {
			t.Errorf("left: %v, want the foreign service alone", left)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the record is still there: %v", err)
		}
	})
}

// What was written in another boot says nothing about this one's table, and a
// record that cannot be read stops nothing.
func TestAVoidRecord(t *testing.T) {
	for _, c := range []struct{ name, content, says string }{
		{"another boot", `{"Epoch":"boot 0","Services":[{"Addr":"192.0.2.53:53","Protocol":17,"FWMark":0,"Family":2}]}`, ""},
		{"not ours", "binary \x00 junk", "understand the record"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "services.json")
				if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
					t.Fatal(err)
				}
				r := start(t, ipvstest.New(ipvs.Table{dns: {Service: rr}}), ipvs.NewRecord(path, "boot 1"))
				r.Want(web(1))
				r.expect(r.after(long), addWeb, addReal)
				if !strings.Contains(r.log.String(), c.says) {
					t.Errorf("the log lacks %q:\n%s", c.says, r.log)
				}
			})
		})
	}
}

// The key is on file before the kernel hears of it.
func TestTheRecordComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		k := ipvstest.New(nil)
		k.Refuse(func(op ipvs.Op) error {
			data, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(data), op.Key.Addr.String()) {
				t.Errorf("%s before it was recorded: %s %v", op, data, err)
			}
			return nil
		})
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		r.Want(web(1))
		r.expect(r.after(0), addWeb, addReal)
	})
}

func TestFailuresAreSaidOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.kernel.Refuse(func(op ipvs.Op) error {
			if op.Verb == ipvs.AddService {
				return ipvs.ErrNoScheduler
			}
			return nil
		})
		r.Want(web(1))
		tries := len(r.after(long)) / 2
		if tries < 6 || tries > 20 {
			t.Errorf("%d tries in a minute, want a back-off from 100 ms to 10 s", tries)
		}
		snap := r.Snapshot()
		if d := cmp.Diff([]string{addWeb + ": scheduler not available"}, snap.Errors); d != "" {
			t.Errorf("errors (-want +got):\n%s", d)
		}
		if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d error lines, want 1:\n%s", n, r.log)
		}
		r.kernel.Refuse(nil)
		r.expect(r.after(10*time.Second), addWeb, addReal)
		if snap := r.Snapshot(); len(snap.Errors) != 0 || !snap.Since.IsZero() || !strings.Contains(r.log.String(), "as wanted again") {
			t.Errorf("errors %v since %s\n%s", snap.Errors, snap.Since, r.log)
		}
	})
}

// One wrong service must not slow down the repair of the others.
func TestAClearedTableIsBackWhileAnotherServiceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		want := web(1)
		want[dns] = ipvs.Entry{Service: ipvs.Service{Scheduler: "nosuch"}}
		r.Want(want)
		r.after(5 * long) // the back-off is at its longest
		r.kernel.Outside(func(t ipvs.Table) { clear(t) })
		r.after(soon)
		if w := r.weight(); w != 1 {
			t.Errorf("weight %d a second later, want 1", w)
		}
	})
}

func TestAKernelThatCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.kernel.Break(ipvs.ErrNotAllowed)
		r.Want(web(1))
		r.after(long)
		if snap := r.Snapshot(); len(snap.Errors) != 1 || !snap.Read.IsZero() {
			t.Errorf("snapshot %+v", snap)
		}
		if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d error lines, want 1:\n%s", n, r.log)
		}
		r.kernel.Break(nil)
		r.expect(r.after(10*time.Second), addWeb, addReal)
	})
}

// Between reading and writing somebody else was faster.
func TestATableThatChangesWhileItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		raced := false
		r.kernel.Refuse(func(op ipvs.Op) error {
			if op.Verb == ipvs.AddService && !raced {
				raced = true
				return ipvs.ErrExist
			}
			return nil
		})
		r.Want(web(1))
		r.after(0)
		if w := r.weight(); w != 1 {
			t.Errorf("weight %d right after, want 1", w)
		}
	})
}

func TestSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Want(web(4))
		r.after(0)
		want := ipvs.Counts{Active: 3, Inactive: 2, Stats: ipvs.Stats{Connections: 5}}
		r.kernel.SetCounts(ipvstest.Web, ipvstest.Real, want)
		r.after(10 * time.Second)
		snap := r.Snapshot()
		dest, counts, ok := snap.Server(ipvstest.Web, ipvstest.Real)
		if !ok || dest.Weight != 4 || counts != want {
			t.Errorf("%+v %+v %v", dest, counts, ok)
		}
		if _, _, ok := snap.Server(ipvstest.Web, ipvstest.Real2); ok {
			t.Error("a server that is not there is in the snapshot")
		}
		if snap.Writes != 2 || snap.Passes != 2 || time.Since(snap.Read) != 0 {
			t.Errorf("%d writes, %d passes, read %s", snap.Writes, snap.Passes, snap.Read)
		}
	})
}
