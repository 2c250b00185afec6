package traffic

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Talkers are long-lived connections through a VIP, each of which sends a line
// at a fixed pace and waits for the answer before the next.
type Talkers struct {
	every time.Duration
	talks []*talk
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// Talk is what happened to one of the connections.
type Talk struct {
	Client, Target netip.AddrPort
	Server         string      // That answered; empty: none ever did.
	Replies        []time.Time // When an answer came, in order.
	End            Outcome     // Served: alive when the talkers were stopped.
	Ended          time.Time
}

type talk struct {
	conn *net.TCPConn
	Talk
	last atomic.Int64 // Of the newest reply, in nanoseconds since base; -1 once dead.
	base time.Time
}

// StartTalkers opens n connections, spread over the targets, and makes each say
// a line every interval, the starts evenly apart, until Stop or ctx is done.
// It fails where a connection cannot be opened.
func StartTalkers(ctx context.Context, from Net, targets []netip.AddrPort, n int, every time.Duration) (*Talkers, error) {
	conns, err := dialAll(ctx, from, targets, n)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &Talkers{every: every, stop: cancel}
	base := time.Now()
	for i, c := range conns {
		one := &talk{conn: c, base: base}
		one.Client, one.Target = local(c), targets[i%len(targets)]
		one.Replies = make([]time.Time, 0, 256)
		t.talks = append(t.talks, one)
		first := base.Add(every * time.Duration(i) / time.Duration(n))
		t.done.Go(func() { one.run(ctx, first, every) })
	}
	return t, nil
}

// Clients returns the clients' ends of the connections.
func (t *Talkers) Clients() []netip.AddrPort {
	clients := make([]netip.AddrPort, len(t.talks))
	for i, one := range t.talks {
		clients[i] = one.Client
	}
	return clients
}

// Waiting returns how many connections live, and how many of these have had no
// answer since a time.
func (t *Talkers) Waiting(since time.Time) (alive, waiting int) {
	for _, one := range t.talks {
		last := one.last.Load()
		if last < 0 {
			continue
		}
		alive++
		if one.base.Add(time.Duration(last)).Before(since) {
			waiting++
		}
	}
	return alive, waiting
}

// Stop ends the conversations and returns what happened to each. A connection
// that has had no answer for longer than patience counts as stuck.
func (t *Talkers) Stop(patience time.Duration) []Talk {
	t.stop()
	t.done.Wait()
	talks := make([]Talk, len(t.talks))
	for i, one := range t.talks {
		one.conn.Close()
		talks[i] = one.Talk
		newest := one.base
		if n := len(one.Replies); n > 0 {
			newest = one.Replies[n-1]
		}
		if one.End == Served && one.Ended.Sub(newest) > patience {
			talks[i].End = Stuck
		}
	}
	return talks
}

func (o *talk) run(ctx context.Context, next time.Time, every time.Duration) {
	release := interruptOn(ctx, o.conn)
	defer release()
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	lines := bufio.NewReaderSize(o.conn, 64)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		err := o.say(ctx, lines, n)
		if ctx.Err() != nil {
			o.End, o.Ended = Served, time.Now()
			return
		}
		if err != nil {
			o.End, o.Ended = classify(err), time.Now()
			o.last.Store(-1)
			return
		}
		// After a stall the pace goes on from now: a burst of overdue lines
		// would be load that no client makes.
		if next = next.Add(every); time.Until(next) < 0 {
			next = time.Now()
		}
		timer.Reset(time.Until(next))
	}
}

func (o *talk) say(ctx context.Context, lines *bufio.Reader, n int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	word := strconv.Itoa(n)
	server, err := ask(o.conn, lines, word)
	if err != nil {
		return err
	}
	now := time.Now()
	o.Server = server
	o.Replies = append(o.Replies, now)
	o.last.Store(int64(now.Sub(o.base)))
	return nil
}

// ask says a word and returns the name of the server that repeats it.
func ask(conn net.Conn, lines *bufio.Reader, word string) (server string, err error) {
	if _, err := conn.Write(append([]byte(word), '\n')); err != nil {
		return "", err
	}
	line, err := lines.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	name, echo, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	if !ok || string(echo) != word {
		return "", errGarbled
	}
	return string(name), nil
}
