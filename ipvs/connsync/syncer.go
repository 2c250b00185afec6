package connsync

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// Kernel is what the Syncer needs of IPVS; kernel.Kernel is the real one.
type Kernel interface {
	Daemons(ctx context.Context) ([]ipvs.Daemon, error)
	StartDaemon(ctx context.Context, d ipvs.Daemon) error
	StopDaemon(ctx context.Context, d ipvs.Daemon) error
}

// Options of a Syncer; the zero value of each field has a default.
type Options struct {
	Record  string        // file of the run directory; empty: in memory only
	Epoch   string        // names the boot and the namespace, as kernel.Kernel.Epoch
	Sysctls string        // directory; /proc/sys/net/ipv4/vs
	Full    time.Duration // between looks; 10 s
	Retry   time.Duration // after a failure; 1 s
}

// Syncer keeps both sync daemons and their settings as they are wanted. Run
// owns everything but the fields below mu.
type Syncer struct {
	kernel Kernel
	log    *slog.Logger
	opt    Options
	sys    sysctls
	poke   chan struct{}

	record record
	loaded bool
	warned map[string]bool   // what was said already and need not be said again
	failed map[string]bool   // what failed in the last pass
	held   map[string]string // sysctls as the last pass left them

	mu     sync.Mutex // guards what follows
	want   *Config
	said   bool // Want was called
	status Status
}

// Status is the synchronisation as the kernel has it.
type Status struct {
	Wanted   bool
	Daemons  []ipvs.Daemon // all that run, tandem's or not
	Settings Settings      // as read back
	Granted  int           // bytes of the sock_size that the sockets really get
	Missing  []string      // settings that this kernel or namespace does not have
	Errors   []string      // what stands between this and what is wanted
	Read     time.Time     // zero: not yet
}

// New makes a Syncer that does nothing until Run and the first Want.
func New(k Kernel, log *slog.Logger, opt Options) *Syncer {
	opt.Sysctls = cmp.Or(opt.Sysctls, "/proc/sys/net/ipv4/vs")
	opt.Full = cmp.Or(opt.Full, 10*time.Second)
	opt.Retry = cmp.Or(opt.Retry, time.Second)
	return &Syncer{
		kernel: k, log: log, opt: opt, sys: sysctls(opt.Sysctls),
		poke: make(chan struct{}, 1), warned: map[string]bool{}, held: map[string]string{},
	}
}

// Want says how connections shall be synchronised, nil for not at all; it
// returns at once. The last one counts.
func (s *Syncer) Want(c *Config) {
	s.mu.Lock()
	if s.want = nil; c != nil {
		copied := *c
		s.want = &copied
	}
	s.said = true
	s.mu.Unlock()
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// Status is what was last seen.
func (s *Syncer) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run keeps the daemons running until ctx ends, and leaves them running then:
// call Clear afterwards to stop them. A change of role is none of its
// business: both daemons run in either.
func (s *Syncer) Run(ctx context.Context) error {
	wait := s.opt.Full
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.poke:
		case <-time.After(wait):
		}
		s.mu.Lock()
		want, said := s.want, s.said
		s.mu.Unlock()
		wait = s.opt.Full
		if said && !s.pass(ctx, want) {
			wait = s.opt.Retry
		}
	}
}

// Clear stops the daemons that are tandem's and gives the settings the values
// that they had before, except those that somebody else has changed since.
// It loses the connections of the last FlushTime for the other director.
// Call it when Run has returned, or instead of Run.
func (s *Syncer) Clear(ctx context.Context) error {
	s.load()
	return errors.Join(s.undo(ctx)...)
}
