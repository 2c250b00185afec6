package director

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

// TestMissing: an instance that a reload takes out of a track_group is told that
// what was wrong with it is over, and one that is gone is told nothing.
func TestMissing(t *testing.T) {
	instances := func(names ...string) vrrp.Config {
		c := vrrp.Config{Static: vrrp.Static{Groups: map[string][]string{}}}
		for _, name := range names {
			c.Instances = append(c.Instances, vrrp.Instance{Name: name})
		}
		return c
	}
	before, now := instances("stays", "leaves", "goes"), instances("stays", "leaves", "comes")
	before.Static.Groups["g"] = []string{"stays", "leaves", "goes"}
	now.Static.Groups["g"] = []string{"stays", "comes"}
	for _, tt := range []struct {
		what string
		is   bool
		want []string
	}{
		{"a fault", true, []string{"comes", "stays"}},
		{"its end", false, []string{"comes", "leaves", "stays"}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log words
				d := &Director{log: slog.New(slog.DiscardHandler), router: vrrp.NewRouter(vrrp.Config{}, silent{}, silent{}, slog.New(&log))}
				d.missing(before, now)("g", "static route 10.0.0.0/8 is missing", tt.is)
				ctx := t.Context()
				done := make(chan error)
				go func() { done <- d.router.Run(ctx) }()
				if err := d.router.Stop(ctx); err != nil {
					t.Error(err)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				// A router without instances says whom it was to tell.
				if diff := cmp.Diff(tt.want, log.instances); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// words keeps which instances a log names.
type words struct {
	slog.Handler
	instances []string
}

func (w *words) Enabled(context.Context, slog.Level) bool { return true }

func (w *words) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "instance" {
			w.instances = append(w.instances, a.Value.String())
		}
		return true
	})
	return nil
}

// silent is a network and a host of nothing.
type silent struct{}

func (silent) Frames() <-chan vrrp.Frame                { return nil }
func (silent) Send(batch []vrrp.Outgoing) []error       { return make([]error, len(batch)) }
func (silent) Listen([]vrrp.Listen, func(vrrp.Hearing)) {}
func (silent) Want(string, vrrp.Wish)                   {}
func (silent) Announce(instance string, repeat int)     {}
func (silent) Forget(instance string)                   {}
func (silent) Together(do func())                       { do() }
