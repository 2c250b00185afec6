package rig

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Get asks for a page as the lab's client, over a connection of its own.
func (p *Pair) Get(ctx context.Context, at netip.AddrPort) (string, error) {
	client := http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return p.Client().DialTCP(ctx, netip.AddrPort{}, at)
			},
		},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/", nil)
	if err != nil {
		return "", err
	}
	reply, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	return strings.TrimSpace(string(body)), err
}

// WaitPage waits until the client gets a page.
func (p *Pair) WaitPage(t testing.TB, at netip.AddrPort) {
	t.Helper()
	Until(t, "the client gets a page from "+at.String(), func() error {
		_, err := p.Get(t.Context(), at)
		return err
	})
}

// Visit asks for n pages, one after another, and returns how many each real
// server answered.
func (p *Pair) Visit(t testing.TB, at netip.AddrPort, n int) map[string]int {
	t.Helper()
	answers := make(map[string]int)
	for range n {
		page, err := p.Get(t.Context(), at)
		if err != nil {
			t.Errorf("ask %s for a page: %v", at, err)
			page = "nobody"
		}
		answers[page]++
	}
	return answers
}
