package control

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func serve(t *testing.T, dir string, status func(context.Context) (any, error)) {
	t.Helper()
	server, err := Listen(dir, status, slog.New(slog.DiscardHandler))
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
	if err := Status(t.Context(), dir, &got); err != nil {
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
	if _, err := Listen(dir, fine, slog.New(slog.DiscardHandler)); !errors.Is(err, ErrRunning) {
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
			err := Status(t.Context(), dir, &got)
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
	if err := Status(t.Context(), dir, &got); err != nil {
		t.Error(err)
	}
}
