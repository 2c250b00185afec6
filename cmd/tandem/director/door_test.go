package director

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/cmd/tandem/control"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// TestUndrain drains a server from outside, as ipvsadm would, and ends that by
// the order of the control socket.
func TestUndrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		kernel := ipvstest.New(nil)
		var seen []ipvs.DrainReason
		reconciler := ipvs.NewReconciler(kernel, ipvs.NewRecord("", ""), slog.New(slog.DiscardHandler), ipvs.Options{
			OnDrain: func(d ipvs.Drain) { seen = append(seen, d.Reason) },
		})
		d := door{&Director{log: slog.New(slog.DiscardHandler), balance: &balance{reconciler: reconciler}}}
		refused := func(what string, u control.Undrain, want string) {
			t.Helper()
			if _, err := d.Undrain(ctx, u); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", what, err, want)
			}
		}
		go func() { _ = reconciler.Run(ctx) }()
		reconciler.Want(ipvs.Table{service: {
			Service:      ipvs.Service{Scheduler: "rr"},
			Destinations: map[ipvs.Server]ipvs.Destination{first: {Weight: 3}},
		}})
		synctest.Wait()
		if keys, err := d.Owned(ctx); err != nil || len(keys) != 1 || keys[0] != service {
			t.Errorf("owned: %v, %v", keys, err)
		}
		refused("nothing is drained", control.Undrain{Server: first.String()}, "no server is drained")

		kernel.Apply(ctx, []ipvs.Op{{Verb: ipvs.SetDestination, Key: service, Server: first}})
		time.Sleep(11 * time.Second) // beyond a whole comparison, in the bubble's time
		refused("another server is drained", control.Undrain{Server: "198.51.100.9:80"}, first.String())
		got, err := d.Undrain(ctx, control.Undrain{Service: service.String(), Server: first.String()})
		if err != nil || len(got) != 1 || got[0].Server != first.String() {
			t.Errorf("undrain: %v, %v", got, err)
		}
		synctest.Wait()
		if len(seen) != 2 || seen[0] != ipvs.DrainSeen || seen[1] != ipvs.DrainReleased {
			t.Errorf("drains: %v", seen)
		}
	})
}

func TestWithoutIPVSNothingIsOwnedOrDrained(t *testing.T) {
	d := door{&Director{log: slog.New(slog.DiscardHandler)}}
	if keys, err := d.Owned(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("owned: %v, %v", keys, err)
	}
	if _, err := d.Undrain(t.Context(), control.Undrain{}); err == nil {
		t.Error("undrain without IPVS says nothing")
	}
}
