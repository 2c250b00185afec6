package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/healthcheck"
)

func tcp(target netip.AddrPort) healthcheck.Spec {
	return healthcheck.Spec{Kind: healthcheck.TCP, Target: target, Timeout: 2 * time.Second}
}

func TestTCP(t *testing.T) {
	open := serve(t, func(c net.Conn) { c.Close() })
	short := tcp(blackhole(t, [4]byte{127, 0, 0, 1}))
	short.Timeout = 50 * time.Millisecond
	foreign := tcp(open)
	foreign.Bind = netip.MustParseAddr("203.0.113.7")
	for _, row := range []struct {
		name   string
		spec   healthcheck.Spec
		want   healthcheck.Reason
		detail string
	}{
		{"a listener", tcp(open), healthcheck.Passed, "connected"},
		{"nobody listens", tcp(refused(t)), healthcheck.Refused, "connect: connection refused"},
		{"no answer", short, healthcheck.TimedOut, "connect: no answer within 50ms"},
		{"a bind address that this host lacks", foreign, healthcheck.LocalError, "bind: cannot assign requested address"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if reason, detail := check(t, row.spec); reason != row.want || detail != row.detail {
				t.Errorf("got %v (%s), want %v (%s)", reason, detail, row.want, row.detail)
			}
		})
	}
}

func TestTCPUnreachable(t *testing.T) {
	emptyNamespace(t, func() {
		reason, detail := check(t, tcp(netip.MustParseAddrPort("192.0.2.1:80")))
		if reason != healthcheck.Unreachable || detail != "connect: network is unreachable" {
			t.Errorf("got %v (%s)", reason, detail)
		}
	})
}

// The server shall see an ordinary end of the connection, from the configured
// address.
func TestTCPClosesCleanly(t *testing.T) {
	type visit struct {
		from netip.Addr
		err  error
	}
	seen := make(chan visit, 1)
	s := tcp(serve(t, func(c net.Conn) {
		defer c.Close()
		_, err := c.Read(make([]byte, 1))
		seen <- visit{c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr(), err}
	}))
	s.Bind = netip.MustParseAddr("127.0.0.9")
	if reason, detail := check(t, s); reason != healthcheck.Passed {
		t.Fatalf("got %v (%s)", reason, detail)
	}
	if v := <-seen; v.err != io.EOF || v.from != s.Bind {
		t.Errorf("the server saw %v from %s, want EOF from %s", v.err, v.from, s.Bind)
	}
}

func TestCancelEndsAnAttempt(t *testing.T) {
	s := tcp(blackhole(t, [4]byte{127, 0, 0, 1}))
	s.Timeout = time.Hour
	for _, kind := range []healthcheck.Kind{healthcheck.TCP, healthcheck.HTTP} {
		s.Kind, s.HTTP = kind, []healthcheck.URL{{Path: "/"}}
		c, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan healthcheck.Reason)
		go func() {
			reason, _ := c.Check(ctx)
			ended <- reason
		}()
		cancel()
		if reason := <-ended; reason == healthcheck.Passed {
			t.Errorf("%s passed", kind)
		}
	}
}

func TestReasonOf(t *testing.T) {
	call := func(errno syscall.Errno) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
	}
	for _, row := range []struct {
		err  error
		want healthcheck.Reason
	}{
		{call(syscall.ECONNREFUSED), healthcheck.Refused},
		{call(syscall.EHOSTUNREACH), healthcheck.Unreachable},
		{call(syscall.ENETUNREACH), healthcheck.Unreachable},
		{call(syscall.ENOPROTOOPT), healthcheck.Unreachable},
		{call(syscall.ETIMEDOUT), healthcheck.TimedOut},
		{call(syscall.ECONNRESET), healthcheck.Reset},
		{call(syscall.EPIPE), healthcheck.Reset},
		{call(syscall.EMFILE), healthcheck.LocalError},
		{call(syscall.EADDRNOTAVAIL), healthcheck.LocalError},
		{call(syscall.EPERM), healthcheck.LocalError},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), healthcheck.TimedOut},
		{context.DeadlineExceeded, healthcheck.TimedOut},
		{context.Canceled, healthcheck.LocalError},
		{errors.New("malformed"), healthcheck.BadReply},
	} {
		if got := reasonOf(row.err); got != row.want {
			t.Errorf("%v: %v, want %v", row.err, got, row.want)
		}
	}
}

func TestTextIsShortAndClean(t *testing.T) {
	got := text(errors.New("malformed \x1b[2J\n" + strings.Repeat("x", 1<<16)))
	if len(got) > 130 || strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("got %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	target := netip.MustParseAddrPort("192.0.2.1:80")
	get := func(u healthcheck.URL) healthcheck.Spec {
		return healthcheck.Spec{Kind: healthcheck.HTTP, Target: target, HTTP: []healthcheck.URL{u}}
	}
	for name, s := range map[string]healthcheck.Spec{
		"an unknown kind":            {Kind: "ESP_CHECK", Target: target},
		"no target":                  {Kind: healthcheck.TCP},
		"no port":                    {Kind: healthcheck.TCP, Target: netip.MustParseAddrPort("192.0.2.1:0")},
		"a bind of the other family": {Kind: healthcheck.TCP, Target: target, Bind: netip.MustParseAddr("2001:db8::1")},
		"no url":                     {Kind: healthcheck.HTTP, Target: target},
		"no path":                    get(healthcheck.URL{}),
		"a path with a line break":   get(healthcheck.URL{Path: "/ HTTP/1.0\r\nX: y"}),
		"a host with a line break":   get(healthcheck.URL{Path: "/", VirtualHost: "a\nb"}),
		"a digest too short":         get(healthcheck.URL{Path: "/", Digest: "abcd"}),
		"a digest not hexadecimal":   get(healthcheck.URL{Path: "/", Digest: strings.Repeat("x", 32)}),
	} {
		if c, err := New(s); err == nil {
			t.Errorf("%s: made %#v", name, c)
		}
	}
}
