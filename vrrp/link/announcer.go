package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// announcer tells the neighbours where addresses are now, on a goroutine of its
// own: neither addresses nor adverts wait for its pace. It keeps one packet
// socket per interface open, which hears nothing.
type announcer struct {
	log  *slog.Logger
	poke signal

	// mu guards the following. It is held while a frame is handed to the kernel,
	// which does not wait: once only has returned, no frame of an address that
	// was called off leaves any more.
	mu    sync.Mutex
	plan  *plan
	conns map[int]int  // packet sockets by interface index
	mute  map[int]bool // interfaces that refused one, already logged
}

func newAnnouncer(log *slog.Logger) *announcer {
	return &announcer{log: log, poke: newSignal(), plan: newPlan(), conns: make(map[int]int), mute: make(map[int]bool)}
}

// turn is how many frames in a row one interface may send while others wait.
const turn = 32

const (
	// full is how long a device queue that is full is given.
	full = 2 * time.Millisecond
	// idle is how long the announcer sleeps when nothing is planned.
	idle = time.Hour
)

// run sends what is planned until the context ends.
func (a *announcer) run(ctx context.Context) {
	defer a.close()
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		now := time.Now()
		at := a.round(now)
		if at.Equal(now) && ctx.Err() == nil {
			continue
		}
		wait := idle
		if !at.IsZero() {
			wait = time.Until(at)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-a.poke:
		case <-timer.C:
		}
	}
}

// round gives each side its turn and returns when the next is due: now, if one
// has more to send; zero, if none has.
func (a *announcer) round(now time.Time) time.Time {
	a.mu.Lock()
	sides := slices.Clone(a.plan.order)
	a.mu.Unlock()
	var next time.Time
	for _, s := range sides {
		if at := a.turn(s, now); next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func (a *announcer) turn(s side, now time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.plan.lines[s]; !ok {
		return time.Time{}
	}
	for range turn {
		j, frame, at := a.plan.next(s, now)
		if j == nil {
			return at
		}
		if err := a.send(s.index, frame); err != nil {
			return a.refused(s, j, now, err)
		}
		if a.mute[s.index] {
			delete(a.mute, s.index)
			a.log.Info("virtual addresses are announced again", "interface", j.dev.name)
		}
		a.plan.sent(s, now)
	}
	_, _, at := a.plan.next(s, now)
	return at
}

// refused decides when to try again what an interface refused.
func (a *announcer) refused(s side, j *job, now time.Time, err error) time.Time {
	pause := retry
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS):
		pause = full // It will have sent some by then.
	case errors.Is(err, unix.ENETDOWN), errors.Is(err, unix.ENXIO):
		// The keeper is about to see that, and asks again when it is back.
	case !a.mute[s.index]:
		a.mute[s.index] = true
		a.log.Warn("virtual addresses are not announced; trying again every second",
			"interface", j.dev.name, "address", j.prefix, "error", err)
	}
	a.plan.refused(s, now.Add(pause))
	return now.Add(pause)
}

// send hands a frame to an interface. It does not wait for a queue that is full.
func (a *announcer) send(index int, frame []byte) error {
	fd, ok := a.conns[index]
	if !ok {
		// Protocol 0: the socket sends whatever the frame says and is never
		// handed a frame.
		var err error
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open a packet socket: %s", err)
		}
		a.conns[index] = fd
	}
	to := &unix.SockaddrLinklayer{Ifindex: index, Halen: 6}
	copy(to.Addr[:], frame[:6])
	return unix.Sendto(fd, frame, 0, to)
}

// announcement is one that the keeper asks for.
type announcement struct {
	target
	times   int
	gateway neighbor // told first; zero: none
}

// add plans announcements, in order.
func (a *announcer) add(list []announcement) {
	if len(list) == 0 {
		return
	}
	routers := make(map[int]bool) // by interface index
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range list {
		router, known := routers[n.index]
		if !known && n.prefix.Addr().Is6() {
			router = forwardsIPv6(n.dev.name)
			routers[n.index] = router
		}
		j := &job{place: n.place, dev: n.dev, base: n.base(), left: n.times}
		var err error
		if j.frame, err = everybody(n.dev, n.prefix.Addr(), router); err != nil {
			continue // Nobody to tell: no Ethernet.
		}
		if n.gateway.mac != nil {
			j.private, _ = privately(n.dev, n.prefix.Addr(), router, n.gateway)
		}
		a.plan.add(j)
	}
	a.poke.set()
}

// only calls off announcements of all other addresses.
func (a *announcer) only(fits func(place) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.plan.only(fits)
}

// resume tries again on interfaces that refused something.
func (a *announcer) resume(index int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.plan.resume(index)
	a.poke.set()
}

// drop forgets an interface that is gone.
func (a *announcer) drop(index int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.plan.drop(index)
	delete(a.mute, index)
	if fd, ok := a.conns[index]; ok {
		unix.Close(fd)
		delete(a.conns, index)
	}
}

func (a *announcer) setPacing(p vrrp.Pacing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.plan.setPacing(p)
	a.poke.set()
}

func (a *announcer) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for index, fd := range a.conns {
		unix.Close(fd)
		delete(a.conns, index)
	}
}
