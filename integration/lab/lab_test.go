package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
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

// holdLab builds a lab with a process in it, says which processes there are,
// and waits to be killed.
func holdLab() error {
	l, err := New(context.Background(), Options{Dir: os.Getenv(holderEnv)})
	if err != nil {
		return err
	}
	p, err := l.Director(A).Start(context.Background(), Command{
		Argv: []string{"sh", "-c", "setsid sleep 300 & exec sleep 300"},
	})
	if err != nil {
		return err
	}
	for {
		members, err := namespaceMembers(p.nanny.Pid)
		if err != nil {
			return err
		}
		if len(members) == 2 {
			fmt.Println(p.nanny.Pid, members[0], members[1])
			select {}
		}
	}
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
	for _, mode := range []Mode{DR, NAT} {
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
					page, err := get(t.Context(), h, server.Addr)
					if want := l.Server(i).Name; page != want || err != nil {
						t.Errorf("page for %s from %s is %q, %v; want %q", name, server.Addr, page, err, want)
					}
				}
			}
			for i := range p.Servers {
				has, err := l.Server(i).HasAddress(p.VIPs[0])
				if err != nil || has != (mode == DR) {
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

// The end of each namespace shows at the other end of a cable into it.
func TestCloseLeavesNothing(t *testing.T) {
	namespacesBefore := openNamespaces(t)
	l := newLab(t, Options{})
	outside, err := newHost("outside")
	if err != nil {
		t.Fatal(err)
	}
	defer outside.close()
	hosts := append([]*Host{l.Client(), l.Router(), l.Witness(), l.Director(A), l.Director(B), l.switches}, l.servers...)
	for _, h := range hosts {
		if err := connect(outside, h.Name, 0, h, "test", l.Plan().Client, 32); err != nil {
			t.Fatal(err)
		}
	}
	sleeper, err := l.Director(B).Start(t.Context(), Command{Argv: []string{"sleep", "300"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sleeper.Done():
	default:
		t.Error("a process outlived the lab")
	}
	if _, err := os.Stat(l.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lab's folder: %v, want none", err)
	}
	for _, h := range hosts {
		eventually(t, "namespace of "+h.Name+" gone", func() (bool, error) {
			_, err := outside.handle.LinkByName(h.Name)
			return err != nil, nil
		})
	}
	if err := outside.close(); err != nil {
		t.Error(err)
	}
	if after := openNamespaces(t); after != namespacesBefore {
		t.Errorf("%d descriptors of namespaces open, %d before", after, namespacesBefore)
	}
	if err := l.Client().Do(func() error { return nil }); !errors.Is(err, errGone) {
		t.Errorf("entering a closed host: %v, want %v", err, errGone)
	}
}

func TestNothingOutlivesTheKilledLab(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	holder := exec.CommandContext(t.Context(), "/proc/self/exe")
	holder.Env = append(os.Environ(), holderEnv+"="+t.TempDir())
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	pids := strings.Fields(line)
	if err != nil || len(pids) != 3 {
		t.Fatalf("the holder says %q, %v", line, err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // It was killed.
	for _, pid := range pids {
		eventually(t, "process "+pid+" gone", func() (bool, error) {
			_, err := os.Stat("/proc/" + pid)
			return errors.Is(err, os.ErrNotExist), nil
		})
	}
	// The namespaces lived by the holder's descriptors, and by nothing else:
	// a mount of one would show here.
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), "nsfs") {
		t.Errorf("mounted namespaces: %v in\n%s", err, mounts)
	}
}

// openNamespaces counts this process's descriptors of network namespaces, and
// threads that are in another one than the first thread.
func openNamespaces(t *testing.T) (n int) {
	t.Helper()
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/proc/self/fd/*", "/proc/self/task/*/ns/net"} {
		links, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, "net:") && to != home {
				n++
			}
		}
	}
	return n
}

// A failed build leaves nothing either.
func TestNewGivesUpCleanly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root: the lab is made of network namespaces; run this as root")
	}
	before := openNamespaces(t)
	invalid := []netip.Addr{DefaultVIPs(1)[0], DefaultVIPs(1)[0]} // The same address twice on lo.
	if _, err := New(t.Context(), Options{VIPs: invalid}); !errors.Is(err, syscall.EEXIST) {
		t.Errorf("error %v, want %v", err, syscall.EEXIST)
	}
	if after := openNamespaces(t); after != before {
		t.Errorf("%d descriptors of namespaces open, %d before", after, before)
	}
}

func TestPlan(t *testing.T) {
	p := NewPlan(DR, nil)
	seen := map[string]string{}
	note := func(name string, l Leg) {
		for _, key := range []string{l.Addr.String(), l.MAC.String()} {
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
