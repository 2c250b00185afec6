package watch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

var chk = vrrp.Item{Kind: vrrp.Script, Name: "chk"}

// script is a track.Script that runs a program.
func script(path string, args ...string) track.Script {
	return track.Script{
		Name: "chk", Interval: 50 * time.Millisecond, Timeout: 10 * time.Second, Rise: 1, Fall: 1,
		Command: program.Command{Line: path, Args: append([]string{path}, args...), User: "0", Group: "0"},
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to run a program as root")
	}
}

// TestScript follows what a real script says.
func TestScript(t *testing.T) {
	needRoot(t)
	dir := open(t)
	says := filepath.Join(dir, "says")
	write(t, says, "0")
	chkScript := executable(t, "chk", `s=$(cat `+says+`); echo asked; case $s in kill) kill -9 $$;; 1) echo "no route" >&2;; esac; exit $s`)
	w := watchAll(t, track.Config{Scripts: []track.Script{script(chkScript)}})
	steps := []struct{ says, want string }{
		{"0", "exit status 0"}, {"1", "exit status 1: no route"}, {"255", "exit status 255: asked"}, {"kill", "killed by signal 9: asked"}, {"0", "exit status 0"},
	}
	for _, s := range steps {
		write(t, says, s.says)
		w.await(s.says, chk, func(st vrrp.ItemState) bool {
			return st == vrrp.ItemState{Up: s.says == "0", Detail: s.want}
		})
	}
}

// TestScriptTimeout holds that a script that takes too long has failed when its
// time is over, though it does not die of SIGTERM, and that what it has started is
// killed too.
func TestScriptTimeout(t *testing.T) {
	needRoot(t)
	mark := fmt.Sprintf("10%d", os.Getpid())
	path := executable(t, "chk", `trap "" TERM; sleep `+mark+` & wait; sleep `+mark)
	s := script(path)
	s.Interval, s.Timeout = 100*time.Millisecond, 200*time.Millisecond
	w := watchAll(t, track.Config{Scripts: []track.Script{s}})
	began := time.Now()
	if st := w.next("its time is over", chk); st.Up || st.Detail != "timed out after 0.2s" {
		t.Errorf("it says %+v", st)
	}
	if took := time.Since(began); took > program.DefaultGrace {
		t.Errorf("it says so after %s, when it is dead and not when its time is over", took)
	}
	w.Set(track.Config{})
	deadline, again := time.After(longWait), time.NewTicker(20*time.Millisecond)
	defer again.Stop()
	for exec.Command("pgrep", "-f", "sleep "+mark).Run() == nil {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatal("something of it still runs")
		}
	}
}

// TestScriptCannotRun holds that a script that cannot be started counts for
// nothing until it can, and that one that could before has failed.
func TestScriptCannotRun(t *testing.T) {
	needRoot(t)
	path := filepath.Join(open(t), "chk")
	w := watchAll(t, track.Config{Scripts: []track.Script{script(path)}})
	if st := w.next("there is none", chk); !st.Void || st.Up || st.Detail == "" {
		t.Errorf("it says %+v", st)
	}
	write(t, path, "#!/bin/sh\nexit 0\n")
	must(t, os.Chmod(path, 0o755))
	w.await("it is there", chk, isUp)
	must(t, os.Remove(path))
	if st := w.await("it is gone again", chk, isDown); st.Void {
		t.Errorf("it says %+v", st)
	}
}

// runner stands for programs that take some time, in a bubble of synctest.
type runner struct {
	began  time.Time
	takes  func(name string) time.Duration // negative: nothing ends it
	status func(name string) int

	mu            sync.Mutex // guards what follows
	running, most int
	starts        map[string][]time.Duration // since the beginning, by script
}

func (r *runner) begin(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running++
	r.most = max(r.most, r.running)
	r.starts[name] = append(r.starts[name], time.Since(r.began))
}

func (r *runner) end() {
	r.mu.Lock()
	r.running--
	r.mu.Unlock()
}

func (r *runner) start(ctx context.Context, c program.Command, _ program.Policy, limit time.Duration) ending {
	name := c.Line
	r.begin(name)
	defer r.end()
	takes := r.takes(name)
	if takes < 0 {
		time.Sleep(-takes)
		return ending{result: program.Result{Status: -1, TimedOut: true}}
	}
	select {
	case <-time.After(takes):
		return ending{result: program.Result{Status: r.status(name)}}
	case <-time.After(limit):
		return ending{result: program.Result{Status: -1, Signal: 15, TimedOut: true}}
	case <-ctx.Done():
		return ending{result: program.Result{Status: -1, Signal: 15, Ended: true}}
	}
}

// bubble runs scripts in a bubble for a time; the first word of a name says which
// program it is.
func bubble(t *testing.T, r *runner, all []track.Script, during func(*scripts)) map[string][]string {
	t.Helper()
	said := make(map[string][]string)
	r.starts, r.began = make(map[string][]time.Duration), time.Now()
	if r.takes == nil {
		r.takes = func(string) time.Duration { return time.Millisecond }
	}
	if r.status == nil {
		r.status = func(string) int { return 0 }
	}
	s := newScripts(quiet, func(i vrrp.Item, st vrrp.ItemState) {
		word := "down"
		if st.Up {
			word = "up"
		}
		said[i.Name] = append(said[i.Name], fmt.Sprintf("%s %s: %s", time.Since(r.began), word, st.Detail))
	})
	s.start = r.start
	s.wish.put(scriptWish{scripts: all})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		s.run(ctx)
		close(done)
	}()
	during(s)
	cancel()
	<-done
	time.Sleep(2 * time.Hour) // until what nothing ends has ended by itself
	synctest.Wait()
	return said
}

func named(names ...string) (all []track.Script) {
	for _, n := range names {
		all = append(all, track.Script{Name: n, Interval: time.Second, Rise: 1, Fall: 1, Command: program.Command{Line: n, Args: []string{n}}})
	}
	return all
}

func TestStartsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &runner{}
		bubble(t, r, named("a", "b", "c", "d"), func(*scripts) { time.Sleep(2100 * time.Millisecond) })
		ms := time.Millisecond
		want := map[string][]time.Duration{
			"a": {0, 250 * ms, 1250 * ms}, "b": {0, 500 * ms, 1500 * ms}, "c": {0, 750 * ms, 1750 * ms}, "d": {0, 1000 * ms, 2000 * ms},
		}
		if diff := cmp.Diff(want, r.starts); diff != "" {
			t.Errorf("want and got differ (-want +got):\n%s", diff)
		}
	})
}

// TestNeverTwice holds that a script that takes longer than its interval, and may,
// is not run twice at once, and next on its beat.
func TestNeverTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &runner{takes: func(string) time.Duration { return 1500 * time.Millisecond }}
		all := named("slow")
		all[0].Timeout = 5 * time.Second
		bubble(t, r, all, func(*scripts) { time.Sleep(5 * time.Second) })
		if r.most != 1 {
			t.Errorf("%d run at once", r.most)
		}
		if want := []time.Duration{0, 2 * time.Second, 4 * time.Second}; !slices.Equal(r.starts["slow"], want) {
			t.Errorf("it was started at %v, want %v", r.starts["slow"], want)
		}
	})
}

// TestHangingScripts holds that scripts that no signal ends stop nobody else,
// however many they are, and count as failures again and again.
func TestHangingScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 2 * maxRunning {
			names = append(names, fmt.Sprintf("hang%d", i))
		}
		all := named(append(names, "good")...)
		for i := range all {
			all[i].Fall = 3
		}
		r := &runner{takes: func(name string) time.Duration {
			if strings.HasPrefix(name, "hang") {
				return -time.Hour
			}
			return time.Millisecond
		}}
		said := bubble(t, r, all, func(*scripts) { time.Sleep(5 * time.Second) })
		r.mu.Lock() // Those that hang outlast the rest.
		defer r.mu.Unlock()
		if got := len(r.starts["good"]); got < 2 {
			t.Errorf("the good one was started %d times in 5 s", got)
		}
		if got := said["good"]; len(got) != 1 || !strings.Contains(got[0], " up: exit status 0") {
			t.Errorf("of the good one it says %v", got)
		}
		want := []string{"1s down: timed out after 1s", "2s down: its last run does not end, killed 1s ago", "3s down: its last run does not end, killed 2s ago", "4s down: its last run does not end, killed 3s ago"}
		if diff := cmp.Diff(want, said["hang0"][:min(4, len(said["hang0"]))]); diff != "" {
			t.Errorf("of one that hangs (-want +got):\n%s", diff)
		}
		for name, at := range r.starts {
			if name != "good" && len(at) != 1 {
				t.Errorf("%s was started %d times", name, len(at))
			}
		}
	})
}

func TestBoundedConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 5 * maxRunning {
			names = append(names, fmt.Sprintf("s%d", i))
		}
		r := &runner{takes: func(string) time.Duration { return 100 * time.Millisecond }}
		said := bubble(t, r, named(names...), func(*scripts) { time.Sleep(10 * time.Second) })
		if r.most > maxRunning {
			t.Errorf("%d run at once", r.most)
		}
		if len(said) != len(names) {
			t.Errorf("of %d scripts something is said of %d", len(names), len(said))
		}
	})
}

// TestScriptReload holds that a reload keeps what did not change.
func TestScriptReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &runner{status: func(name string) int {
			if strings.HasPrefix(name, "bad") {
				return 1
			}
			return 0
		}}
		all := named("kept", "other", "gone")
		said := bubble(t, r, all, func(s *scripts) {
			time.Sleep(1100 * time.Millisecond)
			again := named("kept", "other", "new")
			again[1].Command = program.Command{Line: "bad", Args: []string{"bad"}}
			again[1].Fall = 5 // of the same program; of another one the first result counts
			again[2].InitFail = true
			s.wish.put(scriptWish{scripts: again})
			time.Sleep(1500 * time.Millisecond)
		})
		ms := time.Millisecond
		if diff := cmp.Diff([]time.Duration{0, time.Second / 3, time.Second/3 + time.Second, time.Second/3 + 2*time.Second}, r.starts["kept"]); diff != "" {
			t.Errorf("the reload changes the beat (-want +got):\n%s", diff)
		}
		if got := r.starts["gone"]; got[len(got)-1] > 1100*ms {
			t.Errorf("what is gone was started at %v", got)
		}
		if got := r.starts["bad"]; len(got) == 0 || got[0] != 1100*ms {
			t.Errorf("the other program was started at %v", got)
		}
		want := map[string][]string{
			"kept":  {"1ms up: exit status 0"},
			"other": {"1ms up: exit status 0", "1.101s down: exit status 1"},
			"gone":  {"1ms up: exit status 0"},
			"new":   {"1.1s down: init_fail", "1.101s up: exit status 0"},
		}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Errorf("want and got differ (-want +got):\n%s", diff)
		}
	})
}

// TestScriptComesBack holds that a script that a reload takes away and another
// brings back while it runs is not run twice at once.
func TestScriptComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &runner{takes: func(string) time.Duration { return -3 * time.Second }}
		all := named("chk")
		bubble(t, r, all, func(s *scripts) {
			time.Sleep(100 * time.Millisecond)
			s.wish.put(scriptWish{})
			time.Sleep(100 * time.Millisecond)
			s.wish.put(scriptWish{scripts: all})
			time.Sleep(4 * time.Second)
		})
		if want := []time.Duration{0, 3 * time.Second}; r.most != 1 || !slices.Equal(r.starts["chk"], want) {
			t.Errorf("%d at once, started at %v, want %v", r.most, r.starts["chk"], want)
		}
	})
}
