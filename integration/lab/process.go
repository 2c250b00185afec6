package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
)

// Command is a program to start in a Host.
type Command struct {
	Argv []string
	// Env is added to the lab's own environment.
	Env []string
	// Stdout and Stderr receive the output, nil for the null device.
	Stdout, Stderr io.Writer
	// RunDir is kept visible to the program where it lies below /run, which is
	// otherwise private and empty; created where absent.
	RunDir string
}

// Process is a started command with all its descendants, which live and die in
// one process namespace. It ends at the latest with the lab, even when the lab
// is killed.
type Process struct {
	name  string
	nanny *os.Process   // First process of the namespace.
	pid   int           // The command's own, as the lab sees it.
	heard chan struct{} // Closed after the nanny's last report.
	done  chan struct{}

	mu   sync.Mutex // guards all following fields.
	exit *Exit      // nil while the command itself runs.
}

// Exit says how a process ended.
type Exit struct {
	Code   int            // Exit code, -1 where a signal ended it.
	Signal syscall.Signal // 0 where it exited.
	At     time.Time
}

// killLimit bounds the wait for the end of killed processes.
const killLimit = 10 * time.Second

// Start starts a command in the namespace. ctx bounds the start only.
func (h *Host) Start(ctx context.Context, c Command) (*Process, error) {
	p, err := h.start(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("start %v in %s: %w", c.Argv, h.Name, err)
	}
	return p, nil
}

func (h *Host) start(ctx context.Context, c Command) (*Process, error) {
	b, err := prepare(h.Name, c)
	if err != nil {
		return nil, err
	}
	p := &Process{name: h.Name + ": " + c.Argv[0], heard: make(chan struct{}), done: make(chan struct{})}
	started := make(chan error, 1)
	go h.keep(p, b, started)
	if err := <-started; err != nil {
		return nil, errors.Join(err, b.line.Close())
	}
	// The nanny's first line says whether the command runs, its last line how
	// it ended.
	first := make(chan error, 1)
	go p.listen(b.line, first)
	select {
	case err = <-first:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil && !h.adopt(p) {
		err = errGone
	}
	if err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// listen reads the nanny's reports.
func (p *Process) listen(line *os.File, first chan<- error) {
	defer close(p.heard)
	defer line.Close()
	lines := bufio.NewScanner(line)
	for lines.Scan() {
		var r nannyReport
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			r = nannyReport{Failed: err.Error()}
		}
		switch {
		case r.Failed != "":
			first <- errors.New(r.Failed)
			return
		case r.Started != 0:
			var err error
			if p.pid, err = outerPid(p.nanny.Pid, r.Started); err == nil {
				_, err = line.Write([]byte{1}) // Found; let it go when it ends.
			}
			first <- err
		default:
			p.ended(Exit{Code: r.Code, Signal: r.Signal, At: time.Now()})
		}
	}
	select {
	case first <- errors.New("ended before it could start the command"):
	default: // Already told.
	}
}

// ended notes how the command ended; the first to know is right.
func (p *Process) ended(e Exit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exit == nil {
		p.exit = &e
	}
}

// adopt makes the host responsible for the process, unless the host has gone.
func (h *Host) adopt(p *Process) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running = append(h.running, p)
	return true
}

// Pid returns the command's process id as the lab sees it.
func (p *Process) Pid() int { return p.pid }

// Signal sends a signal to the command's own process.
func (p *Process) Signal(s os.Signal) error {
	sig, ok := s.(syscall.Signal)
	if !ok {
		return fmt.Errorf("signal %s: %v is no signal of Linux", p.name, s)
	}
	if _, over := p.Exited(); over {
		return fmt.Errorf("signal %s: %w", p.name, os.ErrProcessDone)
	}
	if err := syscall.Kill(p.pid, sig); err != nil {
		return fmt.Errorf("send %s to %s: %w", sig, p.name, err)
	}
	return nil
}

// Kill ends the command and every descendant at once with SIGKILL and returns
// when they are gone.
func (p *Process) Kill() error {
	if err := p.nanny.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(killLimit):
		return fmt.Errorf("kill %s: still there after %s", p.name, killLimit)
	}
}

// Pause stops the command and every descendant (SIGSTOP).
func (p *Process) Pause() error {
	if err := stopAll(p.nanny.Pid); err != nil {
		return fmt.Errorf("pause %s: %w", p.name, err)
	}
	return nil
}

// Resume continues what Pause stopped (SIGCONT).
func (p *Process) Resume() error {
	members, err := namespaceMembers(p.nanny.Pid)
	if err != nil {
		return fmt.Errorf("resume %s: %w", p.name, err)
	}
	for _, pid := range members {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil && err != syscall.ESRCH {
			return fmt.Errorf("resume %s: %w", p.name, err)
		}
	}
	return nil
}

// Done is closed when the command and every descendant have ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits until Done or ctx is done.
func (p *Process) Wait(ctx context.Context) (Exit, error) {
	select {
	case <-p.done:
		exit, _ := p.Exited()
		return exit, nil
	case <-ctx.Done():
		return Exit{}, fmt.Errorf("wait for %s: %w", p.name, ctx.Err())
	}
}

// Exited reports whether and how the command ended.
func (p *Process) Exited() (Exit, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exit == nil {
		return Exit{}, false
	}
	return *p.exit, true
}
