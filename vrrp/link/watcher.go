package link

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Interests are what a Watcher shall look after.
type Interests struct {
	Links []Interest // each interface once
	// Virtual are all virtual addresses: none of them is anybody's primary one.
	Virtual []netip.Addr
	// Wait is Config.ForwardingWait.
	Wait time.Duration
}

// Interest is one interface to look after.
type Interest struct {
	Name  string
	Delay vrrp.LinkDelay
	// Speaks says that an instance advertises there: when it comes up it is
	// Silent until somebody else is heard (see Interests.Wait).
	Speaks bool
	// Whom to ask then, besides gateways and known neighbours: unicast peers,
	// and virtual addresses that another master may have.
	Peers, Virtual []netip.Addr
}

// Watcher reports the state of interfaces. Kernel events tell it to look
// again; what it reports is always read from the kernel.
type Watcher struct {
	log     *slog.Logger
	publish func(vrrp.LinkState)
	uptime  func() time.Duration // of the host
	again   signal

	mu        sync.Mutex // guards the following fields
	interests Interests
	virtual   map[netip.Addr]bool
	fresh     bool // the interests are new since the last look: report every one
}

// NewWatcher returns a Watcher that calls publish, from the goroutine of Run,
// with the state of each watched interface: once after each Watch, then at
// every change.
func NewWatcher(log *slog.Logger, publish func(vrrp.LinkState)) *Watcher {
	return &Watcher{log: log, publish: publish, uptime: uptime, again: newSignal()}
}

// uptime is how long the host has been up, suspended or not.
func uptime() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts) != nil {
		return 1<<63 - 1
	}
	return time.Duration(ts.Nano())
}

// Watch sets what to look after. It does not block.
func (w *Watcher) Watch(in Interests) {
	set := make(map[netip.Addr]bool, len(in.Virtual))
	for _, a := range in.Virtual {
		set[a] = true
	}
	in.Links = slices.Clone(in.Links)
	w.mu.Lock()
	w.interests, w.virtual, w.fresh = in, set, true
	w.mu.Unlock()
	w.again.set()
}

// Run watches until the context ends. Where the kernel's events cannot be
// had it looks every second.
func (w *Watcher) Run(ctx context.Context) error {
	k, err := openKernel()
	if err != nil {
		return err
	}
	defer k.close()
	changes := newEvents(w.log, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	helpers.Go(func() { changes.run(ctx) })

	watch := watch{watcher: w, kernel: k, ctx: ctx, helpers: &helpers, links: make(map[string]*watched)}
	var pace pace
	for ctx.Err() == nil {
		began := time.Now()
		next, err := watch.look(began)
		if err != nil {
			w.log.Warn("the state of an interface could not be read; what was last known stands", "error", err)
			next = earlier(next, time.Now().Add(retry))
		}
		pace.passed(began, time.Now(), false)
		pace.until(ctx, w.again, changes.poke, next)
	}
	return nil
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// watch is what the goroutine of Run remembers.
type watch struct {
	watcher *Watcher
	kernel  *kernel
	ctx     context.Context
	helpers *sync.WaitGroup // probes
	links   map[string]*watched
}

// watched is an interface that is looked after.
type watched struct {
	told    bool
	known   bool // that it is up, or not, has been seen
	up      bool
	state   vrrp.LinkState // as told
	steady  steady
	silence silence
	probe   *probe // while it is waited for
	stop    context.CancelFunc
}

// look reads every watched interface and publishes what is new. It returns
// when to look again if nothing happens until then.
func (w *watch) look(now time.Time) (next time.Time, err error) {
	w.watcher.mu.Lock()
	in, virtual, fresh := w.watcher.interests, w.watcher.virtual, w.watcher.fresh
	w.watcher.fresh = false
	w.watcher.mu.Unlock()
	if fresh {
		w.forget(in)
	}
	var errs []error
	for _, interest := range in.Links {
		state, dev, err := linkState(w.kernel, interest.Name, virtual)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		l := w.links[interest.Name]
		if l == nil {
			l = &watched{}
			w.links[interest.Name] = l
		}
		silent, again := w.listen(l, now, interest, in.Wait, state, dev)
		next = earlier(next, again)
		if state.Exists {
			state.Up, again = l.steady.see(now, state.Up, interest.Delay)
			next = earlier(next, again)
		} else {
			l.steady = steady{known: true} // what is gone is so at once
		}
		state.Silent = silent
		l.note(w.watcher.log.With("interface", interest.Name), state)
		if !l.told || l.state != state {
			l.told, l.state = true, state
			w.watcher.publish(state)
		}
	}
	return next, errors.Join(errs...)
}

// note logs that an interface came up or went down, once for all who are on it.
func (l *watched) note(log *slog.Logger, state vrrp.LinkState) {
	switch {
	case !l.known || l.up == state.Up:
	case state.Up:
		log.Info("the interface is up")
	case state.Exists:
		log.Warn("the interface went down")
	default:
		log.Warn("the interface is gone")
	}
	l.known, l.up = true, state.Up
}

// forget drops the interfaces that are of no interest any more, and what was
// said of the others: everything is said once to whoever asks anew.
func (w *watch) forget(in Interests) {
	for name, l := range w.links {
		l.told = false
		if !slices.ContainsFunc(in.Links, func(i Interest) bool { return i.Name == name }) {
			l.unprobe()
			delete(w.links, name)
		}
	}
}

// listen says whether an interface waits to hear somebody, and begins or ends
// that. Only Ethernet has ports that forward later, and neighbours to ask.
func (w *watch) listen(l *watched, now time.Time, in Interest, wait time.Duration, state vrrp.LinkState, dev device) (silent bool, again time.Time) {
	index := 0
	if state.Up && dev.mac != nil {
		index = dev.index
	}
	if !in.Speaks {
		wait = 0
	}
	what := ""
	if l.probe != nil {
		what = l.probe.heard()
	}
	since := l.silence.since
	verdict := l.silence.see(now, index, wait, w.watcher.uptime(), what != "")
	log := w.watcher.log.With("interface", in.Name)
	after := now.Sub(since).Round(time.Millisecond)
	switch verdict {
	case talks:
		return false, time.Time{}
	case quietNow:
		l.unprobe()
		p := newProbe(w.watcher.log, dev, in, w.watcher.again.set)
		p.own(state.Primary, state.Primary6)
		ctx, stop := context.WithCancel(w.ctx)
		l.probe, l.stop = p, stop
		w.helpers.Go(func() { p.run(ctx) })
		log.Info("waiting for the interface to carry frames: it has just come up, and its switch port may not forward yet", "at_most", wait)
	case quietYet:
		l.probe.own(state.Primary, state.Primary6)
	case heardNow:
		log.Info("the interface carries frames", "after", after, "heard", what)
	case quietCap:
		log.Warn("nobody was heard on the interface; going on without", "after", after)
	case quietGone:
		log.Info("no longer waiting for the interface to carry frames", "after", after)
	}
	if !verdict.waits() {
		l.unprobe()
		return false, time.Time{}
	}
	return true, l.silence.since.Add(wait)
}

// unprobe ends a probe, if there is one.
func (l *watched) unprobe() {
	if l.probe != nil {
		l.stop()
		l.probe, l.stop = nil, nil
	}
}
