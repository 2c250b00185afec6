// Package netfilter keeps tandem's own nftables table as package rules wants
// it: one table named "tandem" in each family that needs one, written whole in
// one transaction, read back, compared, and repaired at once when the kernel
// tells that somebody changed it (nft flush ruleset, a firewall reload).
// Nobody else's table is touched.
//
// What an operator finds with nft list table ip tandem is told in
// testdata/listing.txt; every rule says what it is for and counts.
package netfilter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
	"github.com/tandem-ha/tandem/ipvs/wish"
)

// Options of a Keeper; the zero value of each field has a default.
type Options struct {
	Full  time.Duration // between comparisons when nothing was notified; 10 s
	Retry time.Duration // after a failure; 1 s
	NetNS int           // descriptor of the network namespace; 0: that of the process
}

// settle is how long after a notification the table is read: one change comes
// as many notifications. It grows up to Options.Retry while every look finds
// another change, so that two programs that want different things of a table
// do not fight with all their might.
const settle = 20 * time.Millisecond

// Status is the table as the kernel has it.
type Status struct {
	Rules   int       // in tandem's tables, as last read back
	Repairs uint64    // changes from outside that were undone so far
	Writes  uint64    // transactions that the kernel took so far
	Errors  []string  // what stands between this and what is wanted
	Notes   []string  // what works less well than it could: a neighbour without a known hardware address
	Read    time.Time // zero: not yet
}

// Keeper keeps the tables. Run owns everything but the fields below mu.
type Keeper struct {
	log  *slog.Logger
	opt  Options
	poke chan struct{}
	wish *wish.Latest

	held     map[ipvs.Family]held            // as the last pass left them
	hardware map[netip.Addr][]rules.Hardware // of senders, as last known
	failed   map[string]bool                 // failures of the last pass
	noted    map[string]int                  // notes of the last pass, and in how many passes so far
	repairs  uint64
	writes   uint64

	mu     sync.Mutex // guards what follows
	want   *rules.Ruleset
	status Status
}

// held is a table that a pass found or made right.
type held struct {
	want  rules.Table
	image image
}

// families are those that there can be a table in.
var families = [...]ipvs.Family{ipvs.IPv4, ipvs.IPv6}

// New makes a Keeper that does nothing until Run and the first Want.
func New(log *slog.Logger, opt Options) *Keeper {
	opt.Full = cmp.Or(opt.Full, 10*time.Second)
	opt.Retry = cmp.Or(opt.Retry, time.Second)
	return &Keeper{
		log: log, opt: opt, poke: make(chan struct{}, 1), wish: wish.NewLatest(),
		held: map[ipvs.Family]held{}, hardware: map[netip.Addr][]rules.Hardware{},
	}
}

// Want says what the tables shall hold; it returns at once, the last one
// counts. An empty Ruleset removes them.
func (k *Keeper) Want(set rules.Ruleset) {
	k.mu.Lock()
	same := k.want != nil && reflect.DeepEqual(*k.want, set)
	k.want = &set
	if !same {
		k.wish.Make()
		k.wake()
	}
	k.mu.Unlock()
}

// Settled waits until Run has tried to write what was wanted last. It returns
// nil when the tables are as wanted, else the first of what stands in the way,
// or why ctx ended: give it one that ends, for Run may not be running.
func (k *Keeper) Settled(ctx context.Context) error { return k.wish.Wait(ctx) }

// wake makes Run look again soon.
func (k *Keeper) wake() {
	select {
	case k.poke <- struct{}{}:
	default:
	}
}

// Run keeps the tables until ctx ends, and leaves them as they are then.
func (k *Keeper) Run(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	var listener sync.WaitGroup
	defer listener.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listener.Go(func() { k.listen(ctx, changed) })

	wait, pause := k.opt.Full, settle
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.poke:
		case <-changed:
			// Not at once, and not once per notification.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(pause):
			}
			drain(changed)
		case <-time.After(wait):
		}
		k.mu.Lock()
		want, number := k.want, k.wish.Number()
		k.mu.Unlock()
		wait = k.opt.Full
		before := k.repairs
		if want != nil {
			again, err := k.pass(ctx, *want)
			if again {
				wait = k.opt.Retry
			}
			k.wish.Dealt(number, err)
		}
		pause = min(2*pause, k.opt.Retry)
		if k.repairs == before {
			pause = settle
		}
	}
}

// Status is what was last seen.
func (k *Keeper) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.status
}

// Clear removes tandem's tables, those of an earlier run that died included.
// It returns when ctx ends at the latest, and then says what may be left. Call
// it when Run has returned, or instead of Run.
func (k *Keeper) Clear(ctx context.Context) error {
	var errs []error
	for _, f := range families {
		if err := k.remove(ctx, f); err != nil && !unsupported(err) {
			errs = append(errs, fmt.Errorf("%w; what is left goes with nft delete table %s", err, name(f)))
		}
	}
	clear(k.held)
	return errors.Join(errs...)
}

func drain(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}
