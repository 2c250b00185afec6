// Package control is the door to a running director: a read-only JSON API
// over HTTP on a unix socket. A status is made when it is asked for, so a
// director that is dead or stuck cannot look alive.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// socketName is the socket's file in the run directory.
const socketName = "control.sock"

// ErrRunning means that another director answers on the socket.
var ErrRunning = errors.New("another tandem is running with this run directory")

// Server answers on the control socket. The status function is called for
// each request, from the request's goroutine, and shall heed its context.
type Server struct {
	listener net.Listener
	status   func(context.Context) (any, error)
	log      *slog.Logger
}

// Listen opens the control socket in the run directory, mode 0660. A socket
// that nobody answers on was left by a director that died and is replaced;
// one that answers is ErrRunning.
func Listen(runDir string, status func(context.Context) (any, error), log *slog.Logger) (*Server, error) {
	path := filepath.Join(runDir, socketName)
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return nil, fmt.Errorf("open control socket %s: %w", path, ErrRunning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove stale control socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		listener.Close()
		return nil, fmt.Errorf("set mode of control socket: %w", err)
	}
	return &Server{listener: listener, status: status, log: log}, nil
}

// Run serves until ctx ends, then removes the socket.
func (s *Server) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.serveStatus)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve control socket: %w", err)
	}
	return nil
}

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	status, err := s.status(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(status); err != nil {
		s.log.Warn("control: send status", "error", err)
	}
}

// ErrNotRunning means that no director answers on the socket.
var ErrNotRunning = errors.New("no tandem is running")

// Status asks the director of the run directory for its status and decodes
// it into status.
func Status(ctx context.Context, runDir string, status any) error {
	path := filepath.Join(runDir, socketName)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://tandem/v1/status", nil)
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nobody answers on %s", ErrNotRunning, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("ask %s: permission denied: run this as root or as a member of the socket's group", path)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ask %s: the director is there but does not answer: it hangs or is stopped", path)
	case err != nil:
		return fmt.Errorf("ask %s: %w", path, err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		why := make([]byte, 500)
		n, _ := reply.Body.Read(why)
		return fmt.Errorf("ask %s: %s: %s", path, reply.Status, why[:n])
	}
	if err := json.NewDecoder(reply.Body).Decode(status); err != nil {
		return fmt.Errorf("read status from %s: %w", path, err)
	}
	return nil
}
