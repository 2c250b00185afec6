package notify

import "slices"

// maxBacklog is how many lines wait for a pipe that is full.
const maxBacklog = 1000

// Backlog are the lines that wait for one pipe. When there are too many it lets
// go of those that a later one makes untrue, so that the last state of every
// instance arrives however long nobody reads. The zero value is ready.
type Backlog struct {
	lines   []line
	counts  map[lineKey]int // of lines that wait
	Dropped int             // lines, ever
}

type line struct {
	lineKey
	text string
}

// lineKey is what a line is about: a later one with the same makes it untrue.
type lineKey struct {
	about Subject
	kind  EventKind
}

// Add puts the line of an event at the end.
func (b *Backlog) Add(e Event) {
	if b.counts == nil {
		b.counts = make(map[lineKey]int)
	}
	l := line{lineKey{e.Subject, e.Kind}, e.Line() + "\n"}
	b.counts[l.lineKey]++
	b.lines = append(b.lines, l)
	if len(b.lines) > maxBacklog {
		b.makeRoom()
	}
}

// makeRoom drops the oldest line that a later one makes untrue. Where each is the
// last of its kind there are no more than there are subjects, and they stay.
func (b *Backlog) makeRoom() {
	for i, l := range b.lines {
		if b.counts[l.lineKey] > 1 {
			b.remove(i)
			b.Dropped++
			return
		}
	}
}

func (b *Backlog) remove(i int) {
	l := b.lines[i]
	b.lines = slices.Delete(b.lines, i, i+1)
	if b.counts[l.lineKey]--; b.counts[l.lineKey] == 0 {
		delete(b.counts, l.lineKey)
	}
}

// Take is the line to write next, with its end, and what it is about. false:
// there is none.
func (b *Backlog) Take() (text string, kind EventKind, ok bool) {
	if len(b.lines) == 0 {
		return "", 0, false
	}
	l := b.lines[0]
	b.remove(0)
	return l.text, l.kind, true
}

// Clear drops everything.
func (b *Backlog) Clear() {
	b.Dropped += len(b.lines)
	b.lines, b.counts = nil, nil
}

// Len is how many lines wait.
func (b *Backlog) Len() int { return len(b.lines) }

// Tells tells whether a pipe is told of an event.
func (p Pipe) Tells(e Event, h Hooks) bool {
	return p.What != LVSEvents && (e.Kind != PriorityChange || h.Priorities)
}
