package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/track"
)

const (
	// recount is how often all processes are read where the kernel tells of each
	// that begins or ends.
	recount = time.Minute
	// pollProcesses is how often where it does not.
	pollProcesses = time.Second
)

// processes counts processes. The kernel tells of each that begins, changes or
// ends; where it does not, all are read again and again.
type processes struct {
	log     *slog.Logger
	publish func(vrrp.Item, vrrp.ItemState)
	wish    wish[[]track.Process]
	proc    procFS

	all []*counted
}

// counted is a kind of processes with those that run.
type counted struct {
	track.Process
	quorum *track.Quorum
	pids   map[int]bool
	told   *vrrp.ItemState
}

func newProcesses(log *slog.Logger, publish func(vrrp.Item, vrrp.ItemState)) *processes {
	return &processes{log: log, publish: publish, wish: newWish[[]track.Process](), proc: "/proc"}
}

// run counts until the context ends. Nothing is listened to or read as long as
// nothing is to be counted.
func (p *processes) run(ctx context.Context) {
	var told *connector
	defer func() { told.close() }()
	full := time.NewTimer(0)
	delays := time.NewTimer(0)
	defer full.Stop()
	defer delays.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wish.poke:
			if w, ok := p.wish.take(); ok {
				p.set(time.Now(), w)
				told = p.listen(told)
				p.count(told, full) // Listened first and counted then.
			}
		case e := <-told.stream():
			if e.lost {
				p.count(told, full)
			} else {
				p.apply(e)
			}
		case <-full.C:
			p.count(told, full)
		case <-delays.C:
		}
		p.tell(time.Now(), delays)
	}
}

// listen begins or stops to listen to the kernel, as there is something to count.
func (p *processes) listen(to *connector) *connector {
	switch {
	case len(p.all) == 0:
		to.close()
		return nil
	case to != nil:
		return to
	}
	c, err := newConnector()
	if err != nil {
		p.log.Info("the kernel does not tell of processes: they are counted every second", "err", err)
	}
	return c
}

// set brings the kinds in line with a wish.
func (p *processes) set(now time.Time, wish []track.Process) {
	old := p.all
	p.all = make([]*counted, len(wish))
	for i, c := range wish {
		n := slices.IndexFunc(old, func(k *counted) bool { return k.Name == c.Name })
		if n < 0 {
			p.all[i] = &counted{Process: c, quorum: track.NewQuorum(c)}
			continue
		}
		old[n].Process = c
		old[n].quorum.Configure(now, c)
		p.all[i] = old[n]
	}
}

// count reads all processes.
func (p *processes) count(told *connector, again *time.Timer) {
	if len(p.all) == 0 {
		again.Stop()
		return
	}
	interval := pollProcesses
	if told != nil {
		interval = recount
	}
	again.Reset(interval)
	for _, k := range p.all {
		k.pids = make(map[int]bool)
	}
	lines := slices.ContainsFunc(p.all, func(k *counted) bool { return k.FullPath })
	for _, pid := range p.proc.pids() {
		p.look(pid, lines)
	}
}

// look reads one process.
func (p *processes) look(pid int, line bool) {
	r, alive := p.proc.read(pid, line)
	for _, k := range p.all {
		if alive && k.Matches(r) {
			k.pids[pid] = true
		} else {
			delete(k.pids, pid)
		}
	}
}

// apply takes what the kernel says of one process.
func (p *processes) apply(e procEvent) {
	switch e.what {
	case forked: // A child is what its parent is.
		for _, k := range p.all {
			if k.pids[e.parent] {
				k.pids[e.pid] = true
			}
		}
	case changed:
		p.look(e.pid, slices.ContainsFunc(p.all, func(k *counted) bool { return k.FullPath }))
	case exited:
		for _, k := range p.all {
			delete(k.pids, e.pid)
		}
	}
}

// tell publishes what is new, and sets the timer for what needs time to count.
func (p *processes) tell(now time.Time, delays *time.Timer) {
	var next time.Time
	for _, k := range p.all {
		k.quorum.Count(now, len(k.pids))
		k.quorum.Expire(now)
		up, n, _ := k.quorum.Verdict()
		st := vrrp.ItemState{Up: up, Detail: k.describe(n)}
		if k.told == nil || *k.told != st {
			if k.told == nil || k.told.Up != up {
				level := slog.LevelInfo
				if !up {
					level = slog.LevelWarn
				}
				p.log.Log(context.Background(), level, "tracked processes", "process", k.Name, "up", up, "why", st.Detail)
			}
			k.told = &st
			p.publish(vrrp.Item{Kind: vrrp.Process, Name: k.Name}, st)
		}
		if at := k.quorum.Deadline(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	delays.Stop()
	if !next.IsZero() {
		delays.Reset(time.Until(next))
	}
}

// describe says how many run, and how many shall.
func (k *counted) describe(n int) string {
	switch {
	case k.QuorumMax == track.NoLimit:
		return fmt.Sprintf("%d running, %d wanted", n, k.QuorumMin)
	case k.QuorumMax == 0:
		return fmt.Sprintf("%d running, none allowed", n)
	}
	return fmt.Sprintf("%d running, %d to %d", n, k.QuorumMin, k.QuorumMax)
}
