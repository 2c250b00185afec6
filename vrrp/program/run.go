package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run says how a program is run.
type Run struct {
	Args []string // behind those of the command
	// Env are NAME=VALUE besides the environment of tandem itself.
	Env     []string
	Stdin   []byte
	Timeout time.Duration // 0: none
	// Grace is how long a program that is ended has between SIGTERM and SIGKILL;
	// 0: DefaultGrace.
	Grace time.Duration
}

// DefaultGrace is the time between SIGTERM and SIGKILL.
const DefaultGrace = 2 * time.Second

// Result is how a program ended.
type Result struct {
	Status   int            // exit status; -1: none, it was ended by Signal or did not start
	Signal   syscall.Signal // 0: it ended by itself
	TimedOut bool           // it took longer than Timeout
	Ended    bool           // the context ended it
	Duration time.Duration
	Left     int    // the process group in which something still runs that it left in the background; 0: none
	Output   string // the last line it wrote to stdout or stderr, cut at 200 bytes
}

// OK reports that it ended by itself with status 0.
func (r Result) OK() bool { return r.Status == 0 && !r.TimedOut && !r.Ended }

// String says how it ended: "exit status 1 after 20ms: cannot open /x".
func (r Result) String() string {
	var s string
	took := r.Duration.Round(time.Millisecond)
	switch {
	case r.TimedOut:
		s = fmt.Sprintf("killed after its time of %s", took)
	case r.Ended:
		s = fmt.Sprintf("ended after %s", took)
	case r.Signal != 0:
		s = fmt.Sprintf("died of signal %d (%s) after %s", int(r.Signal), r.Signal, took)
	default:
		s = fmt.Sprintf("exit status %d after %s", r.Status, took)
	}
	if r.Output != "" {
		s += ": " + r.Output
	}
	return s
}

// Run runs the program until it ends, its time is over or ctx ends, and waits
// for it in every case. The error says that it was not started; it is a
// *Refusal.
//
// It is in a session and process group of its own, which its limit of time ends
// as a whole. It inherits no file, no priority and none of what systemd gives
// its service to talk to it. What it leaves running in the background when it
// ends is left alone, as in keepalived, and cannot hold up Run; when tandem dies,
// the program gets SIGTERM.
func (r Resolved) Run(ctx context.Context, o Run) (Result, error) {
	began := time.Now()
	out, err := newTail()
	if err != nil {
		return Result{Status: -1}, r.unstarted(err)
	}
	// What tandem itself was given by whoever started it, such as a shell, is
	// not marked; what Go opens is. Kernels before 5.11 do not know the flag.
	_ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
	cmd := r.command(o)
	cmd.Stdout, cmd.Stderr = out.end, out.end
	// The kernel sends the death signal when the thread that started the program
	// ends (prctl(2) PR_SET_PDEATHSIG): it must not be one that Go ends earlier.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = cmd.Start()
	out.started()
	if err != nil {
		return Result{Status: -1}, r.unstarted(err)
	}
	lower(cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	res := o.await(ctx, cmd.Process.Pid, ended)
	res.Duration = time.Since(began)
	res.Output = out.last()
	if group := cmd.Process.Pid; !res.TimedOut && !res.Ended && Runs(group) {
		res.Left = group
	}
	res.Status = cmd.ProcessState.ExitCode()
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		res.Signal = s.Signal()
	}
	return res, nil
}

// command is the process that is started.
func (r Resolved) command(o Run) *exec.Cmd {
	cmd := &exec.Cmd{
		Path: r.Path,
		Args: slices.Concat(r.Args, o.Args),
		Env:  environment(o.Env),
		Dir:  "/",
		// What reads its stdin, or does not, holds nobody up after its end.
		WaitDelay: drainTime,
		SysProcAttr: &syscall.SysProcAttr{
			Setsid:    true,
			Pdeathsig: syscall.SIGTERM,
		},
	}
	if len(o.Stdin) > 0 {
		cmd.Stdin = bytes.NewReader(o.Stdin)
	}
	if a := r.Account; os.Geteuid() == 0 || a.UID != uint32(os.Geteuid()) {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.UID, Gid: a.GID, Groups: a.Groups}
	}
	return cmd
}

// await waits for the end of a program and brings it about where it must. What
// Wait says is in the process's state already.
func (o Run) await(ctx context.Context, pid int, ended <-chan error) (res Result) {
	var limit <-chan time.Time
	if o.Timeout > 0 {
		timer := time.NewTimer(o.Timeout)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case <-ended:
		return res
	case <-limit:
		res.TimedOut = true
	case <-ctx.Done():
		res.Ended = true
	}
	grace := o.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	end(pid, grace, ended)
	return res
}

// end ends a whole process group: SIGTERM, and SIGKILL for who is left after the
// grace. The program itself may end before others of its group do.
func end(group int, grace time.Duration, ended <-chan error) {
	signal := func(s syscall.Signal) { _ = syscall.Kill(-group, s) }
	signal(syscall.SIGTERM)
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	gone := false
	for {
		select {
		case <-ended:
			gone = true
		case <-look.C:
		case <-deadline.C:
			signal(syscall.SIGKILL)
			if !gone {
				<-ended
			}
			return
		}
		// As long as one is left, the number of the group is nobody else's.
		if gone && !Runs(group) {
			return
		}
	}
}

// Runs tells whether a process group has a process.
func Runs(group int) bool { return syscall.Kill(-group, 0) != syscall.ESRCH }

// ours are the variables by which systemd and its service talk to each other; a
// program that had them could speak for tandem.
var ours = []string{"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "JOURNAL_STREAM", "FDSTORE"}

// environment is tandem's own with more.
func environment(more []string) []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(ours, name)
	})
	if os.Getenv("PATH") == "" {
		env = append(env, "PATH="+searchPath)
	}
	return append(env, more...)
}

// unstarted is the refusal of the kernel.
func (r Resolved) unstarted(err error) error {
	why := refuse(NotStarted, "", "start %s: %s", r.Path, cause(err))
	if errors.Is(err, syscall.EPERM) {
		why.Hint = "tandem may not become " + r.Account.Name
	}
	why.Command = r.Command
	return why
}

// cause is the error of a system call without what is said already.
func cause(err error) error {
	var inner *os.PathError
	if errors.As(err, &inner) {
		return inner.Err
	}
	return err
}
