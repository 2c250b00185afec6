package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Host is the real vrrp.Host: it keeps the kernel's addresses as the instances
// wish them, puts back what others remove, and announces them.
//
// Addresses carry tandem's mark (IFA_PROTO 112, Linux 5.18 and later), so that
// a run after a crash knows those of the run before. Those with a lifetime go
// by themselves when no tandem is left to renew it.
type Host struct {
	// OnFight, if set before Run, is told of an address that somebody removes
	// again and again. It is called from Run's goroutine and must not block.
	OnFight func(Fight)

	log   *slog.Logger
	poke  signal
	ended chan struct{} // closed when Run returns

	mu      sync.Mutex // guards the following fields
	inbox   []func(*keeper)
	open    bool                    // more is to come before the inbox is looked at
	waits   []chan<- error          // to be told how the pass after the inbox went
	present map[string][]netip.Addr // by instance, as of the last pass
	repairs map[string]Repairs      // likewise
}

// NewHost returns a Host that acts once Run runs.
func NewHost(log *slog.Logger) *Host {
	return &Host{log: log, poke: newSignal(), ended: make(chan struct{})}
}

// Want states what shall be present for an instance, or absent. What an
// earlier call for the instance listed and this one does not shall be absent,
// too. Absence is carried out once, presence is kept up: an operator may add a
// virtual address by hand to a director that does not hold it.
func (h *Host) Want(instance string, w vrrp.Wish) {
	next := newWish(instance, w)
	h.post(func(k *keeper) { k.want(next) })
}

// Announce sends one burst: every address of the instance repeat times, as
// soon as it is there.
func (h *Host) Announce(instance string, repeat int) {
	h.post(func(k *keeper) { k.burst(instance, repeat) })
}

// Forget drops an instance: its addresses go.
func (h *Host) Forget(instance string) {
	h.post(func(k *keeper) { k.forget(instance) })
}

// Together makes one of the wishes that do states: no pass comes in between.
func (h *Host) Together(do func()) {
	h.setOpen(true)
	do()
	h.setOpen(false)
	h.poke.set()
}

func (h *Host) setOpen(open bool) {
	h.mu.Lock()
	h.open = open
	h.mu.Unlock()
}

// Sweep says that addresses that carry tandem's mark and that nobody wants go
// from here on. Called once, at the start, before any instance is master: a
// director that has just started owns nothing yet, and marks without a wish
// were left by an earlier run.
func (h *Host) Sweep() {
	h.post(func(k *keeper) { k.swept = true })
}

// SetPacing changes how fast announcements leave.
func (h *Host) SetPacing(p vrrp.Pacing) {
	h.post(func(k *keeper) { k.announce.setPacing(p) })
}

// Leave tells the kernel to keep for ever what it holds, for a successor of
// this process, and waits until it does. Addresses that others remove are still
// put back until the end of Run; nothing wished afterwards has a lifetime.
func (h *Host) Leave(ctx context.Context) error {
	h.post(func(k *keeper) { k.leaving = true })
	return h.Flush(ctx)
}

// Repairs tells what others did to the addresses of an instance.
func (h *Host) Repairs(instance string) Repairs {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.repairs[instance]
}

// Present returns which of an instance's addresses the kernel holds, wanted
// or not and whatever their prefix length, in the order of the wish.
func (h *Host) Present(instance string) []netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.present[instance]
}

// Flush waits until the wishes stated before it have been tried and returns
// what could not be carried out. It does not wait for announcements.
func (h *Host) Flush(ctx context.Context) error {
	done := make(chan error, 1)
	h.mu.Lock()
	h.waits = append(h.waits, done)
	h.mu.Unlock()
	h.poke.set()
	select {
	case err := <-done:
		return err
	case <-h.ended:
		return errors.New("wait for virtual addresses: nobody looks after them any more")
	case <-ctx.Done():
		return fmt.Errorf("wait for virtual addresses: %w", context.Cause(ctx))
	}
}

func (h *Host) post(do func(*keeper)) {
	h.mu.Lock()
	h.inbox = append(h.inbox, do)
	h.mu.Unlock()
	h.poke.set()
}

// Run keeps the addresses until the context ends. It leaves them as they are
// then: a stop that shall take them away says so with Want or Forget and waits
// for Flush first.
func (h *Host) Run(ctx context.Context) error {
	defer close(h.ended)
	kern, err := openKernel()
	if err != nil {
		return err
	}
	defer kern.close()
	k := newKeeper(h.log, kern)
	k.busy, k.onFight = h.busy, h.OnFight
	defer k.demote()

	changes := newEvents(h.log, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	changes.heard, changes.filter = k.witness.heard, ownAdditions
	var others sync.WaitGroup
	defer others.Wait()
	others.Go(func() { changes.run(ctx) })
	others.Go(func() { k.announce.run(ctx) })
	k.around.follow.poke = changes.poke
	others.Go(func() { k.around.follow.run(ctx) })

	var pace pace
	for ctx.Err() == nil {
		began := time.Now()
		err := h.pass(k)
		pace.passed(began, time.Now(), k.lost > 0)
		if !k.partly {
			h.wait(ctx, k, &pace, changes.poke, err)
		}
	}
	return nil
}

// wait returns when a pass is needed, and does what is due without one.
func (h *Host) wait(ctx context.Context, k *keeper, pace *pace, event signal, err error) {
	var again time.Time
	if err != nil {
		again = time.Now().Add(retry)
	}
	for {
		// Before the rest: wishes that come in all the time must not keep leases
		// from being renewed.
		now := time.Now()
		if !again.IsZero() && !now.Before(again) || k.expire(now) {
			return
		}
		if !pace.until(ctx, h.poke, event, sooner(again, k.deadline())) {
			return
		}
	}
}

// busy says whether there is something to do that was asked for.
func (h *Host) busy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.inbox) > 0 && !h.open
}

// pass carries out what was posted, and says how it went.
func (h *Host) pass(k *keeper) error {
	h.mu.Lock()
	var inbox []func(*keeper)
	var waits []chan<- error
	if !h.open {
		inbox, waits = h.inbox, h.waits
		h.inbox, h.waits = nil, nil
	}
	h.mu.Unlock()
	for _, do := range inbox {
		do(k)
	}
	err := k.reconcile(time.Now())
	present, repairs := k.present(), maps.Clone(k.repairs)
	h.mu.Lock()
	h.present, h.repairs = present, repairs
	if k.partly {
		h.waits = append(waits, h.waits...) // Not everything has been tried yet.
		waits = nil
	}
	h.mu.Unlock()
	for _, done := range waits {
		done <- err
	}
	return err
}
