package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// flows is the number of UDP flows that a probe rotates through. Each is one
// entry of the director's connection table, whatever the pace; being several,
// they are scheduled to different real servers, so that the death of one
// server is no outage of the VIP.
const flows = 6

// Probe asks a UDP echo service behind the VIP every Tick. Its question is
// whether anything comes back through the VIP at all, so its answer is the
// times of the replies: forwarding, not merely the address, must work.
type Probe struct {
	loop   *Loop
	target unix.Sockaddr
	fds    []int
	beat   *beat
	seen   Probed // Owned by the loop.
}

// Probed is what a probe saw.
type Probed struct {
	Sent    int
	Replies []time.Time // In order.
}

// StartProbe begins to ask the target, an IPv4 address and port.
func StartProbe(ctx context.Context, l *Loop, from Net, target netip.AddrPort) (*Probe, error) {
	p := &Probe{
		loop:   l,
		target: &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())},
		seen:   Probed{Replies: make([]time.Time, 0, 2048)},
	}
	var errs []error
	for range flows {
		c, err := from.ListenPacket(ctx, "udp4", "0.0.0.0:0")
		if err != nil {
			errs = append(errs, err)
			break
		}
		fd, err := detach(c.(*net.UDPConn))
		if err != nil {
			errs = append(errs, err)
			break
		}
		p.fds = append(p.fds, fd)
	}
	l.do(func() {
		for _, fd := range p.fds {
			errs = append(errs, l.add(fd, flow{fd, p}))
		}
		p.beat = l.repeat(Tick, p.ask)
	})
	if err := errors.Join(errs...); err != nil {
		p.Stop()
		return nil, fmt.Errorf("start a probe of %s: %w", target, err)
	}
	return p, nil
}

// Last returns when the newest reply came, the zero time before the first.
func (p *Probe) Last() (last time.Time) {
	p.loop.do(func() {
		if n := len(p.seen.Replies); n > 0 {
			last = p.seen.Replies[n-1]
		}
	})
	return last
}

// Stop ends the probe and returns what it saw.
func (p *Probe) Stop() Probed {
	p.loop.do(func() {
		p.loop.cancel(p.beat)
		for _, fd := range p.fds {
			p.loop.drop(fd)
		}
		p.fds = nil
	})
	return p.seen
}

func (p *Probe) ask(time.Time) {
	if len(p.fds) == 0 {
		return
	}
	var seq [4]byte
	binary.BigEndian.PutUint32(seq[:], uint32(p.seen.Sent))
	// An error is a probe without an answer, which is what is counted.
	_ = unix.Sendto(p.fds[p.seen.Sent%len(p.fds)], seq[:], unix.MSG_DONTWAIT, p.target)
	p.seen.Sent++
}

// flow is one of a probe's sockets.
type flow struct {
	fd    int
	probe *Probe
}

func (f flow) readable(now time.Time) {
	var b [64]byte
	if n, err := unix.Read(f.fd, b[:]); err == nil && n > 0 {
		f.probe.seen.Replies = append(f.probe.seen.Replies, now)
	}
}
