package vrrp

import (
	"container/heap"
	"time"
)

// entry is a group among the deadlines, with its members in the same order.
type entry struct {
	*group
	cfg       Group // zero: of no sync group
	instances []*instance
	at        time.Time // the group's deadline when it was last fixed
	index     int
}

// deadlines is a heap of groups; the one that is due first is on top, those
// that wait for nothing are at the bottom.
type deadlines []*entry

func newDeadlines(entries []*entry) *deadlines {
	d := deadlines(entries)
	for i, e := range d {
		e.at, e.index = e.deadline(), i
	}
	heap.Init(&d)
	return &d
}

// top returns the group that is due first, and when; zero: nothing waits.
func (d *deadlines) top() (*entry, time.Time) {
	if len(*d) == 0 {
		return nil, time.Time{}
	}
	return (*d)[0], (*d)[0].at
}

// fix moves a group to its place after a step.
func (d *deadlines) fix(e *entry) {
	if at := e.deadline(); !at.Equal(e.at) {
		e.at = at
		heap.Fix(d, e.index)
	}
}

// The methods below are those of heap.Interface.

func (d deadlines) Len() int { return len(d) }

func (d deadlines) Less(i, j int) bool {
	a, b := d[i].at, d[j].at
	return !a.IsZero() && (b.IsZero() || a.Before(b))
}

func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

func (d *deadlines) Push(x any) { *d = append(*d, x.(*entry)) }

func (d *deadlines) Pop() any {
	last := len(*d) - 1
	e := (*d)[last]
	*d = (*d)[:last]
	return e
}
