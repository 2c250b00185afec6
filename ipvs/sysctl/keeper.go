// Package sysctl keeps the kernel settings that decide how IPVS behaves
// (Documentation/networking/ipvs-sysctl.rst, ip-sysctl.rst): it sets them,
// repairs them, and gives back the values that were there before.
//
// It knows no setting but the switches of forwarding, which take others along:
// what to write is decided by pure functions of what is wanted, what is
// recorded and what was read (plan.go).
package sysctl

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/ipvs/wish"
)

// Settings are values by path below /proc/sys: "net/ipv4/vs/conn_reuse_mode"
// is "1". Values are spelled as the kernel prints them, with single blanks.
type Settings map[string]string

// Options of a Keeper; the zero value of each field has a default.
type Options struct {
	Record string        // file of the run directory; empty: in memory only
	Epoch  string        // names the boot and the namespace, as kernel.Kernel.Epoch
	Root   string        // directory; /proc/sys
	Full   time.Duration // between comparisons; 10 s
	Retry  time.Duration // after a failure, and while an interface is waited for; 1 s
}

// Status is what the kernel has of the wanted settings.
type Status struct {
	Settings Settings  // wanted ones as read back
	Wanted   int       // how many
	Kept     int       // how many of them are as wanted now
	Waiting  []string  // for their interface: "net.ipv4.conf.eth5.rp_filter: waits for interface eth5"
	Missing  []string  // from this kernel or namespace, with what to do: "net.ipv4.vs.conntrack: load IPVS: modprobe ip_vs"
	Repairs  uint64    // changes from outside that were undone so far
	Errors   []string  // what stands between this and what is wanted
	Read     time.Time // zero: not yet
}

// Keeper keeps the settings of the network namespace in which it runs. Run
// owns everything but the fields below mu.
type Keeper struct {
	log  *slog.Logger
	opt  Options
	tree tree
	poke chan struct{}
	wish *wish.Latest

	record record
	loaded bool
	held   Settings        // as wanted, and so in the kernel after the last pass
	absent map[string]bool // wanted ones that are missing, which was said
	failed map[string]bool // what failed in the last pass

	mu     sync.Mutex // guards what follows
	want   Settings
	said   bool // Want was called
	status Status
}

// New makes a Keeper that does nothing until Run and the first Want.
func New(log *slog.Logger, opt Options) *Keeper {
	opt.Root = cmp.Or(opt.Root, "/proc/sys")
	opt.Full = cmp.Or(opt.Full, 10*time.Second)
	opt.Retry = cmp.Or(opt.Retry, time.Second)
	return &Keeper{log: log, opt: opt, tree: tree(opt.Root), poke: make(chan struct{}, 1), wish: wish.NewLatest(), held: Settings{}}
}

// Want says what the settings shall be; it returns at once, the last one
// counts. A setting that is no longer wanted gets its earlier value back.
func (k *Keeper) Want(s Settings) {
	k.mu.Lock()
	k.want, k.said = maps.Clone(s), true
	k.wish.Make()
	k.mu.Unlock()
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// Settled waits until Run has tried to set what was wanted last. It returns nil
// when every setting that exists is as wanted, else the first of what stands in
// the way, or why ctx ended: give it one that ends, for Run may not be running.
// A setting that does not exist, or not yet, stands in nobody's way.
func (k *Keeper) Settled(ctx context.Context) error { return k.wish.Wait(ctx) }

// Run keeps the settings until ctx ends, and leaves them as they are then:
// call Clear afterwards to give them back.
func (k *Keeper) Run(ctx context.Context) error {
	wait := k.opt.Full
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.poke:
		case <-time.After(wait):
		}
		k.mu.Lock()
		want, said, number := k.want, k.said, k.wish.Number()
		k.mu.Unlock()
		wait = k.opt.Full
		if !said {
			continue
		}
		again, err := k.pass(ctx, want)
		if again {
			wait = k.opt.Retry
		}
		k.wish.Dealt(number, err)
	}
}

// Status is what was last seen.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

// Clear gives every setting the value that it had before, except those that
// somebody else has changed since: whoever wrote the value that was there
// already cannot be told from nobody. Call it when Run has returned, or
// instead of Run.
func (k *Keeper) Clear(ctx context.Context) error {
	k.load()
	_, _, errs := k.bring(ctx, nil)
	clear(k.held)
	return errors.Join(errs...)
}

// load reads the record once.
func (k *Keeper) load() {
	if k.loaded {
		return
	}
	k.loaded = true
	var err error
	if k.record, err = loadRecord(k.opt.Record, k.opt.Epoch); err != nil {
		k.log.Error("kernel settings of before an earlier run are not known and will not be given back", "err", err)
	}
}

// save replaces the record where it has changed. Without a record a crash
// loses the earlier values, which is better than no settings now.
func (k *Keeper) save(next record) {
	if maps.Equal(next.Entries, k.record.Entries) {
		return
	}
	k.record = next
	if err := k.record.save(k.opt.Record); err != nil {
		k.log.Error("remember what kernel settings were; after a crash they will not be given back", "err", err)
	}
}

// say logs each failure when it begins, and that all are over.
func (k *Keeper) say(ctx context.Context, errs []error) []string {
	failing := map[string]bool{}
	for _, err := range errs {
		text := err.Error()
		if !k.failed[text] && !failing[text] && ctx.Err() == nil {
			k.log.Error("a kernel setting is not as wanted; trying again", "err", text)
		}
		failing[text] = true
	}
	if len(k.failed) > 0 && len(failing) == 0 {
		k.log.Info("the kernel settings are as wanted again")
	}
	k.failed = failing
	return slices.Sorted(maps.Keys(failing))
}
