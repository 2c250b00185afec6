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

// Watcher reports the state of interfaces. Kernel events tell it to look
// again; what it reports is always read from the kernel.
type Watcher struct {
	log     *slog.Logger
	publish func(vrrp.LinkState)
	again   signal

	mu      sync.Mutex // guards the following fields
	names   []string
	virtual map[netip.Addr]bool
	fresh   bool // names were set since the last look: report every one
}

// NewWatcher returns a Watcher that calls publish, from the goroutine of Run,
// with the state of each watched interface: once after each Watch, then at
// every change.
func NewWatcher(log *slog.Logger, publish func(vrrp.LinkState)) *Watcher {
	return &Watcher{log: log, publish: publish, again: newSignal()}
}

// Watch sets the interfaces to report and the virtual addresses, which are
// nobody's primary address. It does not block.
func (w *Watcher) Watch(names []string, virtual []netip.Addr) {
	set := make(map[netip.Addr]bool, len(virtual))
	for _, a := range virtual {
		set[a] = true
	}
	w.mu.Lock()
	w.names, w.virtual, w.fresh = slices.Clone(names), set, true
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
	changes := newEvents(w.log, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR)
	var listener sync.WaitGroup
	defer listener.Wait()
	listener.Go(func() { changes.run(ctx) })

	known := make(map[string]vrrp.LinkState)
	var pace pace
	for ctx.Err() == nil {
		err := w.look(k, known)
		if err != nil {
			w.log.Warn("the state of an interface could not be read; what was last known stands", "error", err)
		}
		pace.passed(time.Now(), false)
		pace.wait(ctx, w.again, changes.poke, err != nil)
	}
	return nil
}

// look reads every watched interface and publishes what is new.
func (w *Watcher) look(k *kernel, known map[string]vrrp.LinkState) error {
	w.mu.Lock()
	names, virtual, fresh := w.names, w.virtual, w.fresh
	w.fresh = false
	w.mu.Unlock()
	if fresh {
		clear(known)
	}
	var errs []error
	for _, name := range names {
		state, err := linkState(k, name, virtual)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if was, ok := known[name]; !ok || was != state {
			known[name] = state
			w.publish(state)
		}
	}
	return errors.Join(errs...)
}

// linkState reads one interface.
func linkState(k *kernel, name string, virtual map[netip.Addr]bool) (vrrp.LinkState, error) {
	state := vrrp.LinkState{Name: name}
	dev, err := k.device(name)
	if err == nil {
		var addrs []held
		addrs, err = k.addresses(dev.index)
		state.Exists, state.Up = true, dev.up
		state.Primary = primary(addrs, virtual)
		if own := ownAddresses(addrs, nil)[dev.index].prefix.Addr(); virtual[own] {
			state.Owned = own
		}
	}
	if errors.Is(err, errNoLink) {
		return vrrp.LinkState{Name: name}, nil // gone, perhaps between the two
	}
	return state, err
}

// primary chooses an interface's own IPv4 address (RFC 9568 section 1.7,
// Primary IP Address): the first that is not virtual. An address that came
// with its subnet's first one is taken only if there is no other: it is likely
// to be a virtual address of somebody else.
func primary(addrs []held, virtual map[netip.Addr]bool) netip.Addr {
	var second netip.Addr
	for _, a := range addrs {
		ip := a.prefix.Addr()
		switch {
		case !ip.Is4() || a.marked || virtual[ip]:
		case !a.secondary:
			return ip
		case !second.IsValid():
			second = ip
		}
	}
	return second
}
