package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// birth is a command on its way into a host: its nanny, and what ties it to
// the lab.
type birth struct {
	cmd    *exec.Cmd  // The nanny.
	line   *os.File   // The lab's end of the line on which the nanny reports.
	theirs []*os.File // Files that the nanny has from the start and the lab no longer needs.
	output output
}

// prepare makes everything that a start needs; nothing of it is in the host
// yet.
func prepare(host string, c Command) (*birth, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("no command")
	}
	orders := nannyOrders{Host: host, Argv: c.Argv}
	if c.RunDir != "" {
		var err error
		if orders.RunDir, err = filepath.Abs(c.RunDir); err == nil {
			err = os.MkdirAll(orders.RunDir, 0o755)
		}
		if err != nil {
			return nil, fmt.Errorf("make the run folder: %w", err)
		}
	}
	text, err := json.Marshal(orders)
	if err != nil {
		return nil, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("make a line to the first process: %w", err)
	}
	end := os.NewFile(uintptr(pair[1]), "nanny's end")
	b := &birth{line: os.NewFile(uintptr(pair[0]), "lab's end"), theirs: []*os.File{end}}
	b.cmd = &exec.Cmd{
		Path:       "/proc/self/exe",
		Args:       []string{nannyName, string(text)},
		Env:        append(os.Environ(), c.Env...),
		ExtraFiles: []*os.File{end},
		SysProcAttr: &syscall.SysProcAttr{
			// When the first process of a process namespace ends, the kernel
			// kills all others, whatever they forked or detached.
			Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS,
			Pdeathsig:  syscall.SIGKILL,
			Setsid:     true,
		},
	}
	ends, err := b.output.connect(b.cmd, c.Stdout, c.Stderr)
	b.theirs = append(b.theirs, ends...)
	if err != nil {
		return nil, errors.Join(err, b.line.Close(), b.letGo())
	}
	return b, nil
}

// letGo closes what is the nanny's.
func (b *birth) letGo() error {
	var errs []error
	for _, f := range b.theirs {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// keep starts the nanny in the namespace and waits for its end on the same
// thread: Pdeathsig is sent when the thread that started a process ends
// (prctl(2)), not when its process does.
func (h *Host) keep(p *Process, b *birth, started chan<- error) {
	defer close(p.done)
	runtime.LockOSThread() // And never unlocked: the thread ends with this goroutine.
	err := errors.Join(h.startHere(p, b.cmd), b.letGo())
	started <- err
	if err != nil {
		return
	}
	_ = b.cmd.Wait() // The nanny reports; its own end says nothing.
	b.output.drain()
	<-p.heard
	// Without a report it was killed together with the command.
	p.ended(Exit{Code: -1, Signal: syscall.SIGKILL, At: time.Now()})
}

// startHere starts the nanny from this thread in the namespace. The thread does
// not stay there, or it would keep the namespace alive while it waits.
func (h *Host) startHere(p *Process, cmd *exec.Cmd) error {
	if err := h.ns.hold(); err != nil {
		return err
	}
	defer h.ns.release()
	if err := netns.Set(h.ns.fd); err != nil {
		return fmt.Errorf("enter the namespace: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.nanny = cmd.Process
	if err := netns.Set(h.ns.home); err != nil {
		return errors.Join(fmt.Errorf("leave the namespace: %w", err), cmd.Process.Kill(), cmd.Wait())
	}
	return nil
}
