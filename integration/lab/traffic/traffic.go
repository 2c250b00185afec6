// Package traffic is the load and the eyes of the lab: clients that talk
// through a VIP, the real servers that answer them, a probe that times the
// outage, and a third host that asks by ARP who owns the VIP.
//
// The invariant: a group only collects while it runs, and its result is plain
// data that pure functions (Gaps, Timeline, Median) reduce afterwards. All of
// it shares one process and, in a test kernel, one CPU with the directors it
// measures, so the groups keep goroutines and system calls few.
package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// Net makes sockets where the traffic lives: a *lab.Host does.
type Net interface {
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	DialTCP(ctx context.Context, local, remote netip.AddrPort) (*net.TCPConn, error)
}

// Outcome says how a connection or an attempt ended.
type Outcome int

// The outcomes. Only Served is a success.
const (
	Unknown     Outcome = iota
	Served              // Answered as expected, to the end.
	Refused             // RST to the SYN, or an ICMP port unreachable.
	Reset               // RST on an established connection.
	Closed              // FIN from the other side.
	Stuck               // No answer within the patience of the client.
	Unreachable         // ICMP or the own host says that there is no way.
	Garbled             // An answer to something else.
	Failed              // Anything else.
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	names := [...]string{"unknown", "served", "refused", "reset", "closed", "stuck", "unreachable", "garbled", "failed"}
	if o < 0 || int(o) >= len(names) {
		return fmt.Sprintf("outcome %d", int(o))
	}
	return names[o]
}

// MarshalText is String, for JSON.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// classify finds the outcome in a socket's error; nil is Served.
func classify(err error) Outcome {
	switch {
	case err == nil:
		return Served
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, io.EOF):
		return Closed
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return Stuck
	case errors.Is(err, errGarbled):
		return Garbled
	}
	return Failed
}

var errGarbled = errors.New("an answer to something else")

// dialAll opens n connections at once, spread over the targets in turn. It
// fails where one of them fails: a drill that starts without its connections
// would measure nothing.
func dialAll(ctx context.Context, from Net, targets []netip.AddrPort, n int) ([]*net.TCPConn, error) {
	conns := make([]*net.TCPConn, n)
	errs := make([]error, n)
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() { conns[i], errs[i] = from.DialTCP(ctx, netip.AddrPort{}, targets[i%len(targets)]) })
	}
	done.Wait()
	if err := errors.Join(errs...); err != nil {
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		return nil, fmt.Errorf("open %d connections: %w", n, err)
	}
	return conns, nil
}

// local returns the client's side of a connection.
func local(c *net.TCPConn) netip.AddrPort {
	a, _ := c.LocalAddr().(*net.TCPAddr)
	return a.AddrPort()
}

// interruptOn makes blocked reads and writes of c return once ctx is done. The
// returned function ends that.
func interruptOn(ctx context.Context, c *net.TCPConn) (release func() bool) {
	return context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
}
