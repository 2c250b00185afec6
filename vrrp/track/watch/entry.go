package watch

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// entry is one script with what is known of it.
type entry struct {
	track.Script
	gate    *track.Gate
	due     time.Time // of the next run
	started bool      // it was run at least once
	ran     bool      // with a result
	gone    bool      // nobody asks for it any more

	running bool
	expires time.Time // when the run is too long, or counts as too long again
	expired bool      // it is, and was counted
	killed  time.Time // since when
	stale   bool      // it is one of a program that is not asked for any more
	cancel  context.CancelFunc

	left   []int // process groups in which its runs have left something, at most maxLeft
	leaked bool  // it has been said that they become more

	told *vrrp.ItemState // last; nil: nothing
	said string          // in the log: why it cannot be run, or what is doubtful about it
}

func newEntry(c track.Script, now time.Time) *entry {
	return &entry{Script: c, gate: track.NewGate(c), due: now}
}

// configure takes a new configuration. Another program is run at once, and its
// first result counts; until then what was known stands.
func (e *entry) configure(now time.Time, c track.Script) {
	other := !reflect.DeepEqual(e.Command, c.Command)
	longer := c.Interval != e.Interval
	e.Script = c
	e.gate.Configure(c)
	switch {
	case e.gone:
		// It was away, and somebody else may have seen what it said.
		e.gone, e.stale, e.told = false, true, nil
		e.gate, e.due = track.NewGate(c), now
	case other:
		e.gate.Forget()
		e.due = now
		e.left, e.leaked = nil, false
		if e.running {
			e.stale = true
			e.cancel()
		}
	case longer && e.due.After(now.Add(e.Interval)):
		e.due = now.Add(e.Interval)
	}
}

// timeout is how long a run may take.
func (e *entry) timeout() time.Duration {
	if e.Timeout > 0 {
		return e.Timeout
	}
	return e.Interval
}

// next is when the script is due again: on its own beat, however late it was, and
// without the beats that were missed.
func (e *entry) next(now time.Time) time.Time {
	if missed := now.Sub(e.due); missed > 0 {
		return e.due.Add(missed.Truncate(e.Interval) + e.Interval)
	}
	return e.due.Add(e.Interval)
}

// detail says how a run ended: "exit status 1: no such host", "killed by signal 9".
// What a run that failed wrote last often says why.
func detail(r program.Result, timeout time.Duration) string {
	why := fmt.Sprintf("exit status %d", r.Status)
	switch {
	case r.TimedOut:
		why = "timed out after " + seconds(timeout)
	case r.Signal != 0:
		why = fmt.Sprintf("killed by signal %d", int(r.Signal))
	}
	if !r.OK() && r.Output != "" {
		why += ": " + r.Output
	}
	return why
}

// seconds writes a time as the configuration would: "2s", "0.5s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}
