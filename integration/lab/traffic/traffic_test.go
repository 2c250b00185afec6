package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

// loopback makes sockets on this machine. The whole of 127.0.0.0/8 is local, so
// that an address of its own keeps a test apart from everything else.
type loopback struct {
	net.ListenConfig
	net.Dialer
}

func (l *loopback) DialTCP(ctx context.Context, _, remote netip.AddrPort) (*net.TCPConn, error) {
	c, err := l.DialContext(ctx, "tcp4", remote.String())
	if err != nil {
		return nil, err
	}
	return c.(*net.TCPConn), nil
}

// Do runs fn here: there is no namespace to enter.
func (l *loopback) Do(fn func() error) error { return fn() }

// running returns a loop that runs as long as the test.
func running(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- l.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("the loop ended with %v", err)
		}
	})
	return l
}

// upServer starts a real server on the loopback address and ends it with the
// test.
func upServer(t *testing.T, address string) *Server {
	t.Helper()
	s := &Server{Name: "s1", Net: &loopback{}, Loop: running(t), Addresses: []netip.Addr{netip.MustParseAddr(address)}}
	if err := s.Up(t.Context()); err != nil {
		if errors.Is(err, syscall.EACCES) {
			t.Skipf("port %d is for root: %v", lab.HTTPPort, err)
		}
		t.Fatal(err)
	}
	t.Cleanup(s.Down)
	return s
}

// until waits for a condition that the package's own goroutines bring about.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !met() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in 20 s: %s", what)
		case <-tick.C:
		}
	}
}

func TestServerTellsItsName(t *testing.T) {
	s := upServer(t, "127.77.0.1")
	resp, err := http.Get("http://127.77.0.1" + lab.HealthPath)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK || string(body) != "s1\n" {
		t.Errorf("%d %q, want 200 and the name", resp.StatusCode, body)
	}
	s.Down()
	if err := s.Up(t.Context()); err != nil {
		t.Fatalf("up again: %v", err)
	}
}

func TestTalkersSurviveUntilTheServerGoes(t *testing.T) {
	s := upServer(t, "127.77.0.2")
	echo := []netip.AddrPort{netip.AddrPortFrom(s.Addresses[0], lab.EchoPort)}
	alive, err := StartTalkers(t.Context(), s.Loop, s.Net, echo, 5, Tick)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	until(t, "every talker was answered", func() bool {
		n, waiting := alive.Waiting(start)
		return n == 5 && waiting == 0
	})
	if !slices.Contains(s.Clients(), alive.Clients()[0]) {
		t.Error("the server does not know its client")
	}
	for _, talk := range alive.Stop(time.Minute) {
		if talk.End != Served || talk.Server != "s1" || len(talk.Replies) == 0 {
			t.Errorf("%s, by %q, %d replies; want it served by s1", talk.End, talk.Server, len(talk.Replies))
		}
	}

	dying, err := StartTalkers(t.Context(), s.Loop, s.Net, echo, 5, Tick)
	if err != nil {
		t.Fatal(err)
	}
	s.Down()
	until(t, "every talker died", func() bool {
		n, _ := dying.Waiting(start)
		return n == 0
	})
	for _, talk := range dying.Stop(time.Minute) {
		if talk.End != Closed && talk.End != Reset {
			t.Errorf("%s, want it closed or reset", talk.End)
		}
	}
}

func TestTalkerWithoutAnswersIsStuck(t *testing.T) {
	deaf, err := net.Listen("tcp4", "127.77.0.3:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	target := netip.MustParseAddrPort(deaf.Addr().String())
	talkers, err := StartTalkers(t.Context(), running(t), &loopback{}, []netip.AddrPort{target}, 2, Tick)
	if err != nil {
		t.Fatal(err)
	}
	for _, talk := range talkers.Stop(-1) {
		if talk.End != Stuck {
			t.Errorf("%s, want it stuck", talk.End)
		}
	}
}

func TestSilentSpeakOnce(t *testing.T) {
	s := upServer(t, "127.77.0.4")
	echo := []netip.AddrPort{netip.AddrPortFrom(s.Addresses[0], lab.EchoPort)}
	silent, err := OpenSilent(t.Context(), s.Net, echo, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range silent.Speak(t.Context(), 10*time.Second) {
		if u.Outcome != Served || u.Server != "s1" {
			t.Errorf("%s by %q, want served by s1", u.Outcome, u.Server)
		}
	}
}

func TestNewcomersAreServedRefusedOrStuck(t *testing.T) {
	s := upServer(t, "127.77.0.5")
	full, err := net.Listen("tcp4", "127.77.0.5:0") // Takes a connection and never speaks.
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	open := netip.AddrPortFrom(s.Addresses[0], lab.EchoPort)
	closed := netip.AddrPortFrom(s.Addresses[0], 1)
	dumb := netip.MustParseAddrPort(full.Addr().String())
	want := map[netip.AddrPort]Outcome{open: Served, closed: Refused, dumb: Stuck}
	n, err := StartNewcomers(s.Loop, s.Net.(*loopback), []netip.AddrPort{open, closed, dumb}, Tick, 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "each kind has gone", func() bool {
		seen := map[netip.AddrPort]bool{}
		s.Loop.do(func() {
			for _, a := range n.attempts {
				seen[a.Target] = true
			}
		})
		return len(seen) == len(want)
	})
	for _, a := range n.Stop() {
		if a.Outcome != want[a.Target] || a.Outcome == Served && a.Server != "s1" {
			t.Errorf("%s by %q at %s, want %s", a.Outcome, a.Server, a.Target, want[a.Target])
		}
	}
}

func TestProbeHearsTheService(t *testing.T) {
	s := upServer(t, "127.77.0.6")
	p, err := StartProbe(t.Context(), s.Loop, s.Net, netip.AddrPortFrom(s.Addresses[0], UDPPort))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	until(t, "a reply", func() bool { return p.Last().After(start) })
	if got := p.Stop(); len(got.Replies) == 0 || got.Sent < len(got.Replies) {
		t.Errorf("%d replies to %d probes", len(got.Replies), got.Sent)
	}
}

func TestClassify(t *testing.T) {
	tests := []struct {
		err  error
		want Outcome
	}{
		{nil, Served},
		{syscall.ECONNREFUSED, Refused},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, Reset},
		{syscall.EPIPE, Reset},
		{io.EOF, Closed},
		{syscall.EHOSTUNREACH, Unreachable},
		{os.ErrDeadlineExceeded, Stuck},
		{syscall.ETIMEDOUT, Stuck},
		{context.DeadlineExceeded, Stuck},
		{fmt.Errorf("read: %w", errGarbled), Garbled},
		{errors.New("anything"), Failed},
	}
	for _, tt := range tests {
		t.Run(tt.want.String(), func(t *testing.T) {
			if got := classify(tt.err); got != tt.want {
				t.Errorf("%v is %s, want %s", tt.err, got, tt.want)
			}
		})
	}
}
