package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// retry is how long anything at this edge waits before it tries again what
// the kernel refused, when no event told it earlier.
const retry = time.Second

// events pokes its owner when links or addresses may have changed. What
// changed is not said: the owner reads the kernel anew, so that a lost or
// merged event costs nothing.
type events struct {
	log    *slog.Logger
	groups []uint
	poke   signal

	heard  func(syscall.NetlinkMessage) // told each event before the poke; may be nil
	filter []unix.SockFilter            // see ownRenewals
}

func newEvents(log *slog.Logger, groups ...uint) *events {
	return &events{log: log, groups: groups, poke: newSignal(), filter: ownRenewals}
}

// run subscribes until the context ends. Without a subscription it pokes every
// second, so that its owner polls.
func (e *events) run(ctx context.Context) {
	polling := false
	for {
		err := e.subscribe(ctx, func() {
			if polling {
				e.log.Info("kernel events are back")
			}
			polling = false
		})
		if ctx.Err() != nil {
			return
		}
		if !polling {
			e.log.Warn("no kernel events; reading the state of interfaces every second instead", "error", err)
		}
		polling = true
		e.poke.set()
		select {
		case <-ctx.Done():
			return
		case <-time.After(retry):
		}
	}
}

// subscribe pokes once when the subscription stands, for what happened before
// it, and then at each message.
func (e *events) subscribe(ctx context.Context, standing func()) error {
	s, err := nl.Subscribe(unix.NETLINK_ROUTE, e.groups...)
	if err != nil {
		return fmt.Errorf("subscribe to link and address events: %w", err)
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer func() {
		if stop() {
			s.Close()
		}
	}()
	// Without it there are more events than need be, and nothing else changes.
	_ = unix.SetsockoptSockFprog(s.GetFd(), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(e.filter)), Filter: &e.filter[0]})
	standing()
	e.poke.set()
	for {
		msgs, _, err := s.Receive()
		// ENOBUFS: events were lost, which is an event too.
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("read link and address events: %w", err)
		}
		if e.heard != nil {
			for _, m := range msgs {
				e.heard(m)
			}
		}
		e.poke.set()
	}
}

// signal tells a goroutine to look again. Setting it twice is setting it once.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
