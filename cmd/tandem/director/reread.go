package director

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/tandem-ha/tandem/conf"
)

// readLimit bounds the wait for the files of a reload. They are small: what
// takes longer hangs, as on a file server that is gone.
const readLimit = 10 * time.Second

// reread is the configuration as a reload finds it.
type reread struct {
	config conf.Config
	found  conf.Diagnostics // in the files
	judged conf.Diagnostics // with what this host says of them
	failed string           // why there is nothing of all that; empty: there is
}

// rereader reads the configuration each time that it is asked to, apart from
// the director's loop, which has a stop and the watchdog to look after whatever
// a file system does.
type rereader struct {
	read  func() reread
	asked <-chan os.Signal
	fresh chan reread // what comes of each time
	log   *slog.Logger
}

// Run is the rereader until ctx ends. Nothing can end a reading that hangs, so
// that no other one begins beside it.
func (r *rereader) Run(ctx context.Context) error {
	for {
		select {
		case <-r.asked:
		case <-ctx.Done():
			return nil
		}
		done := make(chan reread, 1)
		go func() { done <- r.read() }()
		select {
		case fresh := <-done:
			r.give(ctx, fresh)
			continue
		case <-time.After(readLimit):
			r.give(ctx, reread{failed: fmt.Sprintf("the file could not be read in %g s", readLimit.Seconds())})
		case <-ctx.Done():
			return nil
		}
		r.outlast(ctx, done)
	}
}

// outlast waits for the end of a reading that hangs, and refuses what is asked
// meanwhile. What it has read may be as old as the hang, and was refused.
func (r *rereader) outlast(ctx context.Context, done <-chan reread) {
	for {
		select {
		case <-done:
			r.log.Warn("the file of the refused reload could be read at last; reload again to load it")
			return
		case <-r.asked:
			r.give(ctx, reread{failed: "the reload before it is still reading the file"})
		case <-ctx.Done():
			return
		}
	}
}

func (r *rereader) give(ctx context.Context, fresh reread) {
	select {
	case r.fresh <- fresh:
	case <-ctx.Done():
	}
}

// reread reads the configuration as a reload does. What the host is now counts,
// not what it was at the start.
func (d *Director) reread() reread {
	// A pipe, which a start may read, would be empty now or wait for ever.
	if info, err := os.Stat(d.options.Config); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return reread{failed: d.options.Config + " is no regular file: a reload cannot read it again"}
	}
	reading := NewReading(d.options.ConfigID)
	file, found := conf.Read(d.options.Config, reading.Options)
	return reread{config: file.Config(), found: found, judged: reading.Judge(file, found)}
}
