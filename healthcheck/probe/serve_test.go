package probe

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/healthcheck"
)

// serve accepts on loopback until the test ends and hands every connection to
// talk, which owns it.
func serve(t *testing.T, talk func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go talk(conn)
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// refused is a port of loopback where nobody listens.
func refused(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// blackhole is a listener at an address whose backlog is full: the kernel drops every SYN.
func blackhole(t testing.TB, at [4]byte) netip.AddrPort {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: at}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	target := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*syscall.SockaddrInet4).Port))
	for range 10 {
		conn, err := net.DialTimeout("tcp", target.String(), 100*time.Millisecond)
		if err != nil {
			return target
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the backlog does not fill")
	return target
}

// emptyNamespace runs f in a network namespace of its own in which nothing is
// up. It vanishes with its thread.
func emptyNamespace(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a network namespace needs root")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("make a network namespace: %v", err)
	}
}

// check builds the checker of a spec and makes one attempt.
func check(t *testing.T, s healthcheck.Spec) (healthcheck.Reason, string) {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	reason, detail := c.Check(t.Context())
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	return reason, detail
}

// request takes a request in: its lines, without the empty one at the end.
func readRequest(conn net.Conn) ([]string, error) {
	r := bufio.NewReader(conn)
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return lines, err
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			return lines, nil
		}
		lines = append(lines, line)
	}
}

// says is a server that answers every request with a text and closes.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		if _, err := readRequest(conn); err == nil {
			io.WriteString(conn, text)
		}
	}
}

// repeats is a server that says head once, then part for ever, with a pause
// after each; it stops when the other end is gone.
func repeats(head, part string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		if _, err := readRequest(conn); err != nil {
			return
		}
		tick := time.NewTicker(max(pause, time.Nanosecond))
		defer tick.Stop()
		_, err := io.WriteString(conn, head)
		for err == nil {
			_, err = io.WriteString(conn, part)
			if pause > 0 {
				<-tick.C
			}
		}
	}
}
