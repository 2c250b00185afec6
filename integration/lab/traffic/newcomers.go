package traffic

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// Newcomers are clients that arrive at a fixed pace. Each connects, says one
// line, waits for the answer and leaves; it does so once, the kernel's own
// retransmissions (SYN after 1 s) within its patience being its only retries.
type Newcomers struct {
	from     Net
	targets  []netip.AddrPort
	patience time.Duration

	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	attempts []Attempt // Guarded by mu.
}

// Attempt is one client's visit. It failed unless it was Served.
type Attempt struct {
	Start   time.Time
	Took    time.Duration
	Target  netip.AddrPort
	Server  string
	Outcome Outcome
}

// StartNewcomers sends a client every interval to the targets in turn. Each
// gives up after patience.
func StartNewcomers(ctx context.Context, from Net, targets []netip.AddrPort, every, patience time.Duration) *Newcomers {
	arriving, cancel := context.WithCancel(ctx)
	n := &Newcomers{from: from, targets: targets, patience: patience, stop: cancel}
	n.done.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for i := 0; ; i++ {
			select {
			case <-arriving.Done():
				return
			case <-ticks.C:
			}
			n.done.Go(func() { n.visit(ctx, targets[i%len(targets)]) })
		}
	})
	return n
}

// Stop lets no more clients arrive, waits for those that are there, which may
// take their patience, and returns all attempts in the order of their ends.
func (n *Newcomers) Stop() []Attempt {
	n.stop()
	n.done.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.attempts
}

func (n *Newcomers) visit(ctx context.Context, target netip.AddrPort) {
	start := time.Now()
	server, err := n.call(ctx, target, start.Add(n.patience))
	a := Attempt{Start: start, Took: time.Since(start), Target: target, Server: server, Outcome: classify(err)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attempts = append(n.attempts, a)
}

func (n *Newcomers) call(ctx context.Context, target netip.AddrPort, deadline time.Time) (server string, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := n.from.DialTCP(ctx, netip.AddrPort{}, target)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err() // The dialer may report it as a cancelled operation.
		}
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(deadline)
	return ask(conn, "hello")
}
