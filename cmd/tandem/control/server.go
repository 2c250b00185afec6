// Package control is the door to a running director: a JSON API over HTTP on a
// unix socket. An answer is made when it is asked for, so a director that is
// dead or stuck cannot look alive.
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
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// socketName is the socket's file in the run directory.
const socketName = "control.sock"

// ErrRunning means that another director answers on the socket.
var ErrRunning = errors.New("another tandem is running with this run directory")

// Director is what answers. Its methods are called from the goroutine of each
// request and shall heed its context.
type Director interface {
	// Status is what GET /v1/status sends.
	Status(ctx context.Context) (any, error)
	// Owned are the virtual services that are tandem's.
	Owned(ctx context.Context) ([]ipvs.Key, error)
	// Undrain ends manual drains.
	Undrain(ctx context.Context, u Undrain) ([]Undrained, error)
}

// Undrain names the manual drains that shall end. The zero value is all of
// them.
type Undrain struct {
	Service string `json:"service,omitempty"` // by its name in the status, or one member of a group; empty: any
	Server  string `json:"server,omitempty"`  // address, with or without the port; empty: any
}

// Undrained is a manual drain that ended.
type Undrained struct {
	Service string    `json:"service"`
	Server  string    `json:"server"`
	Since   time.Time `json:"since"`
}

// Server answers on the control socket.
type Server struct {
	listener net.Listener
	director Director
	log      *slog.Logger
}

// Listen opens the control socket in the run directory, mode 0660. A socket
// that nobody answers on was left by a director that died and is replaced;
// one that answers is ErrRunning.
func Listen(runDir string, director Director, log *slog.Logger) (*Server, error) {
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
	return &Server{listener: listener, director: director, log: log}, nil
}

// Run serves until ctx ends, then removes the socket.
func (s *Server) Run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.answer(func(r *http.Request) (any, error) { return s.director.Status(r.Context()) }))
	mux.HandleFunc("GET /v1/owned", s.answer(func(r *http.Request) (any, error) { return s.director.Owned(r.Context()) }))
	mux.HandleFunc("POST /v1/undrain", s.answer(func(r *http.Request) (any, error) {
		var u Undrain
		if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 64<<10)).Decode(&u); err != nil {
			return nil, fmt.Errorf("understand the request: %w", err)
		}
		return s.director.Undrain(r.Context(), u)
	}))
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

// answer makes a handler that sends what a function returns, or why it cannot.
func (s *Server) answer(make func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
		defer cancel()
		value, err := make(r.WithContext(ctx))
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			s.log.Warn("control: send an answer", "path", r.URL.Path, "error", err)
		}
	}
}
