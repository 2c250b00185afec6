package notify

import (
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// MaxPrograms is how many programs run at once. A director whose thousand
// instances change together has something better to do than to start a thousand
// programs. Those that take longer than they should do not count.
const MaxPrograms = 16

// Teller is the queues of all instances and groups. It takes what a Router tells
// and gives out jobs: per subject one at a time, the newest event only, groups
// after their members. It is not safe for concurrent use.
type Teller struct {
	config   Config
	gone     map[string]Hooks // of instances that the configuration has no more, until that is told
	members  map[string][]string
	subjects map[Subject]*queue
	waiting  []*queue // that have something to tell, the longest waiting first
	clock    uint64   // counts events
	running  int      // programs that are not late
}

// queue is one subject.
type queue struct {
	subject    Subject
	state      string // last told of; empty: none yet
	event      Event  // that was
	generation uint64

	next    *Event // the newest change of state that nobody has been told of
	lower   *Event // likewise of a lower master heard
	since   uint64 // when something began to wait
	skipped int

	running bool
	late    bool   // its program takes longer than it should
	started uint64 // when what runs began to wait
}

// NewTeller makes one that knows of nobody.
func NewTeller() *Teller {
	return &Teller{subjects: make(map[Subject]*queue), gone: make(map[string]Hooks), members: make(map[string][]string)}
}

// Set takes a configuration. It is to be called before the Router has it, so
// that what is removed by it is told as that.
func (t *Teller) Set(c Config) {
	for name := range t.gone {
		t.bury(name)
	}
	for name, h := range t.config.Instances {
		if _, ok := c.Instances[name]; !ok {
			t.gone[name] = h
		}
	}
	for name := range c.Instances {
		delete(t.gone, name)
	}
	t.config = c
	clear(t.members)
	for name, h := range c.Instances {
		if h.Group != "" {
			t.members[h.Group] = append(t.members[h.Group], name)
		}
	}
}

// Notice takes what a Router tells and makes an event of it. false: it is
// nothing to tell.
func (t *Teller) Notice(n vrrp.Notice) (Event, bool) {
	t.clock++
	switch n := n.(type) {
	case vrrp.Transition:
		q := t.queue(Subject{Name: n.Instance})
		return t.change(q, Event{From: n.From, To: n.To, Reason: n.Reason.String(), Detail: n.Detail,
			Priority: n.Priority, Peer: n.Peer, PeerPriority: n.PeerPriority, At: n.At})
	case vrrp.GroupTransition:
		q := t.queue(Subject{Group: true, Name: n.Group})
		return t.change(q, Event{From: n.From, To: n.To, Reason: n.Reason.String(), Detail: n.Detail, At: n.At})
	case vrrp.PriorityChange:
		q := t.queue(Subject{Name: n.Instance})
		word := BackupPriority
		if q.state == masterWord {
			word = MasterPriority
		}
		return Event{Kind: PriorityChange, Subject: q.subject, Word: word, Reason: n.Why, Priority: n.To, At: n.At, Generation: q.generation}, true
	case vrrp.LowerHeard:
		q := t.queue(Subject{Name: n.Instance})
		e := Event{Kind: LowerHeard, Subject: q.subject, Word: MasterHeardLower, Priority: n.Priority,
			Peer: n.Peer, PeerPriority: n.PeerPriority, At: n.At, Generation: q.generation}
		if len(t.hooks(q.subject).steps(e)) > 0 {
			q.lower = &e
			t.wait(q)
		}
		return e, true
	}
	return Event{}, false
}

// change takes a change of state. One that waits already is told no more.
func (t *Teller) change(q *queue, e Event) (Event, bool) {
	if e.To == e.From && q.state != "" {
		return Event{}, false
	}
	q.generation++
	e.Subject, e.Generation, e.Word = q.subject, q.generation, t.word(q.subject, e.To)
	q.state, q.event = e.Word, e
	if e.Word != masterWord {
		q.lower = nil // no master any more
	}
	if len(t.hooks(q.subject).steps(e)) == 0 {
		if q.next != nil {
			q.skipped++
		}
		q.next = nil
		return e, true
	}
	if q.next != nil {
		q.skipped++
	}
	q.next = &e
	t.wait(q)
	return e, true
}

// word is a state as it is told.
func (t *Teller) word(s Subject, to vrrp.State) string {
	if to != vrrp.Init {
		return to.String()
	}
	if h, ok := t.gone[s.Name]; ok && !s.Group {
		if h.TellDeleted || !h.Deleted.Empty() {
			return Deleted
		}
		return faultWord
	}
	return Stop
}

func (t *Teller) queue(s Subject) *queue {
	q := t.subjects[s]
	if q == nil {
		q = &queue{subject: s}
		t.subjects[s] = q
	}
	return q
}

// hooks are what a subject tells.
func (t *Teller) hooks(s Subject) Hooks {
	if s.Group {
		return t.config.Groups[s.Name]
	}
	if h, ok := t.config.Instances[s.Name]; ok {
		return h
	}
	return t.gone[s.Name]
}

// Hooks are what a subject tells by the configuration, or by the one before if
// that has removed it.
func (t *Teller) Hooks(s Subject) Hooks { return t.hooks(s) }

// wait puts a queue among those that wait. It keeps the place that it has: who
// changes often waits no longer for that.
func (t *Teller) wait(q *queue) {
	if !slices.Contains(t.waiting, q) {
		q.since = t.clock
		t.waiting = append(t.waiting, q)
	}
}

// Next is the next job, which runs from here on until Done. false: there is
// none now, because nothing waits or because of what runs.
func (t *Teller) Next() (Job, bool) {
	if t.running >= MaxPrograms {
		return Job{}, false
	}
	for i, q := range t.waiting {
		if q.running || t.blocked(q) {
			continue
		}
		e := q.next
		if e != nil {
			q.next = nil
		} else {
			e, q.lower = q.lower, nil
		}
		if q.lower == nil {
			t.waiting = slices.Delete(t.waiting, i, i+1)
		}
		if e == nil {
			return t.Next() // it became nothing to tell
		}
		job := t.hooks(q.subject).job(*e, q.skipped, t.config.RouterID)
		q.skipped = 0
		if len(job.Steps) == 0 {
			return t.Next() // a reload has taken its programs away
		}
		q.running, q.late, q.started = true, false, q.since
		t.running++
		return job, true
	}
	return Job{}, false
}

// blocked tells whether a group has to wait for a member that was told before it,
// or an instance that starts for one that the same reload has removed: the end of
// the one must not undo what the other has begun, with programs that they share.
// Whoever goes on to MASTER waits no longer.
func (t *Teller) blocked(q *queue) bool {
	if _, removed := t.gone[q.subject.Name]; !q.subject.Group && !removed && q.next != nil && q.next.From == vrrp.Init {
		for name := range t.gone {
			m := t.subjects[Subject{Name: name}]
			if m != nil && (m.running && m.started < q.since || m.next != nil && m.since < q.since) {
				return true
			}
		}
	}
	return q.subject.Group && slices.ContainsFunc(t.members[q.subject.Name], func(name string) bool {
		m := t.subjects[Subject{Name: name}]
		return m != nil && (m.running && m.started < q.since || m.next != nil && m.since < q.since)
	})
}

// Done says that the job of a subject has ended.
func (t *Teller) Done(s Subject) {
	q := t.queue(s)
	if q.running && !q.late {
		t.running--
	}
	q.running, q.late = false, false
	t.bury(s.Name)
}

// bury forgets an instance that the configuration has no more, once that is told.
func (t *Teller) bury(name string) {
	s := Subject{Name: name}
	_, removed := t.gone[name]
	if q := t.subjects[s]; removed && (q == nil || q.event.To == vrrp.Init && !q.running && q.next == nil) {
		delete(t.gone, name)
		delete(t.subjects, s)
	}
}

// Late says that the program of a subject runs longer than it should. It takes
// no place from others any more.
func (t *Teller) Late(s Subject) {
	if q := t.queue(s); q.running && !q.late {
		q.late = true
		t.running--
	}
}

// Awaited tells whether the end of a subject's program is waited for: by its
// own next event, by its group, or by an instance that takes its place.
func (t *Teller) Awaited(s Subject) bool {
	q := t.queue(s)
	if !q.running || q.next != nil || q.lower != nil {
		return q.running
	}
	if _, removed := t.gone[s.Name]; removed && !s.Group && slices.ContainsFunc(t.waiting, t.blocked) {
		return true
	}
	g := t.subjects[Subject{Group: true, Name: t.hooks(s).Group}]
	return !s.Group && g != nil && g.next != nil && q.started < g.since
}

// Waiting are those that have something to tell and no program that runs for it.
func (t *Teller) Waiting() []Subject {
	var all []Subject
	for _, q := range t.waiting {
		all = append(all, q.subject)
	}
	return all
}

// Idle tells that nothing runs or waits.
func (t *Teller) Idle() bool {
	if len(t.waiting) > 0 {
		return false
	}
	for _, q := range t.subjects {
		if q.running {
			return false
		}
	}
	return true
}

// States are the last changes of all instances and then all groups of the
// configuration, sorted by name: what a pipe is told again after a reload.
func (t *Teller) States() []Event {
	var all []Event
	for s, q := range t.subjects {
		_, instance := t.config.Instances[s.Name]
		_, group := t.config.Groups[s.Name]
		if q.state != "" && (s.Group && group || !s.Group && instance) {
			all = append(all, q.event)
		}
	}
	slices.SortFunc(all, func(a, b Event) int { return compareSubjects(a.Subject, b.Subject) })
	return all
}

// compareSubjects sorts instances before groups, and by name.
func compareSubjects(a, b Subject) int {
	switch {
	case a.Group != b.Group && a.Group, a.Group == b.Group && a.Name > b.Name:
		return 1
	case a == b:
		return 0
	}
	return -1
}
