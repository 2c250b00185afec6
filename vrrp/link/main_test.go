package link

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// private names the variable that says that the process is in a network
// namespace of its own.
const private = "TANDEM_LINK_TEST_NAMESPACE"

// TestMain moves the tests into a new network namespace: as root the process
// replaces itself, so that all of its threads are in there, and nothing of the
// host's network is touched. The code under test then runs as in production,
// in the namespace of its process.
func TestMain(m *testing.M) {
	if os.Geteuid() == 0 && os.Getenv(private) == "" {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err == nil {
			err = unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), private+"=1"))
			fmt.Fprintln(os.Stderr, "run the tests in a new network namespace:", err)
			os.Exit(1)
		}
	}
	if order := os.Getenv(holds); order != "" {
		hold(order)
	}
	os.Exit(m.Run())
}

// needNamespace skips tests of the kernel where there is no private one.
func needNamespace(t testing.TB) {
	t.Helper()
	if os.Getenv(private) == "" {
		t.Skip("needs root and the right to make a network namespace")
	}
}

// longWait bounds every wait for a condition.
const longWait = 10 * time.Second

// pair is a link between the code under test and another host: two ends of a
// veth, the far one in a namespace of its own.
type pair struct {
	near string // our end
	far  string
	ns   netns.NsHandle // where the far end is
}

var pairs atomic.Int32

// newPair makes a link with both ends up. The addresses are given to the near
// and the far end; empty: none.
func newPair(t testing.TB, nearAddr, farAddr string) *pair {
	t.Helper()
	needNamespace(t)
	n := pairs.Add(1)
	p := &pair{near: fmt.Sprintf("near%d", n), far: fmt.Sprintf("far%d", n)}
	p.ns = newNamespace(t)
	p.make(t)
	if nearAddr != "" {
		addAddress(t, p.near, nearAddr)
	}
	if farAddr != "" {
		p.over(t, func() { addAddress(t, p.far, farAddr) })
	}
	t.Cleanup(func() { p.unmake(t) })
	return p
}

// unmake deletes both ends, if they are there.
func (p *pair) unmake(t testing.TB) {
	t.Helper()
	if l, err := netlink.LinkByName(p.near); err == nil {
		must(t, netlink.LinkDel(l))
	}
}

// make creates the two ends.
func (p *pair) make(t testing.TB) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = p.near
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: p.far, PeerNamespace: netlink.NsFd(p.ns)}
	must(t, netlink.LinkAdd(veth))
	setUp(t, p.near, true)
	p.over(t, func() { setUp(t, p.far, true) })
	p.awaitCarrier(t)
}

// awaitCarrier waits until both ends pass traffic, which takes the kernel a
// moment after they are set up.
func (p *pair) awaitCarrier(t testing.TB) {
	t.Helper()
	up := func(dev string) bool { return mustLink(t, dev).Attrs().OperState == netlink.OperUp }
	waitKernel(t, "carrier of "+p.near, func() bool { return up(p.near) })
	p.over(t, func() {
		waitKernel(t, "carrier of "+p.far, func() bool { return up(p.far) })
	})
}

// over runs f in the far namespace. Everything that is opened there belongs to
// it for good.
func (p *pair) over(t testing.TB, f func()) {
	t.Helper()
	done, finished := make(chan struct{}), false
	go func() {
		defer close(done)
		// The thread is not unlocked: it dies with the goroutine, so that no
		// other one ever runs in the wrong namespace.
		runtime.LockOSThread()
		if err := netns.Set(p.ns); err != nil {
			t.Errorf("enter the far namespace: %v", err)
			return
		}
		f()
		finished = true
	}()
	if <-done; !finished {
		t.FailNow() // for f, which could only end its own goroutine
	}
}

// newNamespace makes an anonymous namespace with lo up.
func newNamespace(t testing.TB) netns.NsHandle {
	t.Helper()
	made := make(chan netns.NsHandle)
	go func() {
		runtime.LockOSThread() // and left to die, as above
		ns, err := netns.New()
		if err != nil {
			t.Errorf("make a network namespace: %v", err)
		}
		made <- ns
	}()
	ns := <-made
	t.Cleanup(func() { ns.Close() })
	return ns
}

// waitKernel waits until the condition holds, which it tries again at every
// event of links and addresses.
func waitKernel(t testing.TB, what string, holds func() bool) {
	t.Helper()
	done := make(chan struct{})
	defer close(done)
	addrs, links := make(chan netlink.AddrUpdate, 8192), make(chan netlink.LinkUpdate, 1024)
	must(t, netlink.AddrSubscribe(addrs, done))
	must(t, netlink.LinkSubscribe(links, done))
	deadline := time.After(longWait)
	for !holds() {
		select {
		case <-addrs:
		case <-links:
		case <-deadline:
			t.Fatalf("waited %s for %s", longWait, what)
		}
	}
}

// eventually waits for a condition that nothing announces.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(longWait)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited %s for %s", longWait, what)
		}
	}
}

// on lists the IPv4 addresses of an interface as "10.0.0.1/24".
func on(t testing.TB, dev string) []string {
	t.Helper()
	list, err := netlink.AddrList(mustLink(t, dev), netlink.FAMILY_V4)
	must(t, err)
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.IPNet.String()
	}
	return names
}

func addAddress(t testing.TB, dev, cidr string) {
	t.Helper()
	must(t, netlink.AddrAdd(mustLink(t, dev), mustAddr(t, cidr)))
}

func delAddress(t testing.TB, dev, cidr string) {
	t.Helper()
	must(t, netlink.AddrDel(mustLink(t, dev), mustAddr(t, cidr)))
}

func setUp(t testing.TB, dev string, up bool) {
	t.Helper()
	if up {
		must(t, netlink.LinkSetUp(mustLink(t, dev)))
	} else {
		must(t, netlink.LinkSetDown(mustLink(t, dev)))
	}
}

func mustLink(t testing.TB, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	return l
}

func mustAddr(t testing.TB, cidr string) *netlink.Addr {
	t.Helper()
	a, err := netlink.ParseAddr(cidr)
	must(t, err)
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs an edge until the test ends, and waits for its end.
func start(t testing.TB, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// testLog writes to the test's output.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// logTo keeps the log for the test to read once its writer has ended.
func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// within receives the first value that fits.
func within[T any](t testing.TB, c <-chan T, what string, fits func(T) bool) T {
	t.Helper()
	deadline := time.After(longWait)
	for {
		select {
		case v := <-c:
			if fits(v) {
				return v
			}
		case <-deadline:
			t.Fatalf("waited %s for %s", longWait, what)
		}
	}
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// wishFor wishes for addresses alone, for ever.
func wishFor(h *Host, instance, iface string, addrs []vrrp.Address, present bool) {
	h.Want(instance, vrrp.Wish{Interface: iface, Addresses: addrs, Present: present})
}
