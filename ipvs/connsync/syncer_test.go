package connsync_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// rig is a Syncer at work on a kernel in memory, in a synctest bubble.
type rig struct {
	*connsync.Syncer
	t      *testing.T
	kernel *ipvstest.Kernel
	log    *strings.Builder
	opt    connsync.Options
	stop   func() // ends Run, as a kill does: nothing is cleared
}

// sysctlDir is a directory with the sync sysctls of a fresh kernel.
func sysctlDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, value := range map[string]string{
		"sync_threshold": "3\t50\n", "sync_refresh_period": "0\n", "sync_retries": "0\n", "sync_sock_size": "0\n", "sync_ports": "1\n",
	} {
		writeSysctl(t, dir, name, value)
	}
	return dir
}

func writeSysctl(t *testing.T, dir, name, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
		t.Fatal(err)
	}
}

// values are all sysctls in the directory, each with single blanks.
func values(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = strings.Join(strings.Fields(string(b)), " ")
	}
	return all
}

var (
	fresh    = map[string]string{"sync_threshold": "3 50", "sync_refresh_period": "0", "sync_retries": "0", "sync_sock_size": "0", "sync_ports": "1"}
	hitless  = map[string]string{"sync_threshold": "0 0", "sync_refresh_period": "10", "sync_retries": "0", "sync_sock_size": "8192", "sync_ports": "1"}
	settings = connsync.Settings{RefreshPeriod: 10, SockSize: 8192}
	onLo     = connsync.Config{Interface: "lo", SyncID: 51, Settings: settings}
)

func begin(t *testing.T, k *ipvstest.Kernel, opt connsync.Options) *rig {
	t.Helper()
	r := &rig{t: t, kernel: k, log: &strings.Builder{}, opt: opt}
	r.Syncer = connsync.New(k, slog.New(slog.NewTextHandler(r.log, nil)), opt)
	r.stop = ipvstest.Start(t, r.Run)
	return r
}

// runs checks which daemons run, by role and sync id.
func (r *rig) runs(syncIDs ...uint8) {
	r.t.Helper()
	all, err := r.kernel.Daemons(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var got []uint8
	for _, d := range all {
		got = append(got, d.SyncID)
	}
	if d := cmp.Diff(syncIDs, got); d != "" {
		r.t.Errorf("sync ids of the daemons (-want +got):\n%s", d)
	}
}

func (r *rig) sysctls(want map[string]string) {
	r.t.Helper()
	if d := cmp.Diff(want, values(r.t, r.opt.Sysctls)); d != "" {
		r.t.Errorf("sysctls (-want +got):\n%s", d)
	}
}

func TestBothDaemonsRunAndAreClearedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, ipvstest.New(nil), connsync.Options{Sysctls: sysctlDir(t)})
		ipvstest.After(time.Minute)
		r.runs() // Nothing is wanted yet.
		r.Want(&onLo)
		ipvstest.After(0)
		r.runs(51, 51)
		r.sysctls(hitless)
		st, read := r.Status(), settings
		read.Ports = 1 // Left alone, and shown.
		if !st.Wanted || len(st.Daemons) != 2 || st.Settings != read || st.Granted != 8192 || len(st.Errors) != 0 {
			t.Errorf("status %+v", st)
		}

		r.Want(nil)
		ipvstest.After(0)
		r.runs()
		r.sysctls(fresh)
		if st := r.Status(); st.Wanted || len(st.Daemons) != 0 {
			t.Errorf("status %+v", st)
		}
	})
}

// sentry is a kernel that looks at the sysctls when a daemon starts.
type sentry struct {
	*ipvstest.Kernel
	look func()
}

func (s sentry) StartDaemon(ctx context.Context, d ipvs.Daemon) error {
	s.look()
	return s.Kernel.StartDaemon(ctx, d)
}

func TestSettingsComeBeforeTheDaemons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := sysctlDir(t)
		looked := 0
		k := sentry{ipvstest.New(nil), func() {
			looked++
			if d := cmp.Diff(hitless, values(t, dir)); d != "" {
				t.Errorf("sysctls when a daemon starts (-want +got):\n%s", d)
			}
		}}
		s := connsync.New(k, slog.New(slog.DiscardHandler), connsync.Options{Sysctls: dir})
		s.Want(&onLo)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = s.Run(ctx) }()
		synctest.Wait()
		cancel()
		if looked != 2 {
			t.Errorf("%d daemons started, want 2", looked)
		}
	})
}

func TestWhatOthersDoIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := ipvstest.New(nil)
		// Somebody's daemon with another sync id is in the way.
		if err := k.StartDaemon(t.Context(), ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "lo", SyncID: 9}); err != nil {
			t.Fatal(err)
		}
		r := begin(t, k, connsync.Options{Sysctls: sysctlDir(t)})
		r.Want(&onLo)
		ipvstest.After(0)
		r.runs(51, 51)

		if err := k.StopDaemon(t.Context(), ipvs.Daemon{Role: ipvs.SyncBackup}); err != nil {
			t.Fatal(err)
		}
		writeSysctl(t, r.opt.Sysctls, "sync_threshold", "3\t50\n")
		ipvstest.After(10 * time.Second)
		r.runs(51, 51)
		r.sysctls(hitless)
		if !strings.Contains(r.log.String(), "somebody else changed") {
			t.Errorf("nothing said about the setting:\n%s", r.log)
		}
	})
}

// What an earlier run found is restored by the one that stops, and what
// somebody else set meanwhile is left alone.
func TestSettingsOfBeforeACrashAreRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := connsync.Options{Sysctls: sysctlDir(t), Record: filepath.Join(t.TempDir(), "sync.json"), Epoch: "boot 1"}
		k := ipvstest.New(nil)
		r := begin(t, k, opt)
		r.Want(&onLo)
		ipvstest.After(0)
		r.stop()

		again := begin(t, k, opt)
		again.Want(&onLo)
		ipvstest.After(0)
		if strings.Contains(again.log.String(), "start") {
			t.Errorf("daemons that ran as wanted were not left alone:\n%s", again.log)
		}
		again.stop()
		writeSysctl(t, opt.Sysctls, "sync_retries", "3\n")
		if err := again.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		again.runs()
		want := maps.Clone(fresh)
		want["sync_retries"] = "3"
		again.sysctls(want)
		if _, err := os.Stat(opt.Record); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the record is still there: %v", err)
		}
	})
}

func TestANewSocketSizeStartsTheDaemonsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, ipvstest.New(nil), connsync.Options{Sysctls: sysctlDir(t)})
		r.Want(&onLo)
		ipvstest.After(0)
		bigger := onLo
		bigger.Settings.SockSize = 16384
		for range 2 {
			r.Want(&bigger)
			ipvstest.After(0)
			r.runs(51, 51)
		}
		if n := strings.Count(r.log.String(), "to start it anew"); n != 2 {
			t.Errorf("%d daemons were started anew, want each once:\n%s", n, r.log)
		}
		other := bigger
		other.Settings.RefreshPeriod = 3
		r.Want(&other)
		ipvstest.After(0)
		if n := strings.Count(r.log.String(), "to start it anew"); n != 2 {
			t.Errorf("another refresh period started them anew too:\n%s", r.log)
		}
	})
}

// The number of ports is one of the things that a daemon learns only when it
// starts, and the one that may be left to the host.
func TestANewNumberOfPortsStartsTheDaemonsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := connsync.Options{Sysctls: sysctlDir(t), Record: filepath.Join(t.TempDir(), "sync.json"), Epoch: "boot 1"}
		r := begin(t, ipvstest.New(nil), opt)
		stops := 0
		step := func(what string, ports int, sysctl string, anew bool, why string) {
			t.Helper()
			c := onLo
			c.Settings.Ports = ports
			r.Want(&c)
			ipvstest.After(0)
			r.runs(51, 51)
			if got := values(t, opt.Sysctls)["sync_ports"]; got != sysctl {
				t.Errorf("%s: sync_ports is %s, want %s", what, got, sysctl)
			}
			if anew {
				stops += 2
			}
			if n := strings.Count(r.log.String(), "to start it anew"); n != stops || !strings.Contains(r.log.String(), why) {
				t.Errorf("%s: %d daemons stopped so far, want %d, and %q:\n%s", what, n, stops, why, r.log)
			}
		}
		step("the first start", 4, "4", false, "")
		step("the same again", 4, "4", false, "")
		step("fewer", 2, "2", true, `why="sync_ports was 4 and is 2"`)
		r.stop()
		r = begin(t, r.kernel, opt)
		stops = 0
		step("after a crash", 2, "2", false, "")
		writeSysctl(t, opt.Sysctls, "sync_ports", "8\n")
		step("somebody else's is repaired, and no daemon has seen it", 2, "2", false, "somebody else changed")
		step("not said any more", 0, "1", true, `why="sync_ports was 2 and is 1"`)
		writeSysctl(t, opt.Sysctls, "sync_ports", "8\n")
		step("somebody else's where nothing is said", 0, "8", true, `why="sync_ports was 1 and is 8"`)
		step("said again", 4, "4", true, `why="sync_ports was 8 and is 4"`)
		r.Want(nil)
		ipvstest.After(0)
		want := maps.Clone(fresh)
		want["sync_ports"] = "8"
		r.sysctls(want)
	})
}

func TestTroubles(t *testing.T) {
	for _, c := range []struct {
		name   string
		config connsync.Config
		change func(t *testing.T, dir string)
		lines  int // that say it, in a minute
		says   string
		errs   int
		runs   bool
	}{
		{"no such interface", connsync.Config{Interface: "nosuch0", SyncID: 51, Settings: settings}, nil, 1, "nosuch0", 1, false},
		{"sync id 0", connsync.Config{Interface: "lo", Settings: settings}, nil, 1, "sync id 0", 1, false},
		{"a setting is not there", onLo, func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "sync_retries")); err != nil {
				t.Fatal(err)
			}
		}, 1, "sync_retries", 0, true},
		{"more buffer than there may be", connsync.Config{Interface: "lo", SyncID: 51, Settings: connsync.Settings{SockSize: 1 << 30}},
			nil, 1, "raise net.core.rmem_max", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opt := connsync.Options{Sysctls: sysctlDir(t)}
				if c.change != nil {
					c.change(t, opt.Sysctls)
				}
				r := begin(t, ipvstest.New(nil), opt)
				r.Want(&c.config)
				ipvstest.After(time.Minute)
				if n := strings.Count(r.log.String(), c.says); n != c.lines {
					t.Errorf("said %d times, want %d:\n%s", n, c.lines, r.log)
				}
				if got := r.Status(); len(got.Errors) != c.errs || (len(got.Daemons) == 2) != c.runs {
					t.Errorf("status %+v", got)
				}
			})
		})
	}
}

func TestAnInterfaceThatComesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, ipvstest.New(nil), connsync.Options{Sysctls: sysctlDir(t)})
		later := onLo
		later.Interface = "nosuch0"
		r.Want(&later)
		ipvstest.After(time.Minute)
		r.Want(&onLo)
		ipvstest.After(0)
		r.runs(51, 51)
		if !strings.Contains(r.log.String(), "as wanted again") || len(r.Status().Errors) != 0 {
			t.Errorf("not said:\n%s", r.log)
		}
	})
}

func TestParametersReachTheKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, ipvstest.New(nil), connsync.Options{Sysctls: sysctlDir(t)})
		c := onLo
		c.Group, c.Port, c.TTL, c.MaxLen = netip.MustParseAddr("239.0.0.1"), 9000, 5, 1400
		r.Want(&c)
		ipvstest.After(0)
		got, err := r.kernel.Daemons(t.Context())
		if err != nil || len(got) != 2 {
			t.Fatal(got, err)
		}
		want := ipvs.Daemon{Role: ipvs.SyncBackup, Interface: "lo", SyncID: 51, Group: c.Group, Port: 9000, TTL: 5, MaxLen: 1400}
		if d := cmp.Diff(want, got[1], cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
