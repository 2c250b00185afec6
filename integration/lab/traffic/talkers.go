package traffic

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Talkers are long-lived connections through a VIP, each of which sends a line
// at a fixed pace, but never before the line before was answered.
type Talkers struct {
	loop  *Loop
	talks []*talk
	beat  *beat
}

// Talk is what happened to one of the connections.
type Talk struct {
	Client, Target netip.AddrPort
	Server         string      // That answered; empty: none ever did.
	Replies        []time.Time // When an answer came, in order.
	End            Outcome     // Served: alive when the talkers were stopped.
	Ended          time.Time
}

// talk is owned by the loop.
type talk struct {
	Talk
	loop *Loop
	fd   int       // -1 once dead.
	next time.Time // When the next line is due.
	said int       // Number of the newest line, which is its text.
	owed bool      // It has not been answered.
	last time.Time // Of the newest reply; at first the start.
	got  []byte    // Of an answer that is not whole yet.
}

// StartTalkers opens n connections, spread over the targets, and makes each say
// a line every interval, the starts evenly apart, until Stop. It fails where a
// connection cannot be opened.
func StartTalkers(ctx context.Context, l *Loop, from Net, targets []netip.AddrPort, n int, every time.Duration) (*Talkers, error) {
	conns, err := dialAll(ctx, from, targets, n)
	if err != nil {
		return nil, err
	}
	t := &Talkers{loop: l}
	l.do(func() {
		now := l.now()
		for i, c := range conns {
			one := &talk{loop: l, last: now, next: now.Add(every * time.Duration(i) / time.Duration(n))}
			one.Client, one.Target = local(c), targets[i%len(targets)]
			one.Replies = make([]time.Time, 0, 256)
			var failed error
			if one.fd, failed = detach(c); failed == nil {
				failed = l.add(one.fd, one)
			}
			if failed != nil {
				err = failed
				one.end(Failed, now)
			}
			t.talks = append(t.talks, one)
		}
		t.beat = l.repeat(Tick, func(now time.Time) {
			for _, one := range t.talks {
				one.pace(now, every)
			}
		})
	})
	if err != nil {
		t.Stop(0)
		return nil, fmt.Errorf("let %d connections talk: %w", n, err)
	}
	return t, nil
}

// Clients returns the clients' ends of the connections.
func (t *Talkers) Clients() []netip.AddrPort {
	clients := make([]netip.AddrPort, len(t.talks))
	for i, one := range t.talks {
		clients[i] = one.Client // Never changes.
	}
	return clients
}

// Waiting returns how many connections live, and how many of these have had no
// answer since a time.
func (t *Talkers) Waiting(since time.Time) (alive, waiting int) {
	t.loop.do(func() {
		for _, one := range t.talks {
			if one.fd < 0 {
				continue
			}
			alive++
			if one.last.Before(since) {
				waiting++
			}
		}
	})
	return alive, waiting
}

// Stop ends the conversations and returns what happened to each. A connection
// that has had no answer for longer than patience counts as stuck.
func (t *Talkers) Stop(patience time.Duration) []Talk {
	talks := make([]Talk, len(t.talks))
	t.loop.do(func() {
		t.loop.cancel(t.beat)
		now := t.loop.now()
		for i, one := range t.talks {
			switch {
			case one.fd < 0:
			case now.Sub(one.last) > patience:
				one.end(Stuck, now)
			default:
				one.end(Served, now)
			}
			talks[i] = one.Talk
		}
	})
	return talks
}

// pace says the next line when it is due.
func (o *talk) pace(now time.Time, every time.Duration) {
	if o.fd < 0 || o.owed || now.Before(o.next) {
		return
	}
	// After a stall the pace goes on from now.
	if o.next = o.next.Add(every); o.next.Before(now) {
		o.next = now
	}
	o.said++
	o.owed = true
	var line [24]byte
	_, err := unix.Write(o.fd, append(strconv.AppendInt(line[:0], int64(o.said), 10), '\n'))
	if err != nil && err != unix.EAGAIN {
		o.end(classify(err), now)
	}
}

// readable takes an answer: the server's name and the line.
func (o *talk) readable(now time.Time) {
	var b [64]byte
	n, err := unix.Read(o.fd, b[:])
	switch {
	case err == unix.EAGAIN:
		return
	case err == nil && n == 0:
		err = io.EOF
	case err == nil:
		o.got = append(o.got, b[:n]...)
		line, rest, whole := bytes.Cut(o.got, []byte("\n"))
		if !whole {
			return
		}
		o.got = append(o.got[:0], rest...)
		err = o.answered(line, now)
	}
	if err != nil {
		o.end(classify(err), now)
	}
}

func (o *talk) answered(line []byte, now time.Time) error {
	server, err := echoed(line, strconv.Itoa(o.said))
	if err != nil || !o.owed {
		return errGarbled
	}
	o.Server, o.owed, o.last = server, false, now
	o.Replies = append(o.Replies, now)
	return nil
}

func (o *talk) end(outcome Outcome, now time.Time) {
	if o.fd >= 0 {
		o.loop.drop(o.fd)
	}
	o.fd, o.End, o.Ended = -1, outcome, now
}
