package ipvs

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"
)

// Options of a Reconciler; the zero value of each field has a default.
type Options struct {
	Full  time.Duration // between whole comparisons; 10 s
	Check time.Duration // between looks at the services alone; 500 ms
	Retry time.Duration // after a first failure, doubled up to Full; 100 ms
	// OnDrain hears of every manual drain that begins or ends. It is called
	// by Run and Clear and must not block.
	OnDrain func(Drain)
}

// Reconciler keeps the kernel's table as it is wanted: it reads the table,
// compares, writes the difference, and looks again. It touches only services
// that are tandem's: those wanted now and those that its Record remembers.
// One goroutine, Run, owns everything but the fields below mu.
type Reconciler struct {
	kernel Kernel
	record *Record
	log    *slog.Logger
	opt    Options
	poke   chan struct{}

	known  Table           // tandem's services as the kernel had them after the last pass; nil: not known
	held   Timeouts        // as wanted, and so in the kernel after the last pass; zero: not known
	failed map[string]bool // what failed in the last pass
	again  map[string]int  // drift, and in how many passes in a row it was found
	loaded bool            // the record is read
	begun  bool            // a pass was made

	mu       sync.Mutex // guards what follows
	want     Table      // in normal form; nil: nobody has said yet
	timeouts Timeouts
	released []target
	allOver  DrainReason // why every manual drain is to end; 0: they are not
	snap     Snapshot
}

// NewReconciler makes a Reconciler that does nothing until Run and the first
// Want.
func NewReconciler(k Kernel, record *Record, log *slog.Logger, opt Options) *Reconciler {
	opt.Full = cmp.Or(opt.Full, 10*time.Second)
	opt.Check = cmp.Or(opt.Check, 500*time.Millisecond)
	opt.Retry = cmp.Or(opt.Retry, 100*time.Millisecond)
	return &Reconciler{kernel: k, record: record, log: log, opt: opt, poke: make(chan struct{}, 1)}
}

// Want says what tandem's part of the table shall be, and returns at once. The
// last one counts. The table is the Reconciler's from then on: it must not be
// changed any more.
func (r *Reconciler) Want(t Table) {
	if t = t.inNormal(); t == nil {
		t = Table{}
	}
	r.mu.Lock()
	r.want = t
	r.mu.Unlock()
	r.wake()
}

// Release ends a manual drain: the server gets its wanted weight again.
func (r *Reconciler) Release(key Key, server Server) {
	r.mu.Lock()
	r.released = append(r.released, target{key.Normal(), normalServer(server)})
	r.mu.Unlock()
	r.wake()
}

// ReleaseAll ends every manual drain, also one that is in the kernel and was
// not seen yet. Why is DrainReleased, or DrainReloaded where the configuration
// was read anew: that is what an operator does to get what the file says.
func (r *Reconciler) ReleaseAll(why DrainReason) {
	r.mu.Lock()
	r.allOver = why
	r.mu.Unlock()
	r.wake()
}

// Snapshot is what was last seen and done.
func (r *Reconciler) Snapshot() Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snap
}

// Drained are the servers that are drained by hand.
func (r *Reconciler) Drained() []Drain { return r.Snapshot().Drains }

func (r *Reconciler) wake() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// Run keeps the table until ctx ends, and leaves it as it is then: call Clear
// afterwards to take it away.
func (r *Reconciler) Run(ctx context.Context) error {
	r.load()
	var full, retry time.Time // when they are due; retry zero: nothing failed
	backoff := r.opt.Retry
	for {
		wait := r.opt.Check
		if !retry.IsZero() {
			wait = min(wait, time.Until(retry))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.poke:
			if r.quick(ctx) {
				continue
			}
		case <-time.After(wait):
			now := time.Now()
			due := !now.Before(full) || !retry.IsZero() && !now.Before(retry)
			if !due && !r.touched(ctx) {
				continue
			}
		}
		stale, err := r.pass(ctx)
		if stale && ctx.Err() == nil {
			// Somebody changed the table between reading and writing.
			_, err = r.pass(ctx)
		}
		now := time.Now()
		full, retry = now.Add(r.opt.Full), time.Time{}
		if err == nil {
			backoff = r.opt.Retry
			continue
		}
		retry = now.Add(backoff)
		backoff = min(2*backoff, r.opt.Full)
	}
}
