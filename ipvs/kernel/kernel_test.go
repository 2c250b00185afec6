package kernel

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	moby "github.com/moby/ipvs"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

func TestConformance(t *testing.T) {
	ipvstest.Conformance(t, func(t *testing.T) ipvs.Kernel { return open(t) })
}

func TestConformanceOfDrift(t *testing.T) {
	ipvstest.ConformanceOfDrift(t, func(t *testing.T) ipvs.Kernel { return open(t) })
}

func TestConformanceOfMixedFamilies(t *testing.T) { ipvstest.ConformanceOfMixedFamilies(t, open(t)) }

// Without IPVS the library that everybody uses reports success for whatever it
// is asked, so nothing would ever say that no packet is balanced.
func TestOpenWithoutIPVS(t *testing.T) {
	namespace(t)
	k, err := Open(t.Context())
	if err == nil {
		_ = k.Close()
		t.Skip("this kernel has IPVS")
	}
	if !errors.Is(err, ipvs.ErrNoIPVS) {
		t.Fatalf("Open: %v, want %v", err, ipvs.ErrNoIPVS)
	}
	t.Logf("Open says: %v", err)

	h, err := moby.New("")
	if err != nil {
		t.Fatalf("the library says it: %v; then our own look is not needed any more", err)
	}
	defer h.Close()
	err = h.NewService(&moby.Service{
		Address: []byte{192, 0, 2, 80}, Protocol: unix.IPPROTO_TCP, Port: 80,
		SchedName: "rr", AddressFamily: unix.AF_INET, Netmask: 0xffffffff,
	})
	if err != nil {
		t.Errorf("the library says it: %v; then our own look is not needed any more", err)
	}
}

// What is written reads back as it was meant, from any table to any other.
func TestRandomTablesRoundTrip(t *testing.T) {
	k := open(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		want := ipvstest.RandomTable(rng)
		have, err := k.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ops := ipvs.Diff(have, want)
		for i, err := range k.Apply(t.Context(), ops) {
			if err != nil {
				t.Errorf("round %d: %s (%+v): %v", round, ops[i], ops[i], err)
			}
		}
		have, err = k.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left := ipvs.Diff(have, want); len(left) != 0 {
			t.Fatalf("round %d: still to do after %d operations: %+v\n%s", round, len(ops), left,
				cmp.Diff(want.Normal(), have, cmpopts.EquateComparable(netip.AddrPort{})))
		}
	}
}

func TestConformanceOfTimeouts(t *testing.T) { ipvstest.ConformanceOfTimeouts(t, open(t)) }

func TestConformanceOfDaemons(t *testing.T) {
	k := open(t)
	link := &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}}
	if err := netlink.LinkAdd(link); err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		t.Fatal(err)
	}
	ipvstest.ConformanceOfDaemons(t, k)
}

// A daemon that is stopped before its thread first ran is stopped without an
// acknowledgement, for which others wait for ever.
func TestStopDaemonAtOnce(t *testing.T) {
	k := open(t)
	d := ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "lo", SyncID: 7}
	begun := time.Now()
	for range 20 {
		if err := k.StartDaemon(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if err := k.StopDaemon(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took > wait {
		t.Errorf("20 starts and stops took %s: one waited for an answer that never came", took)
	}
	if got, err := k.Daemons(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("after the last stop: %v, %v", got, err)
	}
}

// An exchange that is given up leaves its answers in the socket; the next one
// must not take them for its own.
func TestAnExchangeGivenUp(t *testing.T) {
	k := open(t)
	fill := ipvstest.FullTable(300, 3)
	for _, err := range k.Apply(t.Context(), ipvs.Diff(nil, fill)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		// What an exchange leaves whose context ends after the question.
		k.conn.seq++
		question := appendMessage(nil, k.family, unix.NLM_F_DUMP, k.conn.seq, cmdGetService, version, nil)
		if err := k.conn.send(question); err != nil {
			t.Fatal(err)
		}
		k.conn.dirty = true
		got, err := k.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left := ipvs.Diff(got, fill); len(left) != 0 {
			t.Fatalf("%d differences, first %s", len(left), left[0])
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Dump(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("Dump with a context that has ended: %v", err)
	}
	for _, err := range k.Apply(gone, ipvs.Diff(fill, nil)) {
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Apply with a context that has ended: %v", err)
		}
	}
}

// An answer that never comes is not waited for beyond the context.
func TestNoAnswer(t *testing.T) {
	namespace(t)
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	armed, disarm, err := c.arm(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer disarm()
	// A request without the wish for an acknowledgement that succeeds.
	quiet := appendMessage(nil, unix.NLMSG_NOOP, 0, 1, 0, 0, nil)
	err = c.exchange(armed, quiet, func(a answer) (bool, error) { return true, nil })
	if !errors.Is(err, ipvs.ErrNoAnswer) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, ipvs.ErrNoAnswer)
	}
}

// The figures are printed, not judged: machines differ.
func TestSpeed(t *testing.T) {
	k := open(t)
	table := ipvstest.FullTable(1000, 10)
	timed := func(what string, f func()) {
		begun := time.Now()
		f()
		t.Logf("%-40s %s", what, time.Since(begun).Round(100*time.Microsecond))
	}
	apply := func(ops []ipvs.Op) {
		for i, err := range k.Apply(t.Context(), ops) {
			if err != nil {
				t.Fatalf("%s: %v", ops[i], err)
			}
		}
	}
	var ops []ipvs.Op
	timed("diff 1000 services x 10 servers", func() { ops = ipvs.Diff(nil, table) })
	timed(fmt.Sprintf("apply %d operations", len(ops)), func() { apply(ops) })
	timed("read all", func() {
		if _, err := k.Dump(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	timed("read the services alone", func() {
		if _, err := k.Services(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	refused := 0
	timed("apply them again, all refused", func() {
		for _, err := range k.Apply(t.Context(), ops) {
			if errors.Is(err, ipvs.ErrExist) {
				refused++
			}
		}
	})
	if refused != len(ops) {
		t.Errorf("%d of %d operations were refused, want all", refused, len(ops))
	}
	timed("remove all", func() { apply(ipvs.Diff(table, nil)) })
}
