package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mdlayher/packet"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// probe listens on one interface until somebody else is heard there, and asks
// for a word each second. It hears and sends nothing afterwards.
type probe struct {
	log  *slog.Logger
	dev  device
	whom Interest // to ask, besides gateways and neighbours
	told func()   // called once somebody was heard

	mu      sync.Mutex // guards the following fields
	ip, ip6 netip.Addr // the interface's own, which may come later
	what    string     // was heard; empty: nothing yet
}

func newProbe(log *slog.Logger, dev device, whom Interest, told func()) *probe {
	return &probe{log: log, dev: dev, whom: whom, told: told}
}

// own tells the probe the addresses of its interface.
func (p *probe) own(ip, ip6 netip.Addr) {
	p.mu.Lock()
	p.ip, p.ip6 = ip, ip6
	p.mu.Unlock()
}

// heard returns what was heard; empty: nothing yet.
func (p *probe) heard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.what
}

// run listens and asks until the context ends or somebody is heard.
func (p *probe) run(ctx context.Context) {
	for ctx.Err() == nil {
		what, err := p.listen(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			p.mu.Lock()
			p.what = what
			p.mu.Unlock()
			p.told()
			return
		}
		// It goes down again, for example.
		p.log.Debug("cannot listen for frames of others; trying again", "interface", p.dev.name, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// listen returns what was heard.
func (p *probe) listen(ctx context.Context) (what string, err error) {
	filter, err := overhear()
	if err != nil {
		return "", err
	}
	ifi := &net.Interface{Index: p.dev.index, HardwareAddr: p.dev.mac}
	conn, err := packet.Listen(ifi, packet.Raw, unix.ETH_P_ALL, &packet.Config{Filter: filter})
	if err != nil {
		return "", fmt.Errorf("open a packet socket: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		if stop() {
			conn.Close()
		}
	}()
	kernel, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return "", fmt.Errorf("open a route netlink socket: %w", err)
	}
	defer kernel.Close()

	ask := func() error {
		for _, frame := range p.question(kernel).frames() {
			_ = conn.SetWriteDeadline(time.Now().Add(askPatience))
			if _, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: frame[:6]}); err != nil && !errors.Is(err, unix.ENOBUFS) {
				return fmt.Errorf("ask: %w", err)
			}
		}
		return nil
	}
	b := make([]byte, 128)
	for {
		next := time.Now().Add(time.Second)
		if err := ask(); err != nil {
			return "", err
		}
		if err := conn.SetReadDeadline(next); err != nil {
			return "", err
		}
		for {
			n, _, err := conn.ReadFrom(b)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return "", fmt.Errorf("listen: %w", err)
			}
			if what, ok := overheard(b[:n], p.dev.mac); ok {
				// Perhaps it was a question of somebody who waits as we do, and
				// has not heard ours.
				_ = ask()
				return what, nil
			}
		}
	}
}

// askPatience is how long a full device queue may hold up one question.
const askPatience = 20 * time.Millisecond

// question is what to ask just now. Routes and neighbours may come with the
// addresses, after the link.
func (p *probe) question(kernel *netlink.Handle) question {
	p.mu.Lock()
	q := question{mac: p.dev.mac, ip: p.ip, ip6: p.ip6, virtual: p.whom.Virtual}
	p.mu.Unlock()
	add := func(ip net.IP) {
		if a, ok := netip.AddrFromSlice(ip.To4()); ok && !a.IsUnspecified() && !slices.Contains(q.known, a) {
			q.known = append(q.known, a)
		}
	}
	defaults := &netlink.Route{LinkIndex: p.dev.index, Dst: nil}
	routes, err := kernel.RouteListFiltered(netlink.FAMILY_V4, defaults, netlink.RT_FILTER_OIF|netlink.RT_FILTER_DST)
	if err != nil {
		p.log.Debug("the default routes could not be read", "interface", p.dev.name, "error", err)
	}
	for _, r := range routes {
		add(r.Gw)
	}
	for _, peer := range p.whom.Peers {
		if peer.Is4() && !slices.Contains(q.known, peer) {
			q.known = append(q.known, peer)
		}
	}
	neighbors, err := kernel.NeighList(p.dev.index, netlink.FAMILY_V4)
	if err != nil {
		p.log.Debug("the neighbours could not be read", "interface", p.dev.name, "error", err)
	}
	for _, n := range neighbors {
		if n.State&netlink.NUD_NOARP == 0 {
			add(n.IP)
		}
	}
	return q
}
