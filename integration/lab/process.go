package lab

import (
	"context"
	"io"
	"os"
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
type Process struct{}

// Exit says how a process ended.
type Exit struct {
	Code   int            // Exit code, -1 where a signal ended it.
	Signal syscall.Signal // 0 where it exited.
	At     time.Time
}

// Start starts a command in the namespace. ctx bounds the start only.
func (h *Host) Start(ctx context.Context, c Command) (*Process, error) { panic("soon") }

// Pid returns the command's process id as the lab sees it.
func (p *Process) Pid() int { panic("soon") }

// Signal sends a signal to the command's own process.
func (p *Process) Signal(s os.Signal) error { panic("soon") }

// Kill ends the command and every descendant at once with SIGKILL and returns
// when they are gone.
func (p *Process) Kill() error { panic("soon") }

// Pause stops the command and every descendant (SIGSTOP).
func (p *Process) Pause() error { panic("soon") }

// Resume continues what Pause stopped (SIGCONT).
func (p *Process) Resume() error { panic("soon") }

// Done is closed when the command and every descendant have ended.
func (p *Process) Done() <-chan struct{} { panic("soon") }

// Wait waits until Done or ctx is done.
func (p *Process) Wait(ctx context.Context) (Exit, error) { panic("soon") }

// Exited reports whether and how the command ended.
func (p *Process) Exited() (Exit, bool) { panic("soon") }
