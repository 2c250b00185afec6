package traffic

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// flows is the number of UDP flows that a probe rotates through. Each is one
// entry of the director's connection table, whatever the pace; being several,
// they are scheduled to different real servers, so that the death of one
// server is no outage of the VIP.
const flows = 6

// Probe asks a UDP echo service behind the VIP at a fixed pace. Its question is
// whether anything comes back through the VIP at all, so its answer is the
// times of the replies: forwarding, not merely the address, must work.
type Probe struct {
	start time.Time
	stop  context.CancelFunc
	done  sync.WaitGroup
	sent  int                // Owned by the sender until it is done.
	heard [flows][]time.Time // Each owned by its receiver until it is done.
	last  atomic.Int64       // Of the newest reply, in nanoseconds since start; 0: none.
}

// Probed is what a probe saw.
type Probed struct {
	Sent    int
	Replies []time.Time // In order.
}

// StartProbe sends a datagram to the target every interval.
func StartProbe(ctx context.Context, from Net, target netip.AddrPort, every time.Duration) (*Probe, error) {
	conns := make([]net.PacketConn, 0, flows)
	for range flows {
		c, err := from.ListenPacket(ctx, "udp4", "0.0.0.0:0")
		if err != nil {
			for _, c := range conns {
				c.Close()
			}
			return nil, fmt.Errorf("open a probe socket: %w", err)
		}
		conns = append(conns, c)
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Probe{start: time.Now(), stop: cancel}
	for i, c := range conns {
		p.heard[i] = make([]time.Time, 0, 1024)
		p.done.Go(func() { p.receive(i, c) })
	}
	p.done.Go(func() {
		p.send(ctx, conns, net.UDPAddrFromAddrPort(target), every)
		for _, c := range conns {
			c.Close() // Ends the receivers.
		}
	})
	return p, nil
}

// Last returns when the newest reply came, the zero time before the first.
func (p *Probe) Last() time.Time {
	if n := p.last.Load(); n > 0 {
		return p.start.Add(time.Duration(n))
	}
	return time.Time{}
}

// Stop ends the probe and returns what it saw.
func (p *Probe) Stop() Probed {
	p.stop()
	p.done.Wait()
	replies := slices.Concat(p.heard[:]...)
	slices.SortFunc(replies, time.Time.Compare)
	return Probed{Sent: p.sent, Replies: replies}
}

func (p *Probe) send(ctx context.Context, conns []net.PacketConn, target net.Addr, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		var seq [4]byte
		binary.BigEndian.PutUint32(seq[:], uint32(p.sent))
		// An error is a probe without an answer, which is what is counted.
		_, _ = conns[p.sent%flows].WriteTo(seq[:], target)
		p.sent++
	}
}

func (p *Probe) receive(i int, c net.PacketConn) {
	var b [64]byte
	for {
		_, _, err := c.ReadFrom(b[:])
		if err != nil {
			return // Closed; the socket is not connected, so no ICMP error ends it.
		}
		now := time.Now()
		p.heard[i] = append(p.heard[i], now)
		p.last.Store(int64(now.Sub(p.start)))
	}
}
