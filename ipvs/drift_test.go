package ipvs_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// Whoever reads the log sees what was there, what somebody made of it, and
// what it is now.
func TestDriftIsSaidWithBeforeAndAfter(t *testing.T) {
	const web80, real = "192.0.2.80:80 TCP", "server 198.51.100.11:8080 of 192.0.2.80:80 TCP"
	entry := func(t ipvs.Table) ipvs.Entry { return t[ipvstest.Web] }
	for _, c := range []struct {
		name   string
		change func(ipvs.Table)
		want   []string
	}{
		{"a service", func(t ipvs.Table) { clear(t) }, []string{"service " + web80 + ": removed, added again"}},
		{"a scheduler and a flag", func(t ipvs.Table) {
			t[ipvstest.Web] = ipvs.Entry{Service: ipvs.Service{Scheduler: "sh", Flags: ipvs.Sched1}, Destinations: entry(t).Destinations}
		}, []string{"service " + web80 + ": scheduler rr -> sh, back to rr; flags - -> flag-1, back to -"}},
		{"a weight", func(t ipvs.Table) { entry(t).Destinations[ipvstest.Real] = ipvs.Destination{Weight: 7} },
			[]string{real + ": weight 3 -> 7, back to 3"}},
		{"a weight and a method", func(t ipvs.Table) {
			entry(t).Destinations[ipvstest.Real] = ipvs.Destination{Weight: 7, Forwarding: ipvs.DR}
		}, []string{real + ": weight 3 -> 7, back to 3; method NAT -> DR, back to NAT"}},
		{"a drain that changes the method too", func(t ipvs.Table) {
			entry(t).Destinations[ipvstest.Real] = ipvs.Destination{Forwarding: ipvs.DR}
		}, []string{real + ": weight 3 -> 0; method NAT -> DR, back to NAT"}},
		{"a server less and a server more", func(t ipvs.Table) {
			entry(t).Destinations[ipvstest.Real2] = ipvs.Destination{Weight: 9}
			delete(entry(t).Destinations, ipvstest.Real)
		}, []string{
			real + ": removed, added again",
			"server 198.51.100.12:8080 of 192.0.2.80:80 TCP: added with weight 9, method NAT, removed again",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
				r.Want(web(3))
				r.after(0)
				r.kernel.Outside(c.change)
				r.after(10 * time.Second)
				for _, want := range c.want {
					if !strings.Contains(r.log.String(), want) {
						t.Errorf("the log lacks %q", want)
					}
				}
				if n := strings.Count(r.log.String(), "somebody else changed"); n != len(c.want) {
					t.Errorf("%d lines, want %d", n, len(c.want))
				}
				if t.Failed() {
					t.Log(r.log)
				}
			})
		})
	}
}

// Whatever field somebody changes is back in time, a service's within a second,
// by the fewest operations, and counted once.
func TestEveryDriftIsRepaired(t *testing.T) {
	for _, c := range ipvstest.Drifts() {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
				r.Want(ipvstest.Wanted())
				r.after(0)
				for _, err := range r.kernel.Apply(t.Context(), []ipvs.Op{c.Change}) {
					if err != nil {
						t.Fatal(err)
					}
				}
				r.kernel.Applied()
				within, writes := 10*time.Second, 1
				if c.Change.Verb == ipvs.SetService {
					within = soon
				}
				if c.Replaces {
					writes = 2
				}
				if got := r.after(within); len(got) != writes {
					t.Errorf("written %v, want %d operations", got, writes)
				}
				have, err := r.kernel.Dump(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if left := ipvs.Diff(have, ipvstest.Wanted()); len(left) > 0 {
					t.Errorf("still to do: %v", left)
				}
				if got := r.Snapshot().Repairs; got != 1 {
					t.Errorf("%d repairs counted, want 1", got)
				}
			})
		})
	}
}

// A whole table that is gone is no reason for a thousand lines.
func TestMuchDriftIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Want(ipvstest.FullTable(100, 2))
		r.after(0)
		r.kernel.Outside(func(t ipvs.Table) { clear(t) })
		if n := len(r.after(time.Second)); n != 300 {
			t.Errorf("%d operations, want 300", n)
		}
		if n := strings.Count(r.log.String(), "somebody else changed"); n != 11 || !strings.Contains(r.log.String(), "90 changes more") {
			t.Errorf("%d lines:\n%s", n, r.log)
		}
	})
}

// A server whose tunnel has another port than before is removed and added,
// with a word why; any other change is made in place.
func TestATunnelThatCannotBeChangedInPlace(t *testing.T) {
	gue := ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: ipvs.GUE, Port: 6080}}
	other := gue
	other.Tunnel.Port = 6081
	heavier := gue
	heavier.Weight = 2
	ipip, direct, nat := ipvs.Destination{Forwarding: ipvs.Tunnel}, ipvs.Destination{Forwarding: ipvs.DR}, ipvs.Destination{}
	gre := ipvs.Destination{Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: ipvs.GRE}}
	for _, c := range []struct {
		name     string
		from, to ipvs.Destination
		replaced bool
	}{
		{"another port of GUE", gue, other, true},
		{"from NAT to ipip", nat, ipip, true},
		{"from ipip to GUE", ipip, gue, true},
		{"from GUE to GRE", gue, gre, true},
		{"from ipip to GRE, filed alike", ipip, gre, false},
		{"from DR to GUE, not filed before", direct, gue, false},
		{"from NAT to DR", nat, direct, false},
		{"another weight of GUE", gue, heavier, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
				r.Want(one(rr, servers{ipvstest.Real: c.from}))
				r.after(0)
				r.Want(one(rr, servers{ipvstest.Real: c.to}))
				if c.replaced {
					r.expect(r.after(0), delReal, addReal)
				} else {
					r.expect(r.after(0), setReal)
				}
				if said := strings.Contains(r.log.String(), "in place"); said != c.replaced {
					t.Errorf("said %v:\n%s", said, r.log)
				}
			})
		})
	}
}

// forgetful is a kernel from before Linux 5.3: it takes tunnel options and
// keeps none.
type forgetful struct{ *ipvstest.Kernel }

func (k forgetful) Read(ctx context.Context) (ipvs.Table, ipvs.Figures, error) {
	table, figures, err := k.Kernel.Read(ctx)
	for _, entry := range table {
		for server, d := range entry.Destinations {
			d.Tunnel = ipvs.TunnelOptions{}
			entry.Destinations[server] = d
		}
	}
	return table, figures, err
}

// What no repair helps against becomes an error that status shows, and no
// reason to try more often.
func TestDriftThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := forgetful{ipvstest.New(nil)}
		r := ipvs.NewReconciler(k, ipvs.NewRecord("", ""), slog.New(slog.DiscardHandler), ipvs.Options{})
		gue := ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: ipvs.GUE, Port: 6080}}
		r.Want(one(rr, servers{ipvstest.Real: gue}))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = r.Run(ctx) }()
		time.Sleep(15 * time.Second) // in the bubble
		if errs := r.Snapshot().Errors; len(errs) > 0 {
			t.Errorf("after one repair: %q", errs)
		}
		time.Sleep(time.Minute)
		snap := r.Snapshot()
		if len(snap.Errors) != 1 || !strings.Contains(snap.Errors[0], "this kernel is too old") {
			t.Errorf("errors %q", snap.Errors)
		}
		if snap.Passes > 10 {
			t.Errorf("%d passes in 75 s", snap.Passes)
		}
	})
}
