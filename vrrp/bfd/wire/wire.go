// Package wire speaks BFD for the sessions of vrrp/bfd: over UDP port 3784 to
// neighbors on the link (RFC 5881), and over port 4784 to others (RFC 5883).
package wire

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// Wire runs sessions. One goroutine, Run's, owns them all, and has one timer.
type Wire struct {
	log     *slog.Logger
	publish func(name string, up bool, detail string)
	poke    chan struct{}

	mu   sync.Mutex // guards wish
	wish []bfd.Config

	drops     [bfd.NumDrops]atomic.Uint64
	neighbors atomic.Pointer[map[netip.Addr]bool] // of all sessions
	published atomic.Pointer[[]bfd.Status]
}

// New returns a Wire that calls publish, from the goroutine of Run, with the
// state of each session: at the start, and at every change. publish must not
// block.
func New(log *slog.Logger, publish func(name string, up bool, detail string)) *Wire {
	return &Wire{log: log, publish: publish, poke: make(chan struct{}, 1)}
}

// Set replaces the sessions. It does not block, and may be called before Run. A
// session with the same neighbor and source keeps its state; a neighbor whose
// session is gone is told that it was by will.
func (w *Wire) Set(sessions []bfd.Config) {
	w.mu.Lock()
	w.wish = slices.Clone(sessions)
	w.mu.Unlock()
	select {
	case w.poke <- struct{}{}:
	default: // Whoever takes it takes the newest.
	}
}

// Status is what the sessions know of themselves, as of their last change.
func (w *Wire) Status() []bfd.Status {
	if p := w.published.Load(); p != nil {
		return *p
	}
	return nil
}

// Drops counts packets that were not accepted, by reason.
func (w *Wire) Drops() map[string]uint64 {
	drops := make(map[string]uint64)
	for d := range bfd.NumDrops {
		if n := w.drops[d].Load(); n > 0 {
			drops[d.String()] = n
		}
	}
	return drops
}

// retry is how often a socket that cannot be opened is tried again.
const retry = time.Second

// Run speaks until the context ends; then every neighbor is told.
func (w *Wire) Run(ctx context.Context) error {
	l := &loop{Wire: w, heard: make(chan datagram, maxWaiting), ears: make(map[ear]*listener)}
	defer l.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var first *datagram
		select {
		case <-ctx.Done():
			return nil
		case <-w.poke:
			w.mu.Lock()
			wish := w.wish
			w.mu.Unlock()
			l.set(time.Now(), wish)
		case d := <-l.heard:
			first = &d
		case <-timer.C:
		}
		l.round(first)
		timer.Reset(l.pause())
	}
}
