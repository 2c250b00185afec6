package vrrp

import (
	"math"
	"time"
)

// entry is a group among the deadlines, with its members in the same order.
type entry struct {
	*group
	cfg       Group // zero: of no sync group
	instances []*instance
	at        time.Time // the group's deadline when it was last fixed
	key       int64     // at in nanoseconds since the first, for comparing
	index     int
}

// deadlines is a heap of groups; the one that is due first is on top, those
// that wait for nothing are at the bottom. It is not container/heap: a thousand
// groups move in it with every interval, and integers compare faster.
type deadlines struct {
	heap []*entry
	zero time.Time // what keys count from
}

// neverDue is the key of what waits for nothing.
const neverDue = math.MaxInt64

func newDeadlines(entries []*entry) *deadlines {
	d := &deadlines{heap: entries}
	for i, e := range entries {
		e.index = i
		d.time(e, e.deadline())
	}
	for i := len(entries)/2 - 1; i >= 0; i-- {
		d.down(i)
	}
	return d
}

// top returns the group that is due first, and when; zero: nothing waits.
func (d *deadlines) top() (*entry, time.Time) {
	if len(d.heap) == 0 {
		return nil, time.Time{}
	}
	return d.heap[0], d.heap[0].at
}

// fix moves a group to its place after a step.
func (d *deadlines) fix(e *entry) {
	at := e.deadline()
	if at == e.at {
		return
	}
	d.time(e, at)
	if !d.down(e.index) {
		d.up(e.index)
	}
}

// time notes when a group is due.
func (d *deadlines) time(e *entry, at time.Time) {
	e.at, e.key = at, neverDue
	if at.IsZero() {
		return
	}
	if d.zero.IsZero() {
		d.zero = at
	}
	e.key = int64(at.Sub(d.zero))
}

func (d *deadlines) up(i int) {
	e := d.heap[i]
	for i > 0 {
		parent := (i - 1) / 2
		if d.heap[parent].key <= e.key {
			break
		}
		d.put(i, d.heap[parent])
		i = parent
	}
	d.put(i, e)
}

// down reports whether the entry moved.
func (d *deadlines) down(i int) bool {
	e, from := d.heap[i], i
	for {
		child := 2*i + 1
		if child >= len(d.heap) {
			break
		}
		if right := child + 1; right < len(d.heap) && d.heap[right].key < d.heap[child].key {
			child = right
		}
		if d.heap[child].key >= e.key {
			break
		}
		d.put(i, d.heap[child])
		i = child
	}
	d.put(i, e)
	return i != from
}

func (d *deadlines) put(i int, e *entry) { d.heap[i], e.index = e, i }
