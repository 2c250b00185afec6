package vrrp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Router runs the virtual routers of one director. One goroutine, Run's, owns
// all their machines; every other method may be called from any goroutine and
// posts to it.
type Router struct {
	// OnTransition, if set before Run, is told each change of state after it
	// took effect. It is called from Run's goroutine and must not block.
	OnTransition func(Transition)
	// OnNotice, if set before Run, is told everything worth telling, changes of
	// state included, in order. It is called from Run's goroutine and must not
	// block.
	OnNotice func(Notice)
	// Uptime is how long the host had been up at the start, for
	// Config.DelayAfterBoot.
	Uptime time.Duration

	cfg     Config
	network Network
	host    Host
	log     *slog.Logger
	mail    mailbox

	running   atomic.Bool
	ended     chan struct{} // closed when Run returns
	published atomic.Pointer[snapshot]
	kept      atomic.Pointer[[]Mark] // as they were made last, or restored
	tenures   atomic.Pointer[[]Tenure]
	inherited []Tenure
}

// NewRouter returns a router that does nothing until Run.
func NewRouter(cfg Config, network Network, host Host, log *slog.Logger) *Router {
	r := &Router{
		cfg: cfg, network: network, host: host, log: log,
		mail:  mailbox{poke: make(chan struct{}, 1)},
		ended: make(chan struct{}),
	}
	r.published.Store(&snapshot{})
	r.kept.Store(new([]Mark))
	r.tenures.Store(new([]Tenure))
	return r
}

// Run runs the virtual routers until Stop or Leave, or until ctx ends, which
// counts as Stop. It fails only for a configuration that Validate refuses, and
// can be called once.
//
// An instance stays in INIT until SetLink has told of its interface and the
// Network has said whether it hears it.
func (r *Router) Run(ctx context.Context) error {
	if err := r.cfg.Validate(); err != nil {
		return fmt.Errorf("run virtual routers: %w", err)
	}
	r.running.Store(true)
	defer close(r.ended)
	l := newLoop(r)
	l.configure(time.Now(), r.cfg)
	l.run(ctx)
	return nil
}

// SetLink tells what the kernel says of an interface. Those that matter are
// Config.Interfaces. It may be called before Run.
func (r *Router) SetLink(st LinkState) {
	r.mail.post(func(l *loop) { l.setLink(st) })
}

// SetItem tells the state of a tracked item. It may be called before Run. One
// that nobody tracks is remembered: a reload may track it.
func (r *Router) SetItem(item Item, st ItemState) {
	r.mail.post(func(l *loop) { l.setItem(item, st) })
}

// Reconfigure replaces the configuration, or returns why Validate refuses it
// and changes nothing. What stays the same keeps its role, timers and
// counters and sends nothing extra. Interface and VRID say which instance is
// the same; its name may change.
func (r *Router) Reconfigure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("reconfigure virtual routers: %w", err)
	}
	r.mail.post(func(l *loop) { l.configure(l.now, cfg) })
	return nil
}

// Post hands an instance a Hold, Priority, Defect, Takeover or Yield; of a sync
// group any member stands for all in the last two. Other events are
// the router's own, and an error. An unknown instance is logged and ignored.
func (r *Router) Post(instance string, ev Event) error {
	switch ev.(type) {
	case Hold, Priority, Defect, Takeover, Yield:
	default:
		return fmt.Errorf("post %T to instance %s: not an event from outside", ev, instance)
	}
	r.mail.post(func(l *loop) {
		in := l.named(instance)
		if in == nil {
			l.log.Warn("event for an unknown instance", "instance", instance, "event", fmt.Sprintf("%T", ev))
			return
		}
		l.step(in, ev)
	})
	return nil
}

// Stop ends every instance: masters say priority 0, then all addresses are
// unwanted, then Run returns. Stop waits for that or for ctx.
func (r *Router) Stop(ctx context.Context) error {
	return r.end(ctx, "stop virtual routers", Stop{})
}

// Leave makes Run return with everything left as it is, for a successor of
// this process: no advert, no change of addresses. It waits for that or for ctx.
func (r *Router) Leave(ctx context.Context) error {
	return r.end(ctx, "leave virtual routers", Leave{})
}

func (r *Router) end(ctx context.Context, what string, ev Event) error {
	r.mail.post(func(l *loop) { l.end(ev) })
	if !r.running.Load() {
		return nil // Run, if it comes, finds the post.
	}
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

// snapshotPatience is how long Snapshot waits for a loop that is busy.
const snapshotPatience = 100 * time.Millisecond

// Snapshot returns the state of every instance in configured order, as of
// now or, when the loop has no time to answer, as of the last transition.
// The caller must not change it.
func (r *Router) Snapshot() []Status { return r.snapshot().instances }

// Ping waits until the router's goroutine has done a round, or for ctx. It
// tells a router that works from one that hangs and still has its last
// Snapshot.
func (r *Router) Ping(ctx context.Context) error {
	round := make(chan struct{})
	r.mail.post(func(*loop) { close(round) })
	select {
	case <-round:
		return nil
	case <-r.ended:
		return errors.New("ping virtual routers: they have ended")
	case <-ctx.Done():
		return fmt.Errorf("ping virtual routers: %w", ctx.Err())
	}
}

// Strays counts messages that belong to no instance, by reason.
func (r *Router) Strays() map[string]uint64 { return r.snapshot().strays }

func (r *Router) snapshot() *snapshot {
	r.ask((*loop).publish)
	return r.published.Load()
}

// ask has the router's goroutine do something, and waits until it has, if it
// runs and has the time.
func (r *Router) ask(work func(*loop)) {
	if !r.running.Load() {
		return
	}
	done := make(chan struct{})
	r.mail.post(func(l *loop) {
		work(l)
		close(done)
	})
	patience := time.NewTimer(snapshotPatience)
	defer patience.Stop()
	select {
	case <-done:
	case <-r.ended:
	case <-patience.C:
	}
}
