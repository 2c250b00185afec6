package link

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// follower pokes when somebody else has changed a route, a rule or the nftables
// table that is tandem's. It subscribes to nothing before there is any: a router
// with a full table has thousands of route events a second.
type follower struct {
	log       *slog.Logger
	poke      signal // what Host.Run waits for
	paths     signal // there are routes or rules now
	wall      signal // there is a table now
	protocols atomic.Pointer[protocols]
	wallMoved atomic.Bool
}

func newFollower(log *slog.Logger) *follower {
	return &follower{log: log, paths: newSignal(), wall: newSignal()}
}

// routes says of which protocols routes are to be followed; none: there are none.
func (f *follower) routes(of protocols) {
	if of != nil {
		f.protocols.Store(&of)
		f.paths.set()
	}
}

// wallChanged reports, once, that the table may have changed.
func (f *follower) wallChanged() bool { return f.wallMoved.Swap(false) }

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() {
		f.subscribe(ctx, f.paths, unix.NETLINK_ROUTE, f.pathMoved,
			unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE)
	})
	both.Go(func() {
		f.subscribe(ctx, f.wall, unix.NETLINK_NETFILTER, func(m message) bool {
			concerned := firewallConcerned(m.kind, m.data)
			if concerned {
				f.wallMoved.Store(true)
			}
			return concerned
		}, unix.NFNLGRP_NFTABLES)
	})
	both.Wait()
}

// message is a notification: its type, its flags and what follows the header.
type message struct {
	kind, flags uint16
	data        []byte
}

// pathMoved reports whether a route or rule of ours may be gone: one of its
// protocol was deleted, or any was replaced.
func (f *follower) pathMoved(m message) bool {
	switch m.kind {
	case unix.RTM_DELRULE:
		return true
	case unix.RTM_NEWROUTE:
		return m.flags&unix.NLM_F_REPLACE != 0
	case unix.RTM_DELROUTE:
		of := f.protocols.Load()
		return of != nil && len(m.data) >= unix.SizeofRtMsg && (*of)[m.data[5]]
	}
	return false
}

// subscribe waits until it is needed, then pokes at every message that matters.
func (f *follower) subscribe(ctx context.Context, needed signal, family int, matters func(message) bool, groups ...uint) {
	select {
	case <-ctx.Done():
		return
	case <-needed:
	}
	said := false
	for ctx.Err() == nil {
		err := f.receive(ctx, family, matters, groups)
		if ctx.Err() == nil && !said {
			said = true
			f.log.Warn("changes that others make to routes or to nftables are not noticed at once", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retry):
			f.poke.set()
		}
	}
}

func (f *follower) receive(ctx context.Context, family int, matters func(message) bool, groups []uint) error {
	s, err := nl.Subscribe(family, groups...)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.Close)
	defer func() {
		if stop() {
			s.Close()
		}
	}()
	f.wallMoved.Store(true) // for what happened before
	f.poke.set()
	for {
		messages, _, err := s.Receive()
		switch {
		case errors.Is(err, unix.ENOBUFS): // events were lost, which is an event
			f.wallMoved.Store(true)
			f.poke.set()
			continue
		case err != nil:
			return err
		}
		for _, m := range messages {
			if matters(message{m.Header.Type, m.Header.Flags, m.Data}) {
				f.poke.set()
			}
		}
	}
}
