package traffic

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Newcomers are clients that arrive at a fixed pace. Each connects, says one
// line, waits for the answer and leaves; it does so once, the kernel's own
// retransmissions (SYN after 1 s) within its patience being its only retries.
type Newcomers struct {
	loop     *Loop
	from     Host
	targets  []netip.AddrPort
	patience time.Duration
	beats    [2]*beat

	// Owned by the loop.
	sockets  []int // Opened in advance: to enter a namespace takes long.
	inside   map[int]*visit
	arrived  int
	attempts []Attempt
}

// Attempt is one client's visit. It failed unless it was Served.
type Attempt struct {
	Start   time.Time
	Took    time.Duration
	Target  netip.AddrPort
	Server  string
	Outcome Outcome
}

// stock is how many sockets are opened at once.
const stock = 128

// StartNewcomers sends a client every interval to the targets, IPv4 addresses,
// in turn. Each gives up after patience.
func StartNewcomers(l *Loop, from Host, targets []netip.AddrPort, every, patience time.Duration) (*Newcomers, error) {
	n := &Newcomers{loop: l, from: from, targets: targets, patience: patience, inside: make(map[int]*visit)}
	err := n.open()
	if err != nil {
		return nil, fmt.Errorf("send newcomers: %w", err)
	}
	l.do(func() {
		n.beats = [2]*beat{l.repeat(every, n.arrive), l.repeat(10*Tick, n.giveUp)}
	})
	return n, nil
}

// Stop lets no more clients arrive, waits for those that are there, which may
// take their patience, and returns all attempts in the order of their ends.
func (n *Newcomers) Stop() []Attempt {
	empty := make(chan struct{})
	n.loop.do(func() {
		n.loop.cancel(n.beats[0])
		n.beats[0] = n.loop.repeat(Tick, func(time.Time) {
			if len(n.inside) == 0 {
				n.close()
				close(empty)
			}
		})
	})
	select {
	case <-empty:
	case <-n.loop.done: // Nobody will be served any more.
		n.close()
	}
	return n.attempts
}

// close frees what is left. On the loop's goroutine, or after its end.
func (n *Newcomers) close() {
	for _, b := range n.beats {
		n.loop.cancel(b)
	}
	for _, fd := range n.sockets {
		_ = unix.Close(fd)
	}
	for fd := range n.inside {
		n.loop.drop(fd)
	}
	n.sockets, n.inside = nil, nil
}

func (n *Newcomers) open() error {
	return n.from.Do(func() error {
		for range stock {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("open a socket: %w", err)
			}
			n.sockets = append(n.sockets, fd)
		}
		return nil
	})
}

func (n *Newcomers) arrive(now time.Time) {
	target := n.targets[n.arrived%len(n.targets)]
	n.arrived++
	v := &visit{group: n, Attempt: Attempt{Start: now, Target: target}}
	if len(n.sockets) == 0 && n.open() != nil {
		v.leave(Failed, now)
		return
	}
	v.fd = n.sockets[len(n.sockets)-1]
	n.sockets = n.sockets[:len(n.sockets)-1]
	n.inside[v.fd] = v
	err := unix.Connect(v.fd, &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())})
	if err == unix.EINPROGRESS {
		err = nil
	}
	if err = errors.Join(err, n.loop.addWritable(v.fd, v)); err != nil {
		v.leave(classify(err), now)
	}
}

func (n *Newcomers) giveUp(now time.Time) {
	for _, v := range n.inside {
		if now.Sub(v.Start) > n.patience {
			v.leave(Stuck, now)
		}
	}
}

// visit is one newcomer. It is told first that it may write (or cannot
// connect), then that it may read.
type visit struct {
	Attempt
	group *Newcomers
	fd    int
	said  bool
}

func (v *visit) readable(now time.Time) {
	if !v.said {
		v.said = true
		if err := v.say(); err != nil {
			v.leave(classify(err), now)
		}
		return
	}
	var b [64]byte
	n, err := unix.Read(v.fd, b[:])
	switch {
	case err == unix.EAGAIN:
		return
	case err == nil && n == 0:
		err = io.EOF
	case err == nil:
		// The answer is shorter than any packet: it comes whole.
		v.Server, err = echoed(b[:max(n-1, 0)], "hello")
	}
	v.leave(classify(err), now)
}

// say says the line on a connection that stands.
func (v *visit) say() error {
	// A write would report why the connection failed, but no cause of an
	// unreachable network; SO_ERROR knows both (connect(2)).
	errno, err := unix.GetsockoptInt(v.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	if err == nil {
		_, err = unix.Write(v.fd, []byte("hello\n"))
	}
	if err == nil {
		err = v.group.loop.onlyReadable(v.fd)
	}
	return err
}

func (v *visit) leave(outcome Outcome, now time.Time) {
	if v.group.inside[v.fd] == v {
		delete(v.group.inside, v.fd)
		v.group.loop.drop(v.fd)
	}
	v.Took, v.Outcome = now.Sub(v.Start), outcome
	v.group.attempts = append(v.group.attempts, v.Attempt)
}
