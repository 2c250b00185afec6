package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
)

// fake is a director that knows one service and one drain.
type fake struct {
	status func(context.Context) (any, error)
}

var (
	owned   = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:80"), Protocol: ipvs.TCP, Family: ipvs.IPv4}
	drained = Undrained{Service: "192.0.2.80:80 TCP", Server: "198.51.100.1:80", Since: time.Unix(1795000000, 0).UTC()}
)

func (f fake) Status(ctx context.Context) (any, error)   { return f.status(ctx) }
func (f fake) Owned(context.Context) ([]ipvs.Key, error) { return []ipvs.Key{owned}, nil }

func (f fake) Undrain(_ context.Context, u Undrain) ([]Undrained, error) {
	if u.Server != "" && u.Server != drained.Server {
		return nil, errors.New("not drained")
	}
	return []Undrained{drained}, nil
}

func serve(t *testing.T, dir string, status func(context.Context) (any, error)) {
	t.Helper()
	server, err := Listen(dir, fake{status}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func fine(context.Context) (any, error) { return map[string]string{"role": "MASTER"}, nil }

func TestStatusReachesTheAsker(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, fine)
	var got map[string]string
	if err := (Client{dir}).Status(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	if got["role"] != "MASTER" {
		t.Errorf("got %v", got)
	}
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o660 {
		t.Errorf("socket mode %o, want 660", mode)
	}
}

func TestASecondDirectorIsRefused(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, fine)
	if _, err := Listen(dir, fake{fine}, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v, want ErrRunning", err)
	}
}

func TestADeadDirectorCannotLookAlive(t *testing.T) {
	stale := func(t *testing.T, dir string) {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
	}
	tests := []struct {
		name  string
		setUp func(*testing.T, string)
		want  string
	}{
		{"no socket at all", func(*testing.T, string) {}, "no tandem is running"},
		{"a socket left by kill -9", stale, "no tandem is running"},
		{"a director that cannot make its status", func(t *testing.T, dir string) {
			serve(t, dir, func(context.Context) (any, error) { return nil, errors.New("the VRRP loop does not answer") })
		}, "the VRRP loop does not answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.setUp(t, dir)
			var got any
			err := Client{dir}.Status(t.Context(), &got)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestASocketLeftByKillIsReplaced(t *testing.T) {
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	serve(t, dir, fine)
	var got any
	if err := (Client{dir}).Status(t.Context(), &got); err != nil {
		t.Error(err)
	}
}

func TestOrdersReachTheDirector(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, fine)
	client := Client{dir}
	keys, err := client.Owned(t.Context())
	if diff := cmp.Diff([]ipvs.Key{owned}, keys, cmp.Comparer(func(a, b ipvs.Key) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("owned: %v\n%s", err, diff)
	}
	ended, err := client.Undrain(t.Context(), Undrain{Server: drained.Server})
	if diff := cmp.Diff([]Undrained{drained}, ended); diff != "" || err != nil {
		t.Errorf("undrain: %v\n%s", err, diff)
	}
	if _, err := client.Undrain(t.Context(), Undrain{Server: "198.51.100.9:80"}); err == nil || !strings.HasSuffix(err.Error(), ": not drained") {
		t.Errorf("a refusal reads %q", err)
	}
}
