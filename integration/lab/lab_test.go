package lab

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestMain(m *testing.M) { Main(m) }

// keepalived is the director of these tests: its output on standard error, its
// processes without a daemon's detachment, no core files.
const keepalived = "keepalived --dont-fork --log-console --log-detail -f {conf}"

func newLab(t *testing.T, o Options) *Lab {
	t.Helper()
	Require(t)
	o.Log = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	l, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// eventually waits for a condition of processes that no event tells us about.
func eventually(t *testing.T, what string, condition func() (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := condition()
		if ok && err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s: %v", what, err)
		}
	}
}

// owners returns which directors have an address.
func owners(l *Lab, a netip.Addr) (string, error) {
	var names []string
	for _, d := range []Director{A, B} {
		has, err := l.Director(d).HasAddress(a)
		if err != nil {
			return "", err
		}
		if has {
			names = append(names, d.String())
		}
	}
	return strings.Join(names, "+"), nil
}

func waitOwners(t *testing.T, l *Lab, a netip.Addr, want string) {
	t.Helper()
	start := time.Now()
	eventually(t, fmt.Sprintf("%s is owned by %q", a, want), func() (bool, error) {
		got, err := owners(l, a)
		if err == nil && got != want {
			err = fmt.Errorf("owned by %q", got)
		}
		return got == want, err
	})
	t.Logf("%s is owned by %q after %d ms", a, want, time.Since(start).Milliseconds())
}

// startKeepalived starts a director pair with Debian's keepalived.
func startKeepalived(t *testing.T, l *Lab, o ConfigOptions) {
	t.Helper()
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("no keepalived: apt-get install keepalived")
	}
	for _, d := range []Director{A, B} {
		startDirector(t, l, d, o)
	}
}

func startDirector(t *testing.T, l *Lab, d Director, o ConfigOptions) {
	t.Helper()
	text, err := l.Plan().Config(d, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteConfig(d, text); err != nil {
		t.Fatal(err)
	}
	if _, err := l.StartDirector(t.Context(), d, keepalived, &output{t: t, prefix: d.String()}); err != nil {
		t.Fatal(err)
	}
}

// output keeps what a director said and shows it where the test fails.
type output struct {
	t      *testing.T
	prefix string
	mu     sync.Mutex // guards all following fields.
	text   strings.Builder
	shown  bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.shown {
		o.shown = true
		o.t.Cleanup(func() {
			if o.t.Failed() {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.t.Logf("director %s said:\n%s", o.prefix, o.text.String())
			}
		})
	}
	return o.text.Write(p)
}

// serveHTTP answers every request at every real server with the server's name.
func serveHTTP(t *testing.T, l *Lab) {
	t.Helper()
	for i := range l.Plan().Servers {
		h := l.Server(i)
		for _, port := range []int{HTTPPort, EchoPort} {
			listener, err := h.Listen(t.Context(), "tcp", fmt.Sprintf("0.0.0.0:%d", port))
			if err != nil {
				t.Fatal(err)
			}
			s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, h.Name)
			})}
			go func() { _ = s.Serve(listener) }()
			t.Cleanup(func() { _ = s.Close() })
		}
	}
}

// get asks an address for its page as the lab's client.
func get(ctx context.Context, l *Lab, at netip.Addr) (string, error) {
	conn, err := l.Client().DialTCP(ctx, netip.AddrPort{}, netip.AddrPortFrom(at, HTTPPort))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(conn)
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return body, err
}

// waitPage waits until the client gets a page.
func waitPage(t *testing.T, l *Lab, at netip.Addr) {
	t.Helper()
	eventually(t, fmt.Sprintf("a page from %s", at), func() (bool, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		page, err := get(ctx, l, at)
		return page != "", err
	})
}

func TestPair(t *testing.T) {
	for _, mode := range []Mode{DR, NAT, TUN} {
		t.Run(mode.String(), func(t *testing.T) {
			start := time.Now()
			l := newLab(t, Options{Mode: mode})
			t.Logf("lab built in %d ms", time.Since(start).Milliseconds())
			serveHTTP(t, l)
			start = time.Now()
			startKeepalived(t, l, ConfigOptions{AdvertInt: 200 * time.Millisecond})
			t.Logf("directors started in %d ms", time.Since(start).Milliseconds())
			vip := l.Plan().VIPs[0]
			waitOwners(t, l, vip, "a")
			waitPage(t, l, vip)
			services, err := l.Director(A).IPVS()
			t.Log(services, err)
			conns, err := l.Director(A).Connections()
			t.Log(conns, err)
			if mode != DR {
				return
			}
			if err := l.Partition(true); err != nil {
				t.Fatal(err)
			}
			waitOwners(t, l, vip, "a+b")
			if err := l.Partition(false); err != nil {
				t.Fatal(err)
			}
			waitOwners(t, l, vip, "a")
			if err := l.PowerLoss(A); err != nil {
				t.Fatal(err)
			}
			waitOwners(t, l, vip, "b")
			waitPage(t, l, vip)
			if err := l.Revive(t.Context(), A); err != nil {
				t.Fatal(err)
			}
			startDirector(t, l, A, ConfigOptions{AdvertInt: 200 * time.Millisecond})
			waitOwners(t, l, vip, "a")
			waitPage(t, l, vip)
			start = time.Now()
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("lab closed in %d ms", time.Since(start).Milliseconds())
		})
	}
}
