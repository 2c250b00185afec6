package notify

import "slices"

// maxBacklog is how many lines wait for a pipe that is full.
const maxBacklog = 1000

// Backlog are the lines that wait for one pipe. When there are too many it lets
// go of those that a later one makes untrue, so that the last state of every
// instance arrives however long nobody reads. The zero value is ready.
type Backlog struct {
	lines   []line
	Dropped int // lines, ever
}

type line struct {
	about Subject
	kind  EventKind
	text  string
}

// Add puts the line of an event at the end.
func (b *Backlog) Add(e Event) {
	l := line{e.Subject, e.Kind, e.Line() + "\n"}
	if len(b.lines) >= maxBacklog {
		b.makeRoom(l)
	}
	b.lines = append(b.lines, l)
}

// makeRoom drops the oldest line that a later one, or the next, makes untrue.
// Where each is the last of its kind there are no more than there are subjects,
// and they stay.
func (b *Backlog) makeRoom(next line) {
	later := make(map[line]int, len(b.lines))
	key := func(l line) line { return line{about: l.about, kind: l.kind} }
	for _, l := range append(slices.Clone(b.lines), next) {
		later[key(l)]++
	}
	for i, l := range b.lines {
		if later[key(l)] > 1 {
			b.lines = slices.Delete(b.lines, i, i+1)
			b.Dropped++
			return
		}
	}
}

// Take is the line to write next, with its end, and what it is about. false:
// there is none.
func (b *Backlog) Take() (text string, kind EventKind, ok bool) {
	if len(b.lines) == 0 {
		return "", 0, false
	}
	l := b.lines[0]
	b.lines = slices.Delete(b.lines, 0, 1)
	return l.text, l.kind, true
}

// Len is how many lines wait.
func (b *Backlog) Len() int { return len(b.lines) }

// Tells tells whether a pipe is told of an event.
func (p Pipe) Tells(e Event, h Hooks) bool {
	return p.What != LVSEvents && (e.Kind != PriorityChange || h.Priorities)
}
