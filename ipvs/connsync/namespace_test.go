package connsync_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// space is a network namespace with a thread of its own, in which do runs.
type space struct {
	t      *testing.T
	work   chan func()
	handle netns.NsHandle
	kernel *kernel.Kernel
}

// newSpace makes a namespace with lo up and IPVS in it.
func newSpace(t *testing.T) *space {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	s := &space{t: t, work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // Never unlocked: the thread ends with the namespace.
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			s.handle, err = netns.Get()
		}
		ready <- err
		for f := range s.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	t.Cleanup(func() { close(s.work); _ = s.handle.Close() })
	s.do(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		return netlink.LinkSetUp(lo)
	})
	s.do(func() (err error) { s.kernel, err = kernel.Open(t.Context()); return err })
	t.Cleanup(func() { _ = s.kernel.Close() })
	return s
}

// do runs f on the namespace's thread.
func (s *space) do(f func() error) {
	s.t.Helper()
	done := make(chan error)
	s.work <- func() { done <- f() }
	err := <-done
	if errors.Is(err, ipvs.ErrNoIPVS) {
		s.t.Skipf("%v; make test runs this in the test kernel", err)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// sync runs a Syncer in the namespace until the test ends.
func (s *space) sync(c connsync.Config) *connsync.Syncer {
	s.t.Helper()
	log := slog.New(slog.NewTextHandler(s.t.Output(), nil))
	syncer := connsync.New(s.kernel, log, connsync.Options{Epoch: s.kernel.Epoch(), Full: 50 * time.Millisecond})
	syncer.Want(&c)
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(s.handle); err != nil {
			done <- err
			return
		}
		done <- syncer.Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("Run: %v", err)
		}
	})
	until(s.t, "both daemons run", func() bool {
		st := syncer.Status()
		return len(st.Daemons) == 2 && st.Settings.Period == c.Settings.Period
	})
	return syncer
}

// connections is the namespace's connection table as text.
func (s *space) connections() (text string) {
	s.t.Helper()
	s.do(func() error {
		b, err := os.ReadFile("/proc/thread-self/net/ip_vs_conn")
		text = string(b)
		return err
	})
	return text
}

// knows says whether the namespace has a connection from the port, in the
// hexadecimal of the table.
func (s *space) knows(port uint16) bool {
	return strings.Contains(s.connections(), fmt.Sprintf(" 0A090001 %04X ", port))
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for begun := time.Now(); !ok(); runtime.Gosched() {
		if time.Since(begun) > 15*time.Second {
			t.Fatalf("after 15 s still not: %s", what)
		}
	}
}
