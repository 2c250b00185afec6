package program

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// run resolves and runs a script.
func run(t *testing.T, c Command, o Run) Result {
	t.Helper()
	r, err := Resolve(c, Policy{})
	must(t, err)
	res, err := r.Run(t.Context(), o)
	must(t, err)
	return res
}

func TestRun(t *testing.T) {
	dir := open(t)
	tests := []struct {
		name, body string
		run        Run
		status     int
		signal     syscall.Signal
		output     string
	}{
		{"success", "exit 0", Run{}, 0, 0, ""},
		{"an exit status", "exit 7", Run{}, 7, 0, ""},
		{"a signal", "kill -9 $$", Run{}, -1, syscall.SIGKILL, ""},
		{"its last line", "echo first; echo; echo last; echo", Run{}, 0, 0, "last"},
		{"what it says before it fails", "echo out; echo cannot open it >&2; exit 1", Run{}, 1, 0, "cannot open it"},
		{"a line without an end", "printf hello", Run{}, 0, 0, "hello"},
		{"a line fit for a log", `printf 'a\033[31mb\001c\n'`, Run{}, 0, 0, "a [31mb c"},
		{"arguments behind its own", `echo "$#:$1:$2:$3"`, Run{Args: []string{"INSTANCE", "a b"}}, 0, 0, "3:one:INSTANCE:a b"},
		{"environment", `echo "$TANDEM_STATE"`, Run{Env: []string{"TANDEM_STATE=MASTER"}}, 0, 0, "MASTER"},
		{"stdin", "cat", Run{Stdin: []byte(`{"to":"MASTER"}`)}, 0, 0, `{"to":"MASTER"}`},
		{"stdin that nobody reads", "exit 3", Run{Stdin: make([]byte, 1<<20)}, 3, 0, ""},
		{"no stdin is the end of it", "cat; echo done", Run{}, 0, 0, "done"},
		{"nothing of the service manager's", `echo "[$NOTIFY_SOCKET]"`, Run{}, 0, 0, "[]"},
		{"from /", "pwd", Run{}, 0, 0, "/"},
		{"no files of ours", "ls -l /proc/$$/fd | grep -c inherited", Run{}, 1, 0, "0"},
		{"a session of its own", `read -r _ _ _ _ group session _ </proc/$$/stat; test $group = $$ && test $session = $$ && echo own`, Run{}, 0, 0, "own"},
	}
	t.Setenv("NOTIFY_SOCKET", "/run/x")
	write(t, dir+"/inherited", "", 0o600)
	fd, err := unix.Open(dir+"/inherited", unix.O_RDONLY, 0) // without O_CLOEXEC
	must(t, err)
	defer unix.Close(fd)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := script(t, dir, "x"+strconv.Itoa(i), tt.body)
			res := run(t, Command{Args: []string{path, "one"}}, tt.run)
			if res.Status != tt.status || res.Signal != tt.signal || res.Output != tt.output || res.TimedOut || res.Ended {
				t.Errorf("got %+v, want status %d, signal %d, output %q", res, tt.status, tt.signal, tt.output)
			}
		})
	}
}

// TestLongLine: what a program writes is bounded, and does not stop it.
func TestLongLine(t *testing.T) {
	path := script(t, open(t), "x", "head -c 1000000 /dev/zero | tr '\\0' y; echo; head -c 300 /dev/zero | tr '\\0' z")
	res := run(t, Command{Args: []string{path}}, Run{})
	if res.Output != strings.Repeat("z", maxOutput) {
		t.Errorf("output of %d bytes: %q", len(res.Output), res.Output)
	}
}

func TestRunAsAnother(t *testing.T) {
	needRoot(t)
	path := script(t, open(t), "x", `echo "$(id -u) $(id -g) $(id -G)"`)
	for _, tt := range []struct{ user, group, want string }{
		{"nobody", "", "65534 65534 65534"},
		{"nobody", "daemon", "65534 1 1"},
		{"4711", "", "4711 4711 4711"},
		{"", "", "0 0 0"},
	} {
		t.Run("as "+tt.user+" "+tt.group, func(t *testing.T) {
			res := run(t, Command{Args: []string{path}, User: tt.user, Group: tt.group}, Run{})
			if res.Output != tt.want {
				t.Errorf("got %q, want %q", res.Output, tt.want)
			}
		})
	}
}

// TestTimeout: the whole process group ends, also who does not want to, and
// nothing of it is left as a zombie.
func TestTimeout(t *testing.T) {
	dir := open(t)
	tests := []struct {
		name, body string
	}{
		{"a program that sleeps", "echo $$ >" + dir + "/pids; exec sleep 1000"},
		{"one that waits for another", "echo $$ >" + dir + "/pids; sleep 1000 & echo $! >>" + dir + "/pids; wait"},
		{"one that hears no SIGTERM", "trap '' TERM; echo $$ >" + dir + "/pids; while :; do sleep 1000; done"},
		{"one that ends and leaves another that hears none",
			"(trap '' TERM; while :; do sleep 1000; done) & echo $! >" + dir + "/pids; echo $$ >>" + dir + "/pids; wait"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := script(t, dir, "x", tt.body)
			res := run(t, Command{Args: []string{path}}, Run{Timeout: 300 * time.Millisecond, Grace: 200 * time.Millisecond})
			if !res.TimedOut || res.OK() {
				t.Errorf("got %+v", res)
			}
			pids, err := os.ReadFile(dir + "/pids")
			must(t, err)
			for pid := range strings.FieldsSeq(string(pids)) {
				waitGone(t, pid)
			}
		})
	}
}

// waitGone waits until a process is gone. One that is init's to reap may be a
// zombie where there is no init.
func waitGone(t *testing.T, pid string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil {
			return
		}
		fields := strings.Fields(string(stat))
		if fields[2] == "Z" && fields[3] != strconv.Itoa(os.Getpid()) {
			return
		}
	}
	t.Errorf("process %s is left", pid)
}

func TestContextEnds(t *testing.T) {
	path := script(t, open(t), "x", "exec sleep 1000")
	r, err := Resolve(Command{Args: []string{path}}, Policy{})
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	res, err := r.Run(ctx, Run{})
	must(t, err)
	if !res.Ended || res.TimedOut || res.Signal != syscall.SIGTERM {
		t.Errorf("got %+v", res)
	}
}

// TestBackground: what a program leaves running neither holds up its end nor
// dies of what it writes.
func TestBackground(t *testing.T) {
	dir := open(t)
	must(t, unix.Mkfifo(dir+"/go", 0o600))
	path := script(t, dir, "x", "(read -r _ <"+dir+"/go; echo late; echo alive >"+dir+"/done) & echo $! >"+dir+"/pid; echo started")
	res := run(t, Command{Args: []string{path}}, Run{Timeout: time.Minute})
	if !res.OK() || res.Output != "started" {
		t.Errorf("got %+v", res)
	}
	write(t, dir+"/go", "go\n", 0o600)
	pid, err := os.ReadFile(dir + "/pid")
	must(t, err)
	waitGone(t, strings.TrimSpace(string(pid)))
	if _, err := os.Stat(dir + "/done"); err != nil {
		t.Error("it died when it wrote:", err)
	}
}

// TestPriority: a program gets the priority of any other as soon as it has
// started, and so does what it starts at once, whatever tandem has.
func TestPriority(t *testing.T) {
	needRoot(t)
	path := script(t, open(t), "x", `sleep 60 >/dev/null 2>&1 &
of() { set -- $(cat /proc/$1/stat); echo "${19} ${41}"; }
for n in $(seq 500); do [ "$(of $$) $(of $!)" = "0 0 0 0" ] && break; done
echo "$(of $$) $(of $!)"; kill $!`)
	r, err := Resolve(Command{Args: []string{path}}, Policy{})
	must(t, err)
	for _, attr := range []unix.SchedAttr{
		{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: -10},
		{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1},
		{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: -10, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
	} {
		// The thread is lost with its priority: it is never unlocked.
		done := make(chan Result)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
				t.Log("raise the priority:", err)
				return
			}
			res, err := r.Run(t.Context(), Run{})
			if err != nil {
				t.Error(err)
			}
			if after, err := unix.SchedGetAttr(0, 0); err != nil || after.Policy != attr.Policy || after.Nice != attr.Nice {
				t.Errorf("the thread is left with %+v, %v", after, err)
			}
			done <- res
		}()
		if res, ok := <-done; ok && res.Output != "0 0 0 0" {
			t.Errorf("nice and policy %q, want those of everybody", res.Output)
		}
	}
}

func TestNotStarted(t *testing.T) {
	path := open(t) + "/x"
	write(t, path, "\x7fELF", 0o755)
	r, err := Resolve(Command{Args: []string{path}}, Policy{})
	must(t, err)
	_, err = r.Run(t.Context(), Run{})
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Why != NotStarted {
		t.Errorf("got %v", err)
	}
}

func TestResultString(t *testing.T) {
	for _, tt := range []struct {
		res  Result
		want string
	}{
		{Result{Duration: 20 * time.Millisecond}, "exit status 0 after 20ms"},
		{Result{Status: 1, Duration: time.Second, Output: "no route"}, "exit status 1 after 1s: no route"},
		{Result{Status: -1, Signal: syscall.SIGSEGV, Duration: time.Second}, "died of signal 11 (segmentation fault) after 1s"},
		{Result{Status: -1, Signal: syscall.SIGTERM, TimedOut: true, Duration: time.Second}, "killed after its time of 1s"},
	} {
		if got := tt.res.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
