package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// maxRunning bounds how many scripts run at once. One whose time is over does
// not count: it may hang in the kernel where no signal ends it, and shall not
// stop the others.
const maxRunning = 32

// scripts runs programs again and again. Its goroutine owns everything; each run
// has one of its own, and sends it how it ended.
type scripts struct {
	log     *slog.Logger
	publish func(vrrp.Item, vrrp.ItemState)
	wish    wish[scriptWish]
	start   func(context.Context, program.Command, program.Policy, time.Duration) ending
	ended   chan ending

	policy  program.Policy
	entries []*entry // in configured order
	leaving []*entry // not configured any more, and still running
	runs    sync.WaitGroup
}

// scriptWish is what to run, and as whom.
type scriptWish struct {
	scripts []track.Script
	policy  program.Policy
}

// ending is how a run ended.
type ending struct {
	of       *entry
	result   program.Result
	warnings []string
	err      error // it was not started
}

func newScripts(log *slog.Logger, publish func(vrrp.Item, vrrp.ItemState)) *scripts {
	return &scripts{log: log, publish: publish, wish: newWish[scriptWish](), start: startProgram, ended: make(chan ending)}
}

// startProgram looks anew what would be run, since files change, and runs it.
func startProgram(ctx context.Context, c program.Command, p program.Policy, timeout time.Duration) ending {
	r, err := program.Resolve(c, p)
	if err != nil {
		return ending{err: err}
	}
	res, err := r.Run(ctx, program.Run{Timeout: timeout})
	return ending{result: res, warnings: r.Warnings, err: err}
}

// run starts what is due until the context ends, one timer for all.
func (s *scripts) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.leave()
			return
		case <-s.wish.poke:
			if w, ok := s.wish.take(); ok {
				s.set(time.Now(), w)
			}
		case e := <-s.ended:
			s.end(e)
		case <-timer.C:
		}
		now := time.Now()
		s.expire(now)
		s.launch(ctx, now)
		if next := s.deadline(); !next.IsZero() {
			timer.Reset(time.Until(next))
		} else {
			timer.Stop()
		}
	}
}

// leave waits for the runs that the end of the context ends, but not for one that
// nothing ends.
func (s *scripts) leave() {
	done := make(chan struct{})
	go func() {
		s.runs.Wait()
		close(done)
	}()
	patience := time.NewTimer(program.DefaultGrace + time.Second)
	defer patience.Stop()
	for {
		select {
		case <-s.ended:
		case <-done:
			return
		case <-patience.C:
			s.log.Warn("a tracked script does not end and is left behind")
			return
		}
	}
}

// set brings the scripts in line with a wish.
func (s *scripts) set(now time.Time, w scriptWish) {
	s.policy = w.policy
	old := append(s.entries, s.leaving...)
	s.entries, s.leaving = make([]*entry, len(w.scripts)), nil
	for i, c := range w.scripts {
		n := slices.IndexFunc(old, func(e *entry) bool { return e.Name == c.Name })
		if n < 0 {
			s.entries[i] = newEntry(c, now)
			if c.InitFail {
				s.tell(s.entries[i], "init_fail")
			}
			continue
		}
		s.entries[i] = old[n]
		s.entries[i].configure(now, c)
		old = slices.Delete(old, n, n+1)
	}
	for _, e := range old {
		if e.running {
			e.cancel()
			e.gone = true
			s.leaving = append(s.leaving, e)
		}
	}
}

// expire counts a run as a failure at the moment when it is too long, however
// long it takes to die, and as another one each interval that it does not.
func (s *scripts) expire(now time.Time) {
	for _, e := range s.entries {
		if !e.running || now.Before(e.expires) {
			continue
		}
		switch {
		case e.expired:
			s.count(e, false, fmt.Sprintf("its last run does not end, killed %s ago", seconds(now.Sub(e.killed).Round(time.Second))))
		case !e.stale:
			s.count(e, false, "timed out after "+seconds(e.timeout()))
		}
		if !e.expired {
			e.expired, e.killed = true, now
		}
		e.expires = now.Add(e.Interval)
	}
}

// launch starts the scripts that are due, the one that has waited longest first.
func (s *scripts) launch(ctx context.Context, now time.Time) {
	room := maxRunning
	var due []*entry
	for _, e := range slices.Concat(s.entries, s.leaving) {
		switch {
		case e.running && !e.expired:
			room--
		case !e.running && !e.gone && !e.due.After(now):
			due = append(due, e)
		}
	}
	slices.SortStableFunc(due, func(a, b *entry) int { return a.due.Compare(b.due) })
	for _, e := range due[:min(len(due), max(room, 0))] {
		e.due = e.next(now)
		if !e.started {
			e.due = s.spread(e, now)
		}
		s.launchOne(ctx, e, now)
	}
}

func (s *scripts) launchOne(ctx context.Context, e *entry, now time.Time) {
	e.started, e.running, e.expired = true, true, false
	e.expires = now.Add(e.timeout())
	within, cancel := context.WithCancel(ctx)
	e.cancel = cancel
	command, policy, timeout := e.Command, s.policy, e.timeout()
	s.runs.Go(func() {
		defer cancel()
		ended := s.start(within, command, policy, timeout)
		ended.of = e
		select {
		case s.ended <- ended:
		case <-ctx.Done():
		}
	})
}

// spread is when a script is run a second time: the first runs are at once, so
// that the state is known soon, and the others are spread evenly over the
// interval.
func (s *scripts) spread(e *entry, now time.Time) time.Time {
	i, n := slices.Index(s.entries, e), len(s.entries)
	return now.Add(e.Interval * time.Duration(i+1) / time.Duration(n))
}

// deadline is when something is to be done next; zero: never. What is due and
// has no room waits for an end or a time that is over.
func (s *scripts) deadline() (first time.Time) {
	earlier := func(t time.Time) {
		if first.IsZero() || t.Before(first) {
			first = t
		}
	}
	now := time.Now()
	for _, e := range s.entries {
		switch {
		case e.running:
			earlier(e.expires)
		case e.due.After(now):
			earlier(e.due)
		}
	}
	return first
}

// end takes how a run ended.
func (s *scripts) end(ending ending) {
	e := ending.of
	stale := e.stale
	e.running, e.stale = false, false
	if now := time.Now(); !stale && !e.due.After(now) {
		e.due = e.next(now) // A beat that it has missed is not made up for.
	}
	if e.gone {
		s.leaving = slices.DeleteFunc(s.leaving, func(l *entry) bool { return l == e })
		return
	}
	if ending.err == nil {
		s.log.Debug("a tracked script ended", "script", e.Name, "result", ending.result.String())
	}
	switch {
	case stale || e.expired:
		return // It is of another program, or counted.
	case ending.err != nil:
		s.refuse(e, ending.err)
		return
	}
	if warnings := strings.Join(ending.warnings, "; "); warnings != e.said {
		e.said = warnings
		s.log.Warn("a tracked script is run all the same", "script", e.Name, "warning", warnings)
	}
	e.ran = true
	s.leak(e, ending.result.Left)
	s.count(e, ending.result.OK(), detail(ending.result, e.timeout()))
}

// maxLeft is of how many runs something may still run in the background: more
// are a leak, which fills the host in the end.
const maxLeft = 10

// leak takes the process group in which a run has left something; 0: none.
func (s *scripts) leak(e *entry, group int) {
	if group == 0 || e.leaked {
		return
	}
	e.left = append(slices.DeleteFunc(e.left, func(g int) bool { return !program.Runs(g) }), group)
	if len(e.left) < maxLeft {
		return
	}
	s.log.Warn("a tracked script leaves something running in the background each time: it is not ended with the script, and becomes more",
		"script", e.Name, "runs", len(e.left), "newest_process_group", group)
	e.left, e.leaked = nil, true
}

// refuse takes a script that cannot be started. One that never was is left out,
// as in keepalived, until it can be; of one that was it is a failure.
func (s *scripts) refuse(e *entry, why error) {
	if text := why.Error(); text != e.said {
		e.said = text
		what := "a tracked script cannot be run and is left out"
		if e.ran {
			what = "a tracked script cannot be run any more"
		}
		s.log.Error(what, "script", e.Name, "err", why)
	}
	if e.ran {
		s.count(e, false, why.Error())
		return
	}
	s.report(e, vrrp.ItemState{Void: true, Detail: why.Error()})
}

// count takes a result, and tells what it makes of the script.
func (s *scripts) count(e *entry, ok bool, why string) {
	if e.gate.Take(ok) {
		up, _ := e.gate.Verdict()
		level := slog.LevelInfo
		if !up {
			level = slog.LevelWarn
		}
		s.log.Log(context.Background(), level, "tracked script", "script", e.Name, "up", up, "why", why)
	} else if n, of := e.gate.Against(); n > 0 {
		why += fmt.Sprintf(", %d of %d in a row", n, of)
	}
	s.tell(e, why)
}

// tell publishes the verdict.
func (s *scripts) tell(e *entry, why string) {
	up, _ := e.gate.Verdict()
	s.report(e, vrrp.ItemState{Up: up, Detail: why})
}

func (s *scripts) report(e *entry, st vrrp.ItemState) {
	if e.told == nil || *e.told != st {
		e.told = &st
		s.publish(vrrp.Item{Kind: vrrp.Script, Name: e.Name}, st)
	}
}
