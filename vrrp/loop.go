package vrrp

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// loop is what the router's goroutine owns.
type loop struct {
	router  *Router
	network Network
	host    Host
	log     *slog.Logger

	cfg       Config
	parted    []Mark         // of instances that are not configured (yet)
	instances []*instance    // in configured order
	places    map[string]int // of them, by name
	byID      map[routerID]*instance
	links     map[string]LinkState // as last told
	hearings  map[Listen]verdict   // of all that is listened to
	items     map[Item]ItemState   // as last told
	queue     *deadlines
	strays    [advert.NumDrops]uint64
	saidStray map[routerID]bool // that they are not configured

	beat    time.Duration
	slack   time.Duration // how much earlier an advert may leave in company
	planned time.Time     // when to wake up, at the latest
	now     time.Time     // of this round
	frames  []Frame
	batch   []Outgoing
	letters []letter // what batch consists of
	effects []func() // what follows the batch
	changed bool     // something worth a new snapshot happened
	notices []Notice // what to tell of then
	ending  bool

	began      time.Time               // when the counters did
	dropped    [advert.NumDrops]uint64 // by instances that are gone
	quietUntil time.Time               // nothing is heard or said before; zero: no delay
}

func newLoop(r *Router) *loop {
	return &loop{
		router: r, network: r.network, host: r.host, log: r.log,
		parted:    slices.Clone(*r.kept.Load()),
		links:     make(map[string]LinkState),
		hearings:  make(map[Listen]verdict),
		items:     make(map[Item]ItemState),
		saidStray: make(map[routerID]bool),
		queue:     newDeadlines(nil),
	}
}

// run does one round after another until it is told to end.
func (l *loop) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var heard *Frame
		select {
		case f := <-l.network.Frames():
			heard = &f
		case <-timer.C:
		case <-l.router.mail.poke:
		case <-ctx.Done():
			l.router.mail.post(func(l *loop) { l.end(Stop{}) })
		}
		l.round(heard)
		if l.ending {
			return
		}
		l.rearm(timer)
	}
}

// rearm sets the timer to the next deadline, or to the next beat.
func (l *loop) rearm(timer *time.Timer) {
	_, next := l.queue.top()
	l.planned = earliest(next, l.now.Add(l.beat))
	timer.Reset(time.Until(l.planned))
}

// round does everything that is due. The order matters: whether we overslept
// decides how to take what was heard meanwhile, and an advert that is waiting
// to be read outranks a timer that it would have restarted. Which of the two
// woke us up says nothing: select chooses at random.
func (l *loop) round(first *Frame) {
	frames := l.fetch(first)
	l.now = time.Now()
	l.wake()
	for _, f := range frames {
		l.receive(f)
	}
	for _, work := range l.router.mail.take() {
		work(l)
	}
	l.expire()
	l.flush()
}

// wake tells every machine when the process woke up later than it asked to.
// Time is monotonic, so a clock that is set is no sleep.
func (l *loop) wake() {
	slept := l.now.Sub(l.planned)
	if l.planned.IsZero() || slept < minLate {
		return
	}
	var overslept int
	for _, in := range l.instances {
		before := in.overslept
		l.step(in, Resumed{slept})
		if in.overslept > before {
			overslept++
		}
	}
	if overslept > 0 {
		l.log.Warn("overslept, listening before speaking", "late", slept, "instances", overslept)
	}
}

// maxFetch bounds what is read in a round, so that no flood of messages can
// keep a timer from being served.
const maxFetch = 4096

// fetch returns the message that woke us up and all that wait behind it.
func (l *loop) fetch(first *Frame) []Frame {
	clear(l.frames)
	l.frames = l.frames[:0]
	if first != nil {
		l.frames = append(l.frames, *first)
	}
	for len(l.frames) < maxFetch {
		select {
		case f := <-l.network.Frames():
			l.frames = append(l.frames, f)
		default:
			return l.frames
		}
	}
	return l.frames
}

// expire serves every timer that is due. If that sends anything, masters that
// are due in a moment send along: a thousand of them then cost a few system
// calls and wake-ups instead of a thousand. A down timer is never early.
func (l *loop) expire() {
	for {
		e, at := l.queue.top()
		if !due(l.now, at) {
			break
		}
		for _, in := range e.instances {
			if due(l.now, in.Deadline()) {
				l.step(in, Expired{})
			}
		}
	}
	for len(l.batch) > 0 {
		e, at := l.queue.top()
		if !due(l.now.Add(l.slack), at) {
			return
		}
		for _, in := range e.instances {
			l.step(in, Expired{Slack: l.slack})
		}
		if e.at.Equal(at) {
			return // Something that does not hurry.
		}
	}
}

// step hands an event to an instance, and keeps what it wants done.
func (l *loop) step(in *instance, ev Event) {
	for _, a := range in.entry.step(l.now, in.member, ev) {
		l.act(in.entry.instances[a.member], a.Action)
	}
	l.queue.fix(in.entry)
}

// act puts adverts into the batch and everything else behind it, so that no
// address moves before the advert that announces it.
func (l *loop) act(in *instance, a Action) {
	switch a := a.(type) {
	case Send:
		l.enqueue(in, a.Priority)
	case Addresses:
		name, wish := in.cfg.Name, in.cfg.wish(a.Present)
		l.effects = append(l.effects, func() { l.host.Want(name, wish) })
	case Burst:
		name := in.cfg.Name
		l.effects = append(l.effects, func() { l.host.Announce(name, a.Repeat) })
	case Notice:
		switch a := a.(type) {
		case Transition:
			in.moved(a)
			l.changed = true
		case LowerHeard:
			in.counters.LowerHeard++
			if l.now.Before(in.lowerTold.Add(lowerQuiet)) {
				return
			}
			in.lowerTold = l.now
		}
		l.notices = append(l.notices, a)
	}
}

// lowerQuiet is how long an instance tells nobody of another lower master: each
// time costs a run of the operator's program, and anybody on the link can be one,
// of any address.
const lowerQuiet = time.Second

// end makes every instance stop or leave, and the loop with them.
func (l *loop) end(ev Event) {
	if _, leave := ev.(Leave); leave {
		l.keepTenures()
	}
	for _, in := range l.instances {
		l.step(in, ev)
		if _, stop := ev.(Stop); stop && in.cfg.Own != nil {
			name := in.cfg.Name
			l.effects = append(l.effects, func() { l.host.Forget(name) }) // Its interface goes too.
		}
	}
	if _, stop := ev.(Stop); stop {
		l.keepTenures()
	}
	l.keepMarks()
	l.ending, l.changed = true, true // The last snapshot is what remains.
}
