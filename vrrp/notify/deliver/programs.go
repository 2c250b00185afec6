package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// readyTime is how long at most the addresses are waited for.
const readyTime = 3 * time.Second

// hurryTime is what a program may still take when tandem stops, unless it tells
// of the stop.
const hurryTime = time.Second

// stopTime is how long a stop waits at most before it ends what still runs.
const stopTime = 3 * time.Second

// grace is what a program has between SIGTERM and SIGKILL.
const grace = time.Second

// job is one event that its programs are told of, one after the other.
type job struct {
	notify.Job
	step   int // that runs
	began  time.Time
	cancel context.CancelFunc
	alarm  *time.Timer // rings when it is late
	late   bool        // it has run for longer than it should
	killed bool
	result program.Result
	err    error
}

// overdue says that the program of a step is late.
type overdue struct {
	*job
	step int
}

func (j *job) last() bool { return j.step == len(j.Steps)-1 }

// start starts every program that may run.
func (d *Deliverer) start(ctx context.Context) {
	for !d.closed {
		work, ok := d.teller.Next()
		if !ok {
			return
		}
		if work.Skipped > 0 {
			d.counted(func(c *Counts) { c.Skipped += work.Skipped })
			d.log.Warn("changes of state came and went while a program ran; the newest one is told",
				"about", work.Event.Subject.String(), "skipped", work.Skipped, "state", work.Event.Word)
		}
		j := &job{Job: work}
		d.jobs[work.Event.Subject] = j
		d.run(ctx, j, work.Event.Kind == notify.StateChange && d.Ready != nil)
	}
}

// run runs the program of the step, after the addresses are there where it
// waits for them.
func (d *Deliverer) run(ctx context.Context, j *job, wait bool) {
	step := j.Steps[j.step]
	policy := d.config.Policy
	limit := d.config.Timeout
	if limit == 0 {
		limit = notify.DefaultTimeout
	}
	if d.hurried(j) {
		limit = hurryTime
	}
	own, cancel := context.WithCancel(ctx)
	j.cancel, j.began, j.late, j.killed = cancel, time.Now(), false, false
	n := j.step
	j.alarm = time.AfterFunc(limit, func() {
		select {
		case d.overdue <- overdue{j, n}:
		case <-own.Done():
		}
	})
	d.tasks.Go(func() {
		defer cancel()
		if wait {
			d.ready(own)
		}
		var r program.Resolved
		if r, j.err = program.Resolve(step.Command, policy); j.err == nil {
			j.result, j.err = r.Run(own, program.Run{Args: step.Args, Stdin: j.Stdin, Env: j.Env, Grace: grace})
		}
		select {
		case d.finished <- j:
		case <-ctx.Done():
		}
	})
}

func (d *Deliverer) ready(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if err := d.Ready(ctx); err != nil && ctx.Err() != context.Canceled {
		d.log.Warn("a change of state is told before all addresses are in their place", "error", err)
	}
}

// next goes on with a job whose program has ended.
func (d *Deliverer) next(ctx context.Context, j *job) {
	j.alarm.Stop()
	d.say(j)
	if !j.last() && !d.closed {
		j.step++
		d.run(ctx, j, false)
		return
	}
	delete(d.jobs, j.Event.Subject)
	d.teller.Done(j.Event.Subject)
}

// say logs how a program ended.
func (d *Deliverer) say(j *job) {
	step, log := j.Steps[j.step], d.log.With("about", j.Event.Subject.String(), "state", j.Event.Word, "generation", j.Event.Generation)
	d.counted(func(c *Counts) {
		switch {
		case j.err != nil:
			c.Refused++
			return
		case j.killed:
			c.Killed++
		case !j.result.OK():
			c.Failed++
		}
		c.Programs++
	})
	d.trouble(step.Keyword+" of "+j.Event.Subject.String(), j.failure())
	switch {
	case j.err != nil:
		log.Log(context.Background(), d.level(j, slog.LevelError, "is not run"), step.Keyword+" is not run", "error", j.err)
	case j.killed && len(d.stops) > 0:
		cut := fmt.Sprintf("%s of %s (%s): %s", step.Keyword, j.Event.Subject, step.Command.Name(), j.result)
		if d.closed && !j.last() {
			cut += ", and " + j.Steps[j.step+1].Keyword + " was not begun"
		}
		d.cut = append(d.cut, cut)
	case j.killed:
		log.Error(step.Keyword+" was ended because something newer waited for it", "command", step.Command.Name(), "result", j.result.String())
	case !j.result.OK():
		log.Log(context.Background(), d.level(j, slog.LevelError, "has failed"), step.Keyword+" has failed", "command", step.Command.Name(), "result", j.result.String())
	default:
		log.Log(context.Background(), d.level(j, slog.LevelInfo, "has run"), step.Keyword+" has run", "command", step.Command.Name(), "result", j.result.String())
	}
}

// failure is why the program that has ended did not do its work; empty: it did.
func (j *job) failure() string {
	switch {
	case j.err != nil:
		return j.err.Error()
	case j.killed:
		return "it was ended because something newer waited for it"
	case !j.result.OK():
		return j.Steps[j.step].Command.Name() + ": " + j.result.String()
	}
	return ""
}

// outcome is how a program has ended, and in which state of its instance.
type outcome struct {
	generation uint64
	how        string
}

// level is how loudly the end of a program is logged. That a master hears a lower
// one can go on for days, or be what a stranger sends: the same outcome is said
// once while the instance is master.
func (d *Deliverer) level(j *job, level slog.Level, how string) slog.Level {
	if j.Event.Kind != notify.LowerHeard {
		return level
	}
	o := outcome{j.Event.Generation, how}
	if d.lower[j.Event.Subject] == o {
		return slog.LevelDebug
	}
	d.lower[j.Event.Subject] = o
	return level
}

// late deals with a program that has run for its time: it is ended as soon as
// something waits for that. Until then what it tells is still true, and what it
// does may simply take long.
func (d *Deliverer) late(o overdue) {
	j := o.job
	if d.jobs[j.Event.Subject] != j || j.late || j.step != o.step {
		return
	}
	j.late = true
	d.teller.Late(j.Event.Subject)
	d.endAwaited(j)
	if !j.killed {
		step := j.Steps[j.step]
		d.log.Warn(step.Keyword+" still runs; it is ended when there is something newer to tell",
			"about", j.Event.Subject.String(), "state", j.Event.Word, "command", step.Command.Name(), "after", time.Since(j.began).Round(time.Second).String())
	}
}

// endAwaited ends a program that is late if something waits for its end.
func (d *Deliverer) endAwaited(j *job) {
	if j.late && !j.killed && (!j.last() || d.hurried(j) || d.teller.Awaited(j.Event.Subject)) {
		j.killed = true
		j.cancel()
	}
}

// hurried tells that tandem stops and the job is of something before.
func (d *Deliverer) hurried(j *job) bool { return len(d.stops) > 0 && j.Event.Word != notify.Stop }

// hurry gives what is before the stop little time.
func (d *Deliverer) hurry() {
	for _, j := range d.jobs {
		if d.hurried(j) && !j.late {
			j.alarm.Reset(hurryTime)
		}
		d.endAwaited(j)
	}
	for _, p := range d.pipes {
		p.hurry()
	}
}
