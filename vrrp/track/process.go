package track

import (
	"slices"
	"strings"
	"time"
)

// MaxName is how much of a name the kernel keeps (TASK_COMM_LEN), in bytes.
const MaxName = 15

// Running is a process as /proc shows it.
type Running struct {
	Name string   // /proc/PID/comm
	Line []string // /proc/PID/cmdline; a kernel thread has none
}

// Matches tells whether a process is one of those that count, by keepalived's
// rules: its name is the configured one, or where arguments are compared or the
// whole command is asked for, the first word of its command line is.
func (p Process) Matches(r Running) bool {
	if len(p.Command) == 0 {
		return false
	}
	if !p.FullPath {
		// The kernel cuts names; what is configured may be the whole one.
		return r.Name == p.Command[0] || len(p.Command[0]) > MaxName && r.Name == p.Command[0][:MaxName]
	}
	if len(r.Line) == 0 || r.Line[0] != p.Command[0] {
		return false
	}
	want, have := p.Command[1:], r.Line[1:]
	switch p.Match {
	case ExactArgs:
		return slices.Equal(want, have)
	case PartialArgs:
		return len(have) >= len(want) && slices.Equal(want, have[:len(want)])
	case InitialArgs:
		last := len(want) - 1
		return last < 0 || len(have) > last && slices.Equal(want[:last], have[:last]) && strings.HasPrefix(have[last], want[last])
	}
	return true
}

// Good tells whether as many run as shall.
func (p Process) Good(n int) bool {
	return n >= p.QuorumMin && (p.QuorumMax == NoLimit || n <= p.QuorumMax)
}

// Quorum is whether as many processes run as shall, for as long as they have to.
type Quorum struct {
	of        Process
	known, up bool
	count     int
	turns     time.Time // when what is the case now counts; zero: it does
}

// NewQuorum returns the quorum of processes that nobody has counted.
func NewQuorum(p Process) *Quorum { return &Quorum{of: p} }

// Configure takes another configuration at a time, and keeps what is known.
func (q *Quorum) Configure(now time.Time, p Process) bool {
	q.of = p
	return q.known && q.Count(now, q.count)
}

// Count takes how many run now, and tells whether the verdict is new. The first
// count is one at once: the delays are for changes.
func (q *Quorum) Count(now time.Time, n int) bool {
	q.count = n
	good := q.of.Good(n)
	switch {
	case !q.known:
		q.known, q.up = true, good
		return true
	case good == q.up:
		q.turns = time.Time{}
		return false
	}
	delay := q.of.DownDelay
	if good {
		delay = q.of.UpDelay
	}
	if q.turns.IsZero() {
		q.turns = now.Add(delay)
	}
	return q.Expire(now)
}

// Deadline is when to call Expire; zero: never.
func (q *Quorum) Deadline() time.Time { return q.turns }

// Expire turns the verdict where its delay is over, and tells whether it did.
func (q *Quorum) Expire(now time.Time) bool {
	if q.turns.IsZero() || now.Before(q.turns) {
		return false
	}
	q.up, q.turns = !q.up, time.Time{}
	return true
}

// Verdict tells whether as many run as shall, and how many do; known is false
// before the first count.
func (q *Quorum) Verdict() (up bool, n int, known bool) { return q.up, q.count, q.known }
