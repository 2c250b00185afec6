package wire

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// private names the variable that says that the process is in a network
// namespace of its own.
const private = "TANDEM_WIRE_TEST_NAMESPACE"

// TestMain moves the tests into a new network namespace: as root the process
// replaces itself, so that all of its threads are in there.
func TestMain(m *testing.M) {
	if os.Geteuid() == 0 && os.Getenv(private) == "" {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err == nil {
			err = unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), private+"=1"))
			fmt.Fprintln(os.Stderr, "run the tests in a new network namespace:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// longWait bounds every wait for something that is to happen.
const longWait = 20 * time.Second

// link is a veth: our end, and the far one in a namespace of its own.
type link struct {
	near, far string
	ns        netns.NsHandle
}

var links atomic.Int32

func newLink(t *testing.T, near, far string) *link {
	t.Helper()
	if os.Getenv(private) == "" {
		t.Skip("needs root and the right to make a network namespace")
	}
	n := links.Add(1)
	l := &link{near: fmt.Sprintf("near%d", n), far: fmt.Sprintf("far%d", n)}
	made := make(chan netns.NsHandle)
	go func() {
		runtime.LockOSThread() // and left to die: no other goroutine runs in there
		ns, err := netns.New()
		if err != nil {
			t.Errorf("make a network namespace: %v", err)
		}
		made <- ns
	}()
	l.ns = <-made
	attrs := netlink.NewLinkAttrs()
	attrs.Name = l.near
	must(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: l.far, PeerNamespace: netlink.NsFd(l.ns)}))
	prepare(t, l.near, near)
	l.over(t, func() { prepare(t, l.far, far) })
	t.Cleanup(func() {
		if dev, err := netlink.LinkByName(l.near); err == nil {
			must(t, netlink.LinkDel(dev))
		}
		l.ns.Close()
	})
	return l
}

// prepare gives an interface an address and sets it up.
func prepare(t *testing.T, name, address string) {
	t.Helper()
	for _, dev := range []string{"lo", name} {
		d, err := netlink.LinkByName(dev)
		must(t, err)
		must(t, netlink.LinkSetUp(d))
	}
	dev, err := netlink.LinkByName(name)
	must(t, err)
	a, err := netlink.ParseAddr(address)
	must(t, err)
	a.Flags = unix.IFA_F_NODAD
	must(t, netlink.AddrAdd(dev, a))
}

// over runs f in the far namespace. Everything that is opened there belongs to
// it for good.
func (l *link) over(t *testing.T, f func()) {
	t.Helper()
	done, finished := make(chan struct{}), false
	go func() {
		defer close(done)
		runtime.LockOSThread() // and left to die
		if err := netns.Set(l.ns); err != nil {
			t.Errorf("enter the far namespace: %v", err)
			return
		}
		f()
		finished = true
	}()
	if <-done; !finished {
		t.FailNow()
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// told is what was published.
type told struct {
	name   string
	up     bool
	detail string
}

// speaking is a Wire that runs as long as the test.
type speaking struct {
	*Wire
	t    *testing.T
	told chan told
	stop func()
}

func speak(t *testing.T, sessions ...bfd.Config) *speaking {
	t.Helper()
	s := &speaking{t: t, told: make(chan told, 100)}
	s.Wire = New(slog.New(slog.NewTextHandler(t.Output(), nil)), func(name string, up bool, detail string) {
		s.told <- told{name, up, detail}
	})
	s.Set(sessions)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	s.stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(s.stop)
	return s
}

// await waits until a session is up, or is not.
func (s *speaking) await(what string, up bool) told {
	s.t.Helper()
	timeout := time.NewTimer(longWait)
	defer timeout.Stop()
	for {
		select {
		case got := <-s.told:
			if got.up == up {
				return got
			}
		case <-timeout.C:
			s.t.Fatalf("%s: it is not told that up is %v; dropped %v", what, up, s.Drops())
		}
	}
}

// daemon is a program that runs at the far end until the test ends.
type daemon struct {
	cmd   *exec.Cmd
	ended bool
}

func (l *link) daemon(t *testing.T, output io.Writer, path string, args ...string) *daemon {
	t.Helper()
	path, err := exec.LookPath(path)
	if err != nil {
		t.Skip(filepath.Base(path), "is not installed")
	}
	d := &daemon{cmd: exec.Command(path, args...)}
	d.cmd.Stdout, d.cmd.Stderr = output, output
	d.cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	l.over(t, func() { must(t, d.cmd.Start()) })
	t.Cleanup(func() { d.end(unix.SIGTERM) })
	return d
}

// end sends a signal to the program and what it has started, and waits for it.
func (d *daemon) end(s unix.Signal) {
	if d.ended {
		return
	}
	d.ended = true
	unix.Kill(-d.cmd.Process.Pid, s)
	d.cmd.Wait()
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// with is a session of ours with a neighbor.
func with(name, neighbor string) bfd.Config {
	c := bfd.Defaults
	c.Name, c.Neighbor = name, addr(neighbor)
	c.MinRx, c.MinTx, c.Multiplier = 100*time.Millisecond, 100*time.Millisecond, 5
	return c
}
