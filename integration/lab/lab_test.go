package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// holderEnv makes the test binary a program that holds a lab, for a test that
// kills it.
const holderEnv = "LAB_TEST_HOLDER"

func TestMain(m *testing.M) {
	MaybeInit()
	if os.Getenv(holderEnv) != "" {
		fmt.Println(holdLab())
		os.Exit(1)
	}
	Main(m)
}

// newLab builds a lab for a test that needs namespaces and no IPVS.
func newLab(t *testing.T, o Options) *Lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
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

// eventually waits for a condition that no event tells us about.
func eventually(t *testing.T, what string, condition func() (bool, error)) {
	t.Helper()
	start := time.Now()
	limit := time.After(30 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := condition()
		if ok && err == nil {
			t.Logf("%s: after %d ms", what, time.Since(start).Milliseconds())
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: not within 30 s: %v", what, err)
		}
	}
}

// serve answers every request at every real server with the server's name.
func serve(t *testing.T, l *Lab) {
	t.Helper()
	for i := range l.Plan().Servers {
		h := l.Server(i)
		for _, port := range []int{HTTPPort, EchoPort} {
			listener, err := h.Listen(t.Context(), "tcp", fmt.Sprintf(":%d", port))
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

// get asks an address for its page as a host of the lab.
func get(ctx context.Context, h *Host, at netip.Addr) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := h.DialTCP(ctx, netip.AddrPort{}, netip.AddrPortFrom(at, HTTPPort))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
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
		page, err := get(t.Context(), l.Client(), at)
		return page != "", err
	})
}

func TestTopology(t *testing.T) {
	for _, mode := range []Mode{DR, NAT, All} {
		t.Run(mode.String(), func(t *testing.T) {
			l := newLab(t, Options{Mode: mode})
			serve(t, l)
			p := l.Plan()
			from := map[string]*Host{"a": l.Director(A), "b": l.Director(B), "witness": l.Witness()}
			if mode == DR {
				// In NAT mode the way back is the gateway, which nobody has.
				from["client"], from["router"] = l.Client(), l.Router()
			}
			for name, h := range from {
				for i, server := range p.Servers {
					for _, addr := range []netip.Addr{server.Addr, server.Addr6} {
						if !addr.IsValid() {
							continue
						}
						page, err := get(t.Context(), h, addr)
						if want := l.Server(i).Name; page != want || err != nil {
							t.Errorf("page for %s from %s is %q, %v; want %q", name, addr, page, err, want)
						}
					}
				}
			}
			for i := range p.Servers {
				has, err := l.Server(i).HasAddress(p.VIPs[0])
				if err != nil || has != (mode != NAT) {
					t.Errorf("s%d has the VIP: %t, %v", i+1, has, err)
				}
			}
			mac, err := l.Witness().Neighbour(InsideLink, p.Legs(B).Inside.Addr)
			if err != nil || mac != nil {
				t.Errorf("the witness knows a neighbour it never met: %s, %v", mac, err)
			}
			mac, err = l.Witness().Neighbour(InsideLink, p.Servers[0].Addr)
			if err != nil || mac.String() != p.Servers[0].MAC.String() {
				t.Errorf("the witness knows %s for s1, %v; want %s", mac, err, p.Servers[0].MAC)
			}
		})
	}
}

func TestDialTCP(t *testing.T) {
	l := newLab(t, Options{})
	serve(t, l)
	p := l.Plan()
	server := netip.AddrPortFrom(p.Servers[0].Addr, HTTPPort)
	local := netip.AddrPortFrom(p.Witness.Inside.Addr, 4711)
	conn, err := l.Witness().DialTCP(t.Context(), local, server)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := conn.LocalAddr().String(); got != local.String() {
		t.Errorf("local address %s, want %s", got, local)
	}
	nobody := netip.AddrPortFrom(p.Servers[0].Addr, 1)
	if _, err := l.Witness().DialTCP(t.Context(), netip.AddrPort{}, nobody); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("closed port: %v, want %v", err, syscall.ECONNREFUSED)
	}
	if err := l.ServerDown(0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.Witness().DialTCP(ctx, netip.AddrPort{}, server); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("server down: %v, want %v", err, context.DeadlineExceeded)
	}
	if err := l.ServerUp(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "s1 answers again", func() (bool, error) {
		page, err := get(t.Context(), l.Witness(), server.Addr())
		return page == "s1", err
	})
}

func TestPlan(t *testing.T) {
	p := NewPlan(DR, nil).DualStack()
	seen := map[string]string{}
	note := func(name string, l Leg) {
		for _, key := range []string{l.Addr.String(), l.Addr6.String(), l.MAC.String()} {
			if other, taken := seen[key]; taken {
				t.Errorf("%s and %s share %s", name, other, key)
			}
			seen[key] = name
		}
	}
	note("client", p.Client)
	note("router client", p.RouterClient)
	note("router outside", p.RouterOutside)
	note("router inside", p.RouterInside)
	note("witness outside", p.Witness.Outside)
	note("witness inside", p.Witness.Inside)
	for _, d := range []Director{A, B} {
		legs := p.Legs(d)
		note(d.String()+" outside", legs.Outside)
		note(d.String()+" inside", legs.Inside)
		for _, mac := range []net.HardwareAddr{legs.Outside.MAC, legs.Inside.MAC} {
			if got := p.Owner(mac); got != d {
				t.Errorf("%s belongs to %s, want %s", mac, got, d)
			}
		}
	}
	if got := p.Owner(p.Client.MAC); got != 0 {
		t.Errorf("the client's address belongs to director %s", got)
	}
	for i, s := range p.Servers {
		note(fmt.Sprintf("s%d", i+1), s)
	}
	if A.Other() != B || B.Other() != A {
		t.Error("the directors are not each other's peer")
	}
}
