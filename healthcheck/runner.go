// Package healthcheck decides when to probe real servers and what the results
// mean: Spec in, Result out, Gate for the verdict. How a probe is made is the
// business of the Checkers in package probe. Nothing that crosses the line
// between who wants checks and who runs them is more than plain data, so the
// two may be different processes.
package healthcheck

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Options tune a Runner. The zero value means the defaults.
type Options struct {
	Concurrency int // probes that run at once; 0: DefaultConcurrency()
}

// Runner runs checks. Set says which, Run runs them, Ready and Take hand out
// what came of it.
//
// One goroutine owns the schedule: a heap of due times and one timer, whatever
// the number of checks; an attempt has a goroutine only while it runs. The
// mutex guards wish alone.
type Runner struct {
	build Builder
	log   *slog.Logger
	slots int

	mu   sync.Mutex
	wish []wanted // what Set said last
	poke chan struct{}

	box outbox
}

// wanted is a Check with the identity of its Spec.
type wanted struct {
	Check
	text string
}

// NewRunner returns a Runner that makes its Checkers with build.
func NewRunner(build Builder, log *slog.Logger, opt Options) *Runner {
	if opt.Concurrency <= 0 {
		opt.Concurrency = DefaultConcurrency()
	}
	return &Runner{
		build: build,
		log:   log,
		slots: opt.Concurrency,
		poke:  make(chan struct{}, 1),
		box:   outbox{latest: make(map[Key]Result), ready: make(chan struct{}, 1)},
	}
}

// Set replaces the wish: these checks and no others. A check whose Spec is the
// same as before keeps its schedule, its count of failures and its running
// attempt; another Spec starts anew; what is no longer wanted is cancelled.
// Once Set has returned, Take returns nothing of former Specs. Checks of equal
// Specs share one probe. Of checks with the same key the last counts.
//
// Set does not wait, and may be called before Run and during it.
func (r *Runner) Set(checks []Check) {
	wish := make([]wanted, len(checks))
	bound := make(map[Key]string, len(checks))
	for i, c := range checks {
		wish[i] = wanted{c, c.Spec.text()}
		bound[c.Key] = wish[i].text
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wish = wish
	r.box.bind(bound)
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// Ready has a value when Take has something to return.
func (r *Runner) Ready() <-chan struct{} { return r.box.ready }

// Take returns the results since the last Take, at most one for each key: the
// newest. No probe ever waits for a reader.
func (r *Runner) Take() []Result { return r.box.take() }

// text is the identity of a Spec: its JSON.
func (s Spec) text() string {
	b, _ := json.Marshal(s) // cannot fail: every field has a JSON form
	return string(b)
}

// run is the state of one Run, owned by its goroutine.
type run struct {
	*Runner
	probes map[string]*probe // by Spec as text
	owner  map[Key]*probe    // whose results a key gets
	agenda agenda
	lanes  lanes
	lot    int // Sets that brought new probes so far
	ended  chan attempt
	wg     sync.WaitGroup
}

// attempt is what a probe's goroutine reports.
type attempt struct {
	probe  *probe
	silent bool // the slot it held
	result Result
}

// Run probes until ctx is done, then cancels what runs, waits for it and
// returns nil.
func (r *Runner) Run(ctx context.Context) error {
	s := run{
		Runner: r,
		probes: make(map[string]*probe),
		lanes:  lanes{slots: r.slots},
		ended:  make(chan attempt, 64),
	}
	defer s.wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.poke:
			s.adopt()
		case a := <-s.ended:
			s.finish(a)
		case <-timer.C:
		}
		s.start(ctx)
		if len(s.agenda) > 0 {
			timer.Reset(time.Until(s.agenda[0].due))
		}
	}
}

// adopt takes over what Set said last.
func (s *run) adopt() {
	s.mu.Lock()
	wish := s.wish
	s.mu.Unlock()

	last := make(map[Key]int, len(wish))
	for i, w := range wish {
		last[w.Key] = i
	}
	for _, p := range s.probes {
		p.keys = nil
	}
	former := s.owner
	s.owner = make(map[Key]*probe, len(wish))
	var fresh []*probe
	for i, w := range wish {
		if last[w.Key] != i {
			continue
		}
		p := s.probes[w.text]
		if p == nil {
			p = s.newProbe(w)
			s.probes[w.text] = p
			fresh = append(fresh, p)
		}
		p.keys = append(p.keys, w.Key)
		s.owner[w.Key] = p
		if former[w.Key] != p && p.last.Reason != 0 {
			// Another check has asked this target already.
			s.box.put(p.text, []Key{w.Key}, p.last)
		}
	}
	s.retire()
	if len(fresh) == 0 {
		return
	}
	spread(fresh, time.Now(), s.lot)
	s.lot++
	for _, p := range fresh {
		s.agenda.add(p)
	}
}

// retire cancels the probes that no key wants.
func (s *run) retire() {
	for text, p := range s.probes {
		if len(p.keys) > 0 {
			continue
		}
		p.gone = true
		if p.stop != nil {
			p.stop()
		}
		delete(s.probes, text)
	}
	s.agenda.prune()
}

// newProbe makes the probe of a Spec. A Spec that cannot be built keeps
// reporting that.
func (s *run) newProbe(w wanted) *probe {
	spec := w.Spec
	checker, err := s.build(spec)
	if err != nil {
		s.log.Error("check cannot be made", "check", w.Key, "kind", spec.Kind, "target", spec.Target, "error", err)
		checker = unbuilt{err}
	}
	spec.Interval = max(spec.Interval, pause)
	spec.RetryDelay = max(spec.RetryDelay, pause)
	return &probe{spec: spec, text: w.text, checker: checker}
}

// start sends off what is due, as far as there are slots.
func (s *run) start(ctx context.Context) {
	now := time.Now()
	for p := s.agenda.pop(now); p != nil; p = s.agenda.pop(now) {
		s.lanes.wait(p)
	}
	for p := s.lanes.admit(); p != nil; p = s.lanes.admit() {
		attemptCtx, stop := context.WithCancel(ctx)
		p.stop = stop
		silent, late := p.silent, now.Sub(p.due)
		s.wg.Go(func() {
			a := attempt{probe: p, silent: silent, result: s.try(attemptCtx, p)}
			a.result.Late = late
			select {
			case s.ended <- a:
			case <-ctx.Done():
			}
		})
	}
}

// try makes one attempt. A Checker reads what strangers send: should it panic,
// this attempt alone is lost.
func (s *run) try(ctx context.Context, p *probe) (res Result) {
	begin := time.Now()
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("checker panicked", "kind", p.spec.Kind, "target", p.spec.Target, "panic", v, "stack", string(debug.Stack()))
			res.Reason, res.Detail = LocalError, fmt.Sprintf("checker panicked: %v", v)
		}
		res.At = time.Now()
		res.Took = res.At.Sub(begin)
	}()
	res.Reason, res.Detail = p.checker.Check(ctx)
	return res
}

// finish takes the outcome of an attempt in and says when the next is due.
func (s *run) finish(a attempt) {
	s.lanes.release(a.silent)
	p := a.probe
	p.stop()
	p.stop = nil
	if p.gone {
		return
	}
	switch a.result.Reason {
	case Passed:
		p.fails = 0
	case LocalError:
	default:
		p.fails++
	}
	p.silent = a.result.Reason == TimedOut
	a.result.Fails = p.fails
	p.due = p.next(time.Now(), a.result.Reason)
	s.agenda.add(p)
	p.last = a.result
	s.box.put(p.text, p.keys, a.result)
}
