package watch

import (
	"encoding/binary"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

var workers = vrrp.Item{Kind: vrrp.Process, Name: "workers"}

// sleeper is a copy of sleep(1) under a name that nothing else has.
func sleeper(t *testing.T, name string) string {
	t.Helper()
	from, err := exec.LookPath("sleep")
	must(t, err)
	binary, err := os.ReadFile(from)
	must(t, err)
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, binary, 0o755))
	return path
}

// running starts a program; stop kills it and waits for its end.
func running(t *testing.T, path string, args ...string) (stop func()) {
	t.Helper()
	cmd := exec.Command(path, args...)
	must(t, cmd.Start())
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	return stop
}

// TestProcess counts real processes, by the events of the kernel where it gives
// any.
func TestProcess(t *testing.T) {
	path := sleeper(t, "tandem-wrk-a")
	p := track.Process{Name: "workers", Command: []string{"tandem-wrk-a"}, QuorumMin: 1, QuorumMax: 2}
	w := watchAll(t, track.Config{Processes: []track.Process{p}})
	if st := w.next("at the start", workers); st.Up || st.Detail != "0 running, 1 to 2" {
		t.Errorf("without any it is %+v", st)
	}
	first := running(t, path, "1000")
	w.await("one", workers, isUp)
	second := running(t, path, "1000")
	w.await("two", workers, func(st vrrp.ItemState) bool { return st.Up && st.Detail == "2 running, 1 to 2" })
	third := running(t, path, "1000")
	w.await("three", workers, isDown)
	third()
	w.await("two again", workers, isUp)
	first()
	second()
	w.await("none", workers, isDown)
}

// TestProcessArguments counts only those with the arguments that were asked for.
func TestProcessArguments(t *testing.T) {
	path := sleeper(t, "tandem-wrk-b")
	p := track.Process{Name: "workers", Command: []string{path, "100"}, FullPath: true, Match: track.InitialArgs, QuorumMin: 1, QuorumMax: track.NoLimit}
	running(t, path, "999")
	w := watchAll(t, track.Config{Processes: []track.Process{p}})
	w.await("another argument", workers, func(st vrrp.ItemState) bool { return !st.Up && st.Detail == "0 running, 1 wanted" })
	running(t, path, "1000")
	w.await("one that begins so", workers, isUp)
	p.Match = track.ExactArgs
	w.Set(track.Config{Processes: []track.Process{p}})
	w.await("no one that is so", workers, isDown)
}

// TestZombie holds that a process that has ended does not run, though nobody has
// waited for it yet.
func TestZombie(t *testing.T) {
	path := sleeper(t, "tandem-wrk-c")
	cmd := exec.Command(path, "0")
	must(t, cmd.Start())
	defer cmd.Wait()
	deadline, again := time.After(longWait), time.NewTicker(time.Millisecond)
	defer again.Stop()
	for alive := true; alive; {
		select {
		case <-again.C:
			_, alive = procFS("/proc").read(cmd.Process.Pid, false)
		case <-deadline:
			t.Fatal("it counts as alive")
		}
	}
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid))); err != nil {
		t.Error("it is gone, which proves nothing:", err)
	}
}

// TestEvents holds that a burst of events, in any order, leaves the right count:
// a child is what its parent is, and a process is another after exec.
func TestEvents(t *testing.T) {
	dir := t.TempDir()
	add := func(pid int, name string) {
		d := filepath.Join(dir, strconv.Itoa(pid))
		must(t, os.MkdirAll(d, 0o755))
		must(t, os.WriteFile(filepath.Join(d, "stat"), []byte(strconv.Itoa(pid)+" ("+name+") S 1"), 0o644))
	}
	add(10, "other")
	add(20, "worker")
	add(30, "odd) Z (worker")
	p := newProcesses(quiet, func(vrrp.Item, vrrp.ItemState) {})
	p.proc = procFS(dir)
	p.set(time.Now(), []track.Process{{Name: "workers", Command: []string{"worker"}, QuorumMin: 1, QuorumMax: track.NoLimit}})
	p.count(nil, time.NewTimer(time.Hour))
	check := func(what string, want int) {
		t.Helper()
		if got := len(p.all[0].pids); got != want {
			t.Errorf("%s: %d processes, want %d", what, got, want)
		}
	}
	check("at the start", 1)
	p.apply(procEvent{what: forked, pid: 21, parent: 20})
	p.apply(procEvent{what: forked, pid: 11, parent: 10})
	check("a child of each", 2)
	add(21, "other")
	p.apply(procEvent{what: changed, pid: 21})
	check("the child became another program", 1)
	add(11, "worker")
	p.apply(procEvent{what: changed, pid: 11})
	check("the other's child became a worker", 2)
	p.apply(procEvent{what: exited, pid: 20})
	p.apply(procEvent{what: exited, pid: 20})
	p.apply(procEvent{what: exited, pid: 10})
	check("the first one ended", 1)
	p.apply(procEvent{what: changed, pid: 999})
	check("one that is gone when it is looked at", 1)
}

// message is a netlink message of the connector.
func message(what uint32, words ...uint32) []byte {
	body := make([]byte, cnMsgSize+eventHeader+4*len(words))
	order := binary.NativeEndian
	order.PutUint32(body, cnIdxProc)
	order.PutUint32(body[4:], cnValProc)
	order.PutUint32(body[cnMsgSize:], what)
	for i, w := range words {
		order.PutUint32(body[cnMsgSize+eventHeader+4*i:], w)
	}
	head := make([]byte, unix.SizeofNlMsghdr)
	order.PutUint32(head, uint32(len(head)+len(body)))
	order.PutUint16(head[4:], unix.NLMSG_DONE)
	return append(head, body...)
}

// TestTooFewIsAWarning holds that the log says a failure as loudly as that of a
// script.
func TestTooFewIsAWarning(t *testing.T) {
	var log strings.Builder
	p := newProcesses(slog.New(slog.NewTextHandler(&log, nil)), func(vrrp.Item, vrrp.ItemState) {})
	p.set(time.Now(), []track.Process{{Name: "workers", Command: []string{"worker"}, QuorumMin: 1, QuorumMax: track.NoLimit}})
	p.tell(time.Now(), time.NewTimer(time.Hour))
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "0 running, 1 wanted") {
		t.Errorf("log: %s", log.String())
	}
}

func TestProcEvents(t *testing.T) {
	tests := []struct {
		name    string
		message []byte
		want    []procEvent
	}{
		{"a fork", message(eventFork, 5, 5, 9, 9), []procEvent{{what: forked, pid: 9, parent: 5}}},
		{"a fork by a thread", message(eventFork, 6, 5, 9, 9), []procEvent{{what: forked, pid: 9, parent: 5}}},
		{"a new thread", message(eventFork, 5, 5, 9, 5), nil},
		{"an exec", message(eventExec, 9, 9), []procEvent{{what: changed, pid: 9}}},
		{"another name", message(eventComm, 9, 9, 0, 0, 0, 0), []procEvent{{what: changed, pid: 9}}},
		{"the name of a thread", message(eventComm, 10, 9, 0, 0, 0, 0), nil},
		{"an end", message(eventExit, 9, 9, 0, 17), []procEvent{{what: exited, pid: 9}}},
		{"the end of a thread", message(eventExit, 10, 9, 0, 17), nil},
		{"another event", message(4, 9, 9, 0, 0), nil},
		{"two in one", append(message(eventExec, 9, 9), message(eventExit, 9, 9, 0, 0)...), []procEvent{{what: changed, pid: 9}, {what: exited, pid: 9}}},
		{"a fork cut short", message(eventFork, 5, 5), nil},
		{"nothing", nil, nil},
		{"half a header", message(eventExec, 9, 9)[:10], nil},
		{"half a message", message(eventExec, 9, 9)[:40], nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := procEvents(tt.message)
			if len(got) != len(tt.want) {
				t.Fatalf("%+v, want %+v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("%+v, want %+v", got[i], tt.want[i])
				}
			}
		})
	}
	if !confirmed(message(eventNone, 0)) || confirmed(message(eventNone, 1)) || confirmed(message(eventExec, 0)) {
		t.Error("what confirms that the kernel tells is misread")
	}
}

func FuzzProcEvents(f *testing.F) {
	f.Add(message(eventFork, 5, 5, 9, 9))
	f.Add(message(eventExit, 9, 9, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if events := procEvents(b); len(events)*(unix.SizeofNlMsghdr+cnMsgSize+eventHeader) > len(b) {
			t.Errorf("%d events in %d bytes", len(events), len(b))
		}
	})
}

// TestDelays holds that a number of processes counts only once it has lasted.
func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []bool
		p := newProcesses(quiet, func(_ vrrp.Item, st vrrp.ItemState) { states = append(states, st.Up) })
		p.proc = procFS(t.TempDir())
		delays := time.NewTimer(time.Hour)
		p.set(time.Now(), []track.Process{{Name: "w", Command: []string{"w"}, QuorumMin: 1, QuorumMax: track.NoLimit, UpDelay: time.Second}})
		p.count(nil, time.NewTimer(time.Hour))
		p.tell(time.Now(), delays)
		p.all[0].pids[1] = true
		p.tell(time.Now(), delays)
		began := time.Now()
		at := <-delays.C
		if got := at.Sub(began); got != time.Second {
			t.Errorf("the delay is over after %s", got)
		}
		p.tell(at, delays)
		if want := []bool{false, false, true}; len(states) != 3 || states[1] != want[1] || states[2] != want[2] {
			t.Errorf("it said %v, want %v", states, want)
		}
	})
}
