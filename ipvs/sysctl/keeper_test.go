package sysctl_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs/ipvstest"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
)

// rig is a Keeper at work on a directory, in a synctest bubble.
type rig struct {
	*sysctl.Keeper
	t    *testing.T
	log  *strings.Builder
	opt  sysctl.Options
	stop func() // ends Run, as a kill does: nothing is given back
}

const (
	reuse     = "net/ipv4/vs/conn_reuse_mode"
	threshold = "net/ipv4/vs/sync_threshold"
	eth5      = "net/ipv4/conf/eth5/rp_filter"
)

// fresh are the settings of an untouched kernel.
var fresh = sysctl.Settings{reuse: "1", threshold: "3 50", "net/ipv4/ip_forward": "0", "net/ipv4/conf/all/rp_filter": "0"}

// proc is a directory with the settings of fresh.
func proc(t *testing.T) sysctl.Options {
	t.Helper()
	dir := t.TempDir()
	for name, value := range fresh {
		put(t, dir, name, strings.ReplaceAll(value, " ", "\t")+"\n")
	}
	return sysctl.Options{Root: dir, Record: filepath.Join(t.TempDir(), "sysctl.json"), Epoch: "boot 1"}
}

func put(t *testing.T, root, name, value string) {
	t.Helper()
	file := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(value), 0o644); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, opt sysctl.Options) *rig {
	t.Helper()
	r := &rig{t: t, log: &strings.Builder{}, opt: opt}
	r.Keeper = sysctl.New(slog.New(slog.NewTextHandler(r.log, nil)), opt)
	r.stop = ipvstest.Start(t, r.Run)
	return r
}

// has compares what is in the directory.
func (r *rig) has(want sysctl.Settings) {
	r.t.Helper()
	got := sysctl.Settings{}
	for name := range want {
		b, err := os.ReadFile(filepath.Join(r.opt.Root, name))
		if err != nil {
			r.t.Error(err)
		}
		got[name] = strings.Join(strings.Fields(string(b)), " ")
	}
	if d := cmp.Diff(want, got); d != "" {
		r.t.Errorf("settings (-want +got):\n%s", d)
	}
}

// said checks how many lines say something.
func (r *rig) said(n int, words string) {
	r.t.Helper()
	if got := strings.Count(r.log.String(), words); got != n {
		r.t.Errorf("%q was said %d times, want %d:\n%s", words, got, n, r.log)
	}
}

func (r *rig) clear() {
	r.t.Helper()
	r.stop()
	if err := r.Clear(r.t.Context()); err != nil {
		r.t.Error(err)
	}
	if _, err := os.Stat(r.opt.Record); !errors.Is(err, os.ErrNotExist) {
		r.t.Errorf("the record is still there: %v", err)
	}
}

func TestSettingsAreKeptAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, proc(t))
		ipvstest.After(time.Minute)
		r.has(fresh) // Nothing is wanted yet.
		want := sysctl.Settings{reuse: "0", threshold: "0  0"}
		r.Want(want)
		ipvstest.After(0)
		r.has(sysctl.Settings{reuse: "0", threshold: "0 0"})
		put(t, r.opt.Root, reuse, "2\n")
		ipvstest.After(10 * time.Second)
		r.has(sysctl.Settings{reuse: "0"})
		r.said(1, `sysctl=net.ipv4.vs.conn_reuse_mode from=2 to=0`)
		st := r.Status()
		if d := cmp.Diff(sysctl.Settings{reuse: "0", threshold: "0 0"}, st.Settings); d != "" || st.Repairs != 1 || len(st.Errors)+len(st.Missing) > 0 {
			t.Errorf("status %+v\n%s", st, d)
		}

		// One that is not wanted any more, and another value, are no drift.
		r.Want(sysctl.Settings{threshold: "5 7"})
		ipvstest.After(0)
		r.has(sysctl.Settings{reuse: "1", threshold: "5 7"})
		if got := r.Status().Repairs; got != 1 {
			t.Errorf("%d repairs, want still 1", got)
		}
		r.clear()
		r.has(fresh)
	})
}

// A stop gives back what an earlier run found, even after a crash, and leaves
// alone what somebody else has set since.
func TestSettingsOfBeforeACrashAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := proc(t)
		r := begin(t, opt)
		r.Want(sysctl.Settings{reuse: "0", threshold: "0 0", "net/ipv4/ip_forward": "1"})
		ipvstest.After(0)
		r.stop()

		again := begin(t, opt)
		again.Want(sysctl.Settings{reuse: "0", threshold: "0 0"}) // A line was removed meanwhile.
		ipvstest.After(time.Minute)
		again.has(sysctl.Settings{"net/ipv4/ip_forward": "0"})
		put(t, opt.Root, reuse, "3\n")
		again.clear()
		again.has(sysctl.Settings{reuse: "3", threshold: "3 50", "net/ipv4/ip_forward": "0"})
	})
}

// What was recorded in another boot, or by nobody knows whom, says nothing.
func TestAVoidRecord(t *testing.T) {
	for name, content := range map[string]string{
		"another boot":        `{"Epoch":"boot 0","Entries":{"net/ipv4/vs/conn_reuse_mode":{"Found":"9","Set":"1"}}}`,
		"a path that escapes": `{"Epoch":"boot 1","Entries":{"../etc/passwd":{"Found":"9","Set":"1"}}}`,
		"junk":                "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				opt := proc(t)
				if err := os.WriteFile(opt.Record, []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
				r := begin(t, opt)
				r.Want(nil)
				ipvstest.After(0)
				r.has(fresh)
			})
		})
	}
}

func TestASettingThatComesLater(t *testing.T) {
	for _, c := range []struct {
		name, setting string
		within        time.Duration
		warnings      int
		says          string
	}{
		{"with its interface", eth5, time.Second, 0, "waits for its interface"},
		{"with its module", "net/netfilter/nf_conntrack_max", 10 * time.Second, 1, "modprobe nf_conntrack"},
		{"never: the kernel is too old", "net/ipv4/vs/run_estimation", 10 * time.Second, 1, "too old"},
		{"never: no interface has it", "net/ipv6/conf/eth5/accept_ra", 10 * time.Second, 1, "runs without IPv6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, proc(t))
				r.Want(sysctl.Settings{c.setting: "7", reuse: "0"})
				ipvstest.After(time.Minute)
				r.has(sysctl.Settings{reuse: "0"})
				r.said(1, c.says)
				r.said(c.warnings, "level=WARN")
				st := r.Status()
				all := strings.Join(append(st.Waiting, st.Missing...), "\n")
				if !strings.HasPrefix(all, strings.ReplaceAll(c.setting, "/", ".")+": ") || len(st.Missing) != c.warnings ||
					st.Wanted != 2 || st.Kept != 1 || len(st.Errors) > 0 {
					t.Errorf("status %+v", st)
				}
				if err := r.Settled(t.Context()); err != nil {
					t.Errorf("Settled: %v", err)
				}
				put(t, r.opt.Root, c.setting, "1\n")
				ipvstest.After(c.within)
				r.has(sysctl.Settings{c.setting: "7"})
				r.said(1, "is there now")
				r.clear()
				r.has(sysctl.Settings{c.setting: "1"})
			})
		})
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for _, c := range []struct{ name, setting, says string }{
		{"outside the tree", "../etc/passwd", "no path of a kernel setting"},
		{"not below it", "/proc/sys/net/ipv4/ip_forward", "no path of a kernel setting"},
		{"a directory", "net/ipv4/vs", "is a directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, proc(t))
				r.Want(sysctl.Settings{c.setting: "7", reuse: "0"})
				ipvstest.After(time.Minute)
				r.has(sysctl.Settings{reuse: "0"}) // all the same
				r.said(1, c.says)
				if st := r.Status(); len(st.Errors) != 1 || st.Wanted != 2 || st.Kept != 1 {
					t.Errorf("status %+v", st)
				}
				if err := r.Settled(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("Settled: %v", err)
				}
				r.Want(sysctl.Settings{reuse: "0"})
				ipvstest.After(0)
				r.said(1, "as wanted again")
			})
		})
	}
}

// A stop that has run out of time keeps the record, so that the next one can
// give back what this one did not.
func TestAClearWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, proc(t))
		r.Want(sysctl.Settings{reuse: "0"})
		ipvstest.After(0)
		r.stop()
		late, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Clear(late); !errors.Is(err, context.Canceled) {
			t.Errorf("Clear: %v, want %v", err, context.Canceled)
		}
		begin(t, r.opt).clear()
		r.has(fresh)
	})
}

// The kernel turns a defence from 1 to 2 and back as memory runs short, which
// is nobody's drift and nothing to repair.
func TestADefenceThatSwitchesItself(t *testing.T) {
	const defence = "net/ipv4/vs/drop_entry"
	synctest.Test(t, func(t *testing.T) {
		r := begin(t, proc(t))
		put(t, r.opt.Root, defence, "0\n")
		r.Want(sysctl.Settings{defence: "1"})
		ipvstest.After(0)
		for _, level := range []string{"2", "1"} {
			put(t, r.opt.Root, defence, level+"\n")
			ipvstest.After(10 * time.Second)
			r.has(sysctl.Settings{defence: level})
		}
		r.said(0, "somebody else")
		put(t, r.opt.Root, defence, "3\n")
		ipvstest.After(10 * time.Second)
		r.has(sysctl.Settings{defence: "1"})
		r.said(1, "somebody else")
		r.clear()
		r.has(sysctl.Settings{defence: "0"})
	})
}
