package testkernel

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Run boots a test kernel, runs the command in it and returns its exit code
// (128 plus the signal's number where a signal ended it). An error means that
// the command did not run to its end: no test kernel on this machine
// (ErrNotInstalled), not root, a boot that failed or hung, a guest kernel that
// panicked, or ctx done; it shows the last lines of the guest's console. The
// calling program must call MaybeInit first thing in main.
func Run(ctx context.Context, o Options) (exitCode int, err error) {
	ord, err := newOrder(o)
	if err != nil {
		return 0, err
	}
	limit := o.BootLimit
	if limit == 0 {
		limit = time.Minute
	}
	began := time.Now()
	started := false
	onStart := func() {
		started = true
		if o.OnStart != nil {
			o.OnStart(time.Since(began))
		}
	}
	for _, ord.Accel = range o.Kernel.accelerators() {
		patience := limit - time.Since(began)
		if ord.Accel == accelKVM {
			patience = min(patience, kvmLimit)
		}
		exitCode, err = runOnce(ctx, ord, o, patience, onStart)
		if err == nil || started || ctx.Err() != nil || time.Since(began) >= limit {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("test kernel: %w", err)
	}
	return exitCode, nil
}

// kvmLimit bounds a boot with hardware acceleration before it is tried without:
// ten times what such a boot takes.
const kvmLimit = 15 * time.Second

// runOnce is Run with one way to execute the guest.
func runOnce(ctx context.Context, ord order, o Options, limit time.Duration, onStart func()) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bootLimit := time.AfterFunc(limit, func() { cancel(errHung) })
	defer bootLimit.Stop()

	m, err := boot(ord)
	if err != nil {
		return 0, err
	}
	defer m.kill()
	stop := context.AfterFunc(ctx, m.kill)
	defer stop()

	code, err := m.converse(o, func() {
		bootLimit.Stop()
		onStart()
	})
	if err == nil {
		return code, nil
	}
	m.kill()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errHung):
		err = fmt.Errorf("%w in %s%s", errHung, limit.Round(10*time.Millisecond), m.console.tail())
	case cause != nil:
		err = cause
	case errors.Is(err, errSilent):
		err = fmt.Errorf("%w%s", err, m.console.tail())
	}
	return 0, err
}

// The ways in which a guest ends without saying why. The console knows more.
var (
	errHung   = errors.New("the command was not started")
	errSilent = errors.New("the guest ended without an answer")
)

// machine is a booted test kernel as its host process sees it.
type machine struct {
	line    *os.File // Our end of the line to the guest.
	console *console
	process *os.Process
	gone    chan struct{} // Closed when nothing of it is left.
}

// boot starts the launcher, which runs the test kernel.
func boot(ord order) (*machine, error) {
	spec, err := json.Marshal(ord)
	if err != nil {
		return nil, fmt.Errorf("write the guest's orders: %w", err)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make the line to the guest: %w", err)
	}
	m := &machine{line: os.NewFile(uintptr(pair[0]), "host line"), console: &console{}, gone: make(chan struct{})}
	theirs := os.NewFile(uintptr(pair[1]), "guest line")
	defer theirs.Close()

	cmd := &exec.Cmd{
		Path:       self,
		Args:       []string{launcherName},
		Stdin:      bytes.NewReader(spec),
		Stdout:     m.console,
		Stderr:     m.console,
		ExtraFiles: []*os.File{theirs},
		SysProcAttr: &syscall.SysProcAttr{
			// The first process of a process namespace takes every other one
			// with it, User Mode Linux's traced helpers too, which would
			// otherwise go on as processes of the host.
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
			Pdeathsig:  syscall.SIGKILL,
			Setsid:     true,
		},
	}
	started := make(chan error, 1)
	go func() {
		// Pdeathsig is sent when the starting thread ends (prctl(2)), so that
		// thread must last as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(m.gone)
		err := cmd.Start()
		m.process = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // How it ended shows on the line.
			_ = m.line.Close()
		}
	}()
	if err := <-started; err != nil {
		return nil, errors.Join(fmt.Errorf("start the test kernel: %w", err), m.line.Close())
	}
	return m, nil
}

// kill ends the test kernel and returns when nothing of it is left.
func (m *machine) kill() {
	_ = m.process.Kill() // An error means that it has ended.
	<-m.gone
}

// converse carries the command's streams until it ends.
func (m *machine) converse(o Options, started func()) (int, error) {
	out := map[frameKind]io.Writer{frameStdout: o.Stdout, frameStderr: o.Stderr}
	for {
		kind, payload, err := readFrame(m.line)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%w: %w", errSilent, err)
		case kind == frameStarted:
			started()
			go m.feed(o.Stdin)
		case kind == frameExit && len(payload) == 4:
			return int(binary.BigEndian.Uint32(payload)), nil
		case kind == frameFail:
			return 0, errors.New(string(payload))
		case out[kind] != nil:
			if _, err := out[kind].Write(payload); err != nil {
				return 0, fmt.Errorf("write the command's %s: %w", kind, err)
			}
		}
	}
}

// feed sends standard input and its end. It ends with the input or the line;
// a read that never returns, of a terminal for example, outlives the guest.
func (m *machine) feed(in io.Reader) {
	fw := &frameWriter{w: m.line}
	if in != nil {
		_, _ = io.Copy(fw.stream(frameStdin), in) // A broken line shows at its reader.
	}
	_ = fw.send(frameStdin, nil)
}
