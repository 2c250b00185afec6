package calm

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inside names the variable that makes the test binary a process that is
// raised, as the tests themselves shall not be.
const inside = "TANDEM_CALM_TEST"

func TestMain(m *testing.M) {
	play, ok := plays[os.Getenv(inside)]
	if !ok {
		os.Exit(m.Run())
	}
	k := New(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	k.watch = time.Second
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ended := make(chan error)
	go func() { ended <- k.Run(ctx) }()
	play(ctx, k)
	cancel()
	<-ended // with everything logged
}

var plays = map[string]func(context.Context, *Keeper){
	"default": func(ctx context.Context, k *Keeper) {
		k.Set(Settings{})
		fmt.Println("threads", reach(ctx, unix.SCHED_RR, 1, 0))
		fmt.Println("new thread", onNewThread())
	},
	"chosen": func(ctx context.Context, k *Keeper) {
		k.Set(Settings{RealTime: 7})
		fmt.Println("threads", reach(ctx, unix.SCHED_RR, 7, 0))
	},
	"nice": func(ctx context.Context, k *Keeper) {
		nice := -5
		k.Set(Settings{Nice: &nice})
		fmt.Println("threads", reach(ctx, unix.SCHED_NORMAL, 0, -5))
	},
	"spin": func(ctx context.Context, k *Keeper) {
		k.Set(Settings{})
		reach(ctx, unix.SCHED_RR, 1, 0)
		var stop atomic.Bool
		for range runtime.GOMAXPROCS(0) { // On a busy host one might not get a whole processor.
			go func() {
				for n := 0; !stop.Load(); n++ {
				}
			}()
		}
		fmt.Println("threads", reach(ctx, unix.SCHED_NORMAL, 0, -20))
		stop.Store(true)
	},
}

// reach waits until every thread has the scheduling.
func reach(ctx context.Context, policy, realTime uint32, nice int32) string {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		list, err := threads()
		if err != nil {
			return err.Error()
		}
		all := true
		for _, tid := range list {
			a, err := unix.SchedGetAttr(tid, 0)
			all = all && err == nil && a.Policy == policy && a.Priority == realTime && a.Nice == nice
		}
		if all {
			return "as asked"
		}
		<-again.C
	}
	return "never as asked"
}

// onNewThread is the scheduling of a thread that is made after the raise.
func onNewThread() string {
	said := make(chan string)
	// Locked goroutines have a thread each, so that some of them are new.
	for range 20 {
		go func() {
			runtime.LockOSThread()
			a, err := unix.SchedGetAttr(0, 0)
			said <- fmt.Sprint(err == nil && a.Policy == unix.SCHED_RR)
		}()
	}
	for range 20 {
		if got := <-said; got != "true" {
			return got
		}
	}
	return "raised too"
}

func TestKeeper(t *testing.T) {
	if err := exec.Command("chrt", "-r", "1", "true").Run(); err != nil {
		t.Skip("needs the right to real-time priority: ", err)
	}
	tests := []struct{ name, want, log string }{
		{"default", "threads as asked\nnew thread raised too\n", "real-time 1"},
		{"chosen", "threads as asked\n", "real-time 7"},
		{"nice", "threads as asked\n", "nice -5"},
		{"spin", "threads as asked\n", "takes a whole processor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), inside+"="+tt.name)
			var log strings.Builder
			cmd.Stderr = &log
			out, err := cmd.Output()
			if err != nil || string(out) != tt.want {
				t.Errorf("it said %q, %v; want %q\n%s", out, err, tt.want, log.String())
			}
			if !strings.Contains(log.String(), tt.log) {
				t.Errorf("its log lacks %q:\n%s", tt.log, log.String())
			}
		})
	}
}

// What is not allowed is said with what would allow it, and the next best is taken.
func TestNotAllowed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to give up the right")
	}
	var log strings.Builder
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and left locked: what the thread gives up is gone with it
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			done <- err
			return
		}
		k := New(slog.New(slog.NewTextHandler(io.Writer(&log), nil)))
		k.raise(Settings{})
		k.raise(Settings{}) // as a reload does
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"real-time 1", "CAP_SYS_NICE", "nice -20"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, log.String())
		}
	}
	if n := strings.Count(log.String(), "wanted=\"real-time 1\""); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

func TestUnchangedPriorityIsSaidOnce(t *testing.T) {
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	same := 20 - nice // getpriority(2): the system call returns 40 to 1
	var log strings.Builder
	k := New(slog.New(slog.NewTextHandler(&log, nil)))
	k.raise(Settings{Nice: &same})
	k.raise(Settings{Nice: &same})
	if n := strings.Count(log.String(), "msg=\"process priority\""); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}
