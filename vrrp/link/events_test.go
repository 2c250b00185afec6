package link

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"
)

// Without a subscription the owner is poked every second, and events count
// again as soon as they can be had.
func TestEventsFallBackToPolling(t *testing.T) {
	needNamespace(t)
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	none := limit
	none.Cur = 3
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none)) // no file can be opened
	restore := func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) }
	defer restore()

	e := newEvents(testLog(t), unix.RTNLGRP_LINK)
	start(t, func(ctx context.Context) error { e.run(ctx); return nil })
	any := func(struct{}) bool { return true }
	within(t, e.poke, "a first look", any)
	within(t, e.poke, "another look", any)
	restore()
	within(t, e.poke, "the look at the start of the subscription", any)
	p := newPair(t, "", "")
	setUp(t, p.near, false)
	within(t, e.poke, "an event", any)
}
