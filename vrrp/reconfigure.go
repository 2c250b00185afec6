package vrrp

import (
	"slices"
	"time"
)

// configure brings the instances in line with a valid configuration, at the
// start and after a reload.
func (l *loop) configure(now time.Time, cfg Config) {
	l.now, l.cfg = now, cfg
	before := l.byID
	if before == nil {
		l.began = now
		l.quietUntil = now.Add(max(cfg.StartupDelay, cfg.DelayAfterBoot-l.router.Uptime))
	}

	l.byID = make(map[routerID]*instance, len(cfg.Instances))
	order := make([]*instance, len(cfg.Instances))
	for i, c := range cfg.Instances {
		in := before[c.id()]
		if in == nil {
			in = &instance{Machine: NewMachine(c), guard: newGuard(now)}
			in.counters.Discontinuity = now
			l.recall(in)
			l.inherit(in)
		}
		order[i], l.byID[c.id()] = in, in
	}
	for _, in := range l.instances {
		if l.byID[in.cfg.id()] == nil {
			l.remove(in)
		}
	}
	l.instances = order
	l.places = make(map[string]int, len(order))
	for i, c := range cfg.Instances {
		l.places[c.Name] = i
	}
	l.regroup()

	var names []string // as they were
	for i, c := range cfg.Instances {
		if before[c.id()] != nil {
			names = append(names, order[i].cfg.Name)
			l.update(order[i], c)
		}
	}
	l.forget(names)
	for i, c := range cfg.Instances {
		if before[c.id()] == nil {
			l.start(order[i])
		}
	}
	l.beat, l.slack = time.Minute, time.Millisecond
	for _, c := range cfg.Instances {
		l.beat = min(l.beat, beat(c.Interval))
		l.slack = min(l.slack, c.Interval/100)
	}
	l.listen(listens(cfg))
	l.changed = true
}

// remove stops an instance that is no longer configured. Its name may be
// another's from here on, so the host forgets it first.
func (l *loop) remove(in *instance) {
	l.step(in, Stop{})
	for reason, n := range in.drops {
		l.dropped[reason] += n
	}
	l.part(in)
	name := in.cfg.Name
	l.effects = append(l.effects, func() { l.host.Forget(name) })
}

// regroup ties the instances into their sync groups anew.
func (l *loop) regroup() {
	var entries []*entry
	grouped := make([]bool, len(l.instances))
	states := make(map[string]State)
	for _, e := range l.queue.heap {
		states[e.name] = e.state
	}
	add := func(cfg Group, members []*instance) {
		e := &entry{cfg: cfg, instances: members}
		machines := make([]*Machine, len(members))
		for i, in := range members {
			in.entry, in.member = e, i
			machines[i] = in.Machine
		}
		e.group = newGroup(cfg.Name, machines, cfg.Weighted)
		e.state = states[cfg.Name]
		entries = append(entries, e)
	}
	for _, g := range l.cfg.Groups {
		var places []int
		for _, name := range g.Members {
			if i, ok := l.places[name]; ok {
				places = append(places, i)
			}
		}
		slices.Sort(places) // in the order of the instances
		var members []*instance
		for _, i := range slices.Compact(places) {
			members = append(members, l.instances[i])
			grouped[i] = true
		}
		if len(members) > 0 {
			add(g, members)
		}
	}
	for i, in := range l.instances {
		if !grouped[i] {
			add(Group{}, []*instance{in})
		}
	}
	l.queue = newDeadlines(entries)
}

// update gives a running instance its new configuration.
func (l *loop) update(in *instance, cfg Instance) {
	renamed := in.cfg.Name != cfg.Name
	in.sayings = nil
	l.step(in, Configure{cfg})
	l.track(in)
	l.noteWeights(in)
	if renamed {
		// The host knows instances by name: the wish moves to the new one.
		l.act(in, Addresses{in.state == Master})
	}
}

// forget drops the old names that no instance has any more, after those
// that had them have made their wishes under new ones.
func (l *loop) forget(old []string) {
	for _, name := range old {
		if l.named(name) == nil {
			l.effects = append(l.effects, func() { l.host.Forget(name) })
		}
	}
}

// start begins a new instance, as far as its link is known.
func (l *loop) start(in *instance) {
	if l.quietUntil.After(l.now) {
		l.step(in, quiet{l.quietUntil})
	}
	l.track(in)
	l.step(in, Start{})
	l.tellLink(in)
	l.noteWeights(in)
}

// noteWeights says, once as long as it is so, that a sync group ignores the
// weights of its members.
func (l *loop) noteWeights(in *instance) {
	idle := in.unweighted && in.cfg.weighs()
	if idle && !in.saidWeights {
		l.log.Warn("the weights of what is tracked count for nothing in a sync group", "instance", in.cfg.Name, "group", in.entry.name)
	}
	in.saidWeights = idle
}

// verdict is what the network says of something that it listens to.
type verdict struct {
	told bool   // it has spoken
	deaf string // why it hears nothing; empty: it does
}

// listen tells the network what to hear. What is not listened to any more may
// be closed as soon as it knows, so the goodbyes of this round go first. Whether
// something new can be heard is not known before the network says so of this very
// wish, even where something else is heard on the interface already.
func (l *loop) listen(want []Listen) {
	was := l.hearings
	l.hearings = make(map[Listen]verdict, len(want))
	for _, w := range want {
		l.hearings[w] = was[w]
	}
	tell := func(h Hearing) { l.router.mail.post(func(l *loop) { l.setHearing(want, h) }) }
	l.effects = append(l.effects, func() { l.network.Listen(want, tell) })
}

// setHearing takes what the network says of an interface where it listens to
// what is asked.
func (l *loop) setHearing(asked []Listen, h Hearing) {
	news := false
	for _, w := range asked {
		if w.Interface != h.Interface {
			continue
		}
		is := verdict{told: true, deaf: h.Deaf}
		if w.IPv6 {
			is.deaf = h.Deaf6
		}
		if was, wanted := l.hearings[w]; wanted && was != is { // else it was said before a reload
			l.hearings[w], news = is, true
		}
	}
	for _, in := range l.instances {
		if news && in.cfg.Interface == h.Interface {
			l.tellLink(in)
		}
	}
}

// listens returns what the configuration needs to hear, each once.
func listens(cfg Config) (want []Listen) {
	known := make(map[Listen]bool)
	for _, c := range cfg.Instances {
		if l := c.listen(); !known[l] {
			known[l] = true
			want = append(want, l)
		}
	}
	return want
}

// listen is what the instance needs to hear.
func (in Instance) listen() Listen {
	l := Listen{Interface: in.Interface, IPv6: in.IPv6(), Unicast: in.unicast(), Group: in.Wire.Group, AuthHeader: in.AuthHeader}
	if in.Own != nil && in.Own.Kind == MACVLAN {
		l.Own = in.Own.Name
	}
	return l
}

// named returns the instance of that name, or nil.
func (l *loop) named(name string) *instance {
	if i, ok := l.places[name]; ok {
		return l.instances[i]
	}
	return nil
}
