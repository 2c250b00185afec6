// Package deliver tells the world what package notify decides: it runs the
// programs, writes the pipes and sends the mail. A program that hangs, a pipe
// that nobody reads and a mail server that is down hold up neither each other nor
// whoever has something to tell.
package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// Deliverer tells what happens. One goroutine, that of Run, owns its state; who
// runs a program, writes a pipe or sends a mail has one of its own.
type Deliverer struct {
	// Ready, if set before Run, is waited for before a change of state is told to
	// a program or a pipe: until the addresses are where they belong.
	Ready func(context.Context) error

	log *slog.Logger

	mu       sync.Mutex // guards what follows
	inbox    []any      // notify.Config, vrrp.Notice, stop; in order
	count    Counts
	troubles map[string]Trouble // by what

	bell     chan struct{} // the inbox is not empty
	finished chan *job
	overdue  chan overdue
	posted   chan error // a mail has left, or not

	config  notify.Config
	set     bool // there was a configuration before
	teller  *notify.Teller
	jobs    map[notify.Subject]*job
	lower   map[notify.Subject]outcome // of programs told of lower masters, as last logged
	pipes   []*pipe
	mailbox *notify.Mailbox
	posting bool
	unpost  context.CancelFunc // ends the mail that is being sent
	subject string             // of it
	stops   []stop
	closing <-chan time.Time // stopTime is over
	closed  bool             // it is: nothing new is begun
	cut     []string         // what the stop did not wait for
	tasks   sync.WaitGroup
}

// Counts are what has been delivered, ever.
type Counts struct {
	Programs, Failed, Refused, Killed int // programs run, and of them those that failed or took too long; those not run
	Skipped                           int // changes of state that came and went while a program ran
	LinesDropped                      int // for pipes that were full
	Mails, MailsFailed                int // attempts
	MailsGivenUp                      int // changes of state
}

// stop asks to end: done is closed when everything is told.
type stop struct{ done chan struct{} }

// New makes one that has nobody to tell anything. Run has to be called.
func New(log *slog.Logger) *Deliverer {
	return &Deliverer{
		log: log, bell: make(chan struct{}, 1),
		finished: make(chan *job), overdue: make(chan overdue), posted: make(chan error),
		teller: notify.NewTeller(), jobs: make(map[notify.Subject]*job), mailbox: notify.NewMailbox(),
		troubles: make(map[string]Trouble), lower: make(map[notify.Subject]outcome),
	}
}

// Set takes whom to tell what, at the start and after a reload. It is to be
// called before the Router has its configuration, so that what a reload removes
// is told as that. It does not block.
func (d *Deliverer) Set(c notify.Config) { d.put(c) }

// Notice takes something to tell. It does not block, so that a Router may call
// it. The order of the calls is the order in which things are told.
func (d *Deliverer) Notice(n vrrp.Notice) { d.put(n) }

// Counts are what has been delivered up to now.
func (d *Deliverer) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

func (d *Deliverer) put(v any) {
	d.mu.Lock()
	d.inbox = append(d.inbox, v)
	d.mu.Unlock()
	d.ring()
}

// ring wakes Run.
func (d *Deliverer) ring() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}

func (d *Deliverer) counted(f func(*Counts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.count)
}

// Stop waits until everything is told that has happened up to now, or until ctx
// ends. What tells of something before the stop has a second, and all together
// has three: what runs longer is ended, and a warning names it. So it takes four
// seconds at most, unless the kernel keeps a program that was killed. Run goes on
// until its context ends.
func (d *Deliverer) Stop(ctx context.Context) error {
	s := stop{make(chan struct{})}
	d.put(s)
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("tell everybody of the stop: %w", ctx.Err())
	}
}

// Run tells until ctx ends. What runs then is ended, and pipes that were made are
// taken away.
func (d *Deliverer) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer d.tasks.Wait()
	defer cancel()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		if d.read(ctx) {
			d.start(ctx)
		}
		d.post(ctx, time.Now())
		d.answerStops()
		if next := d.mailbox.Next(); !next.IsZero() && !d.posting {
			alarm.Reset(max(time.Until(next), time.Millisecond))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.bell:
		case <-alarm.C:
		case j := <-d.finished:
			d.next(ctx, j)
			d.start(ctx)
		case o := <-d.overdue:
			d.late(o)
			d.start(ctx)
		case err := <-d.posted:
			d.mailed(err)
		case <-d.closing:
			d.close()
		}
	}
}

// read takes what has come in. false: nothing has.
func (d *Deliverer) read(ctx context.Context) bool {
	d.mu.Lock()
	inbox := d.inbox
	d.inbox = nil
	d.mu.Unlock()
	for _, v := range inbox {
		switch v := v.(type) {
		case notify.Config:
			d.configure(ctx, v)
		case vrrp.Notice:
			d.tell(v)
		case stop:
			if len(d.stops) == 0 {
				d.closing = time.After(stopTime)
			}
			d.stops = append(d.stops, v)
			d.hurry()
		}
	}
	return len(inbox) > 0
}

func (d *Deliverer) configure(ctx context.Context, c notify.Config) {
	again := d.set && c.StatesOnReload
	if c.RouterID == "" {
		c.RouterID = hostname()
	}
	d.config, d.set = c, true
	d.forgive()
	d.teller.Set(c)
	d.mailbox.Set(c)
	d.plumb(ctx)
	if again {
		for _, e := range d.teller.States() {
			d.pipe(e)
		}
	}
}

// tell hands an event to programs, pipes and mail.
func (d *Deliverer) tell(n vrrp.Notice) {
	e, ok := d.teller.Notice(n)
	if !ok {
		return
	}
	d.pipe(e)
	if d.mails() && d.teller.Hooks(e.Subject).Mail {
		d.mailbox.Add(e)
	}
	for _, j := range d.jobs {
		d.endAwaited(j)
	}
}

func (d *Deliverer) pipe(e notify.Event) {
	h := d.teller.Hooks(e.Subject)
	for _, p := range d.pipes {
		if p.config.Tells(e, h) {
			if dropped := p.add(e); dropped > 0 {
				d.counted(func(c *Counts) { c.LinesDropped += dropped })
			}
		}
	}
}

// answerStops says that everything is told, and what is not.
func (d *Deliverer) answerStops() {
	if len(d.stops) == 0 || !d.told() {
		return
	}
	if len(d.cut) > 0 {
		d.log.Warn("the stop does not wait for what takes long: not everybody is told", "cut_off", strings.Join(d.cut, "; "))
	}
	for _, s := range d.stops {
		close(s.done)
	}
	d.stops, d.closing, d.closed, d.cut = nil, nil, false, nil
}

// told tells that nothing more is to be waited for.
func (d *Deliverer) told() bool {
	if d.closed {
		return len(d.jobs) == 0 && !d.posting && d.drained()
	}
	mailing := d.posting || d.mails() && !d.mailbox.Empty() && !d.mailbox.Failing()
	return d.teller.Idle() && !mailing && d.drained()
}

// close ends what still runs when the time of a stop is over.
func (d *Deliverer) close() {
	d.closed = true
	for _, j := range d.jobs {
		if !j.killed {
			j.killed = true
			j.cancel()
		}
	}
	for _, s := range d.teller.Waiting() {
		d.cut = append(d.cut, "programs of "+s.String()+" were not begun")
	}
	if d.posting {
		d.unpost()
	}
}

// Script runs the program of startup_script or shutdown_script to its end, or
// until its time is over. An empty command is nothing to do. That it fails is
// logged, and no reason not to start.
func Script(ctx context.Context, log *slog.Logger, keyword string, c program.Command, limit time.Duration, p program.Policy) {
	if c.Empty() {
		return
	}
	if limit == 0 {
		limit = notify.DefaultScriptTimeout
	}
	r, err := program.Resolve(c, p)
	if err != nil {
		log.Error(keyword+" is not run", "error", err)
		return
	}
	warn(log, keyword, r)
	res, err := r.Run(ctx, program.Run{Timeout: limit})
	switch {
	case err != nil:
		log.Error(keyword+" is not run", "error", err)
	case !res.OK():
		log.Error(keyword+" has failed", "command", c.Name(), "result", res.String())
	default:
		log.Info(keyword+" has run", "command", c.Name(), "result", res.String())
	}
}

func warn(log *slog.Logger, keyword string, r program.Resolved) {
	for _, w := range r.Warnings {
		log.Warn(keyword + ": " + w)
	}
}
