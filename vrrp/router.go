package vrrp

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// Router runs the virtual routers of one director: one goroutine owns all
// their machines, and every method may be called from any other.
type Router struct {
	// OnTransition, if set before Run, is told each change of state, after it
	// took effect. It is called from the router's own goroutine and must not block.
	OnTransition func(Transition)

	cfg     Config
	network Network
	host    Host
	log     *slog.Logger

	status atomic.Pointer[[]Status]
}

// NewRouter returns a router that does nothing until Run.
func NewRouter(cfg Config, network Network, host Host, log *slog.Logger) *Router {
	return &Router{cfg: cfg, network: network, host: host, log: log}
}

// Run runs the virtual routers until Stop or Leave, or until ctx ends, which
// counts as Stop. It returns an error only for a configuration that Validate refuses.
func (r *Router) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// SetLink tells what the kernel says of an interface. It does not block, and
// may be called before Run.
func (r *Router) SetLink(st LinkState) {}

// Reconfigure replaces the configuration. What is unchanged keeps its role,
// timers and counters and sends nothing extra. An instance is known by its
// interface and VRID: one with another VRID or interface is a new one. It returns what Validate
// says of the configuration, and then changes nothing.
func (r *Router) Reconfigure(cfg Config) error { return cfg.Validate() }

// Post hands an instance a Hold, Priority, Defect, Takeover or Yield. It does not block.
// It returns an error for another kind of event; an unknown instance is logged and ignored.
func (r *Router) Post(instance string, ev Event) error { return nil }

// Snapshot returns the state of every instance in configured order. The
// caller may keep it and must not change it.
func (r *Router) Snapshot() []Status { return nil }

// Stop ends every instance: masters say priority 0, then all addresses are
// unwanted, then Run returns. Stop waits for that or for ctx.
func (r *Router) Stop(ctx context.Context) error { return nil }

// Leave makes Run return and leaves adverts unsent and addresses where they
// are, for a successor of this process. It waits for that or for ctx.
func (r *Router) Leave(ctx context.Context) error { return nil }
