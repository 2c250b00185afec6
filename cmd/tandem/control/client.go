package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// ErrNotRunning means that no director answers on the socket.
var ErrNotRunning = errors.New("no tandem is running")

// Client asks the director of one run directory.
type Client struct{ RunDir string }

// Status decodes the director's status into status.
func (c Client) Status(ctx context.Context, status any) error {
	return c.ask(ctx, http.MethodGet, "/v1/status", nil, status)
}

// Owned are the virtual services that are the director's.
func (c Client) Owned(ctx context.Context) (keys []ipvs.Key, err error) {
	return keys, c.ask(ctx, http.MethodGet, "/v1/owned", nil, &keys)
}

// Undrain ends manual drains and returns which.
func (c Client) Undrain(ctx context.Context, u Undrain) (ended []Undrained, err error) {
	return ended, c.ask(ctx, http.MethodPost, "/v1/undrain", u, &ended)
}

// ask sends one request and decodes the answer.
func (c Client) ask(ctx context.Context, method, path string, question, answer any) error {
	socket := filepath.Join(c.RunDir, socketName)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("make a request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://tandem"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w: nobody answers on %s", ErrNotRunning, socket)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("ask %s: permission denied: run this as root or as a member of the socket's group", socket)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ask %s: the director is there but does not answer: it hangs or is stopped", socket)
	case err != nil:
		return fmt.Errorf("ask %s: %w", socket, err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(reply.Body, 500))
		return fmt.Errorf("ask %s: %s", socket, strings.TrimSpace(string(why)))
	}
	if err := json.NewDecoder(reply.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the answer from %s: %w", socket, err)
	}
	return nil
}
