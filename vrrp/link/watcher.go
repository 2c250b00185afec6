package link

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/tandem-ha/tandem/vrrp"
)

// Watcher reports the state of interfaces.
type Watcher struct {
	log     *slog.Logger
	publish func(vrrp.LinkState)
}

// NewWatcher returns a Watcher that calls publish, from the goroutine of Run,
// with the state of each watched interface: once after each Watch, then at
// every change.
func NewWatcher(log *slog.Logger, publish func(vrrp.LinkState)) *Watcher {
	return &Watcher{log: log, publish: publish}
}

// Watch sets the interfaces to report and the virtual addresses, which are
// nobody's primary address. It does not block.
func (w *Watcher) Watch(names []string, virtual []netip.Addr) {}

// Run watches until the context ends.
func (w *Watcher) Run(ctx context.Context) error { <-ctx.Done(); return nil }
