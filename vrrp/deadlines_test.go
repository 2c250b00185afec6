package vrrp

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestDeadlines: whatever moves where, the top is the earliest that waits.
func TestDeadlines(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	machine := func() (*Machine, *entry) {
		g := testGroup(1, nil)
		return g.members[0], &entry{group: g}
	}
	var machines []*Machine
	var entries []*entry
	for range 50 {
		m, e := machine()
		machines, entries = append(machines, m), append(entries, e)
	}
	set := func(i int) {
		m := machines[i]
		m.state, m.adverDue = Init, time.Time{} // waits for nothing
		if r.IntN(4) > 0 {
			m.state, m.adverDue = Master, epoch.Add(time.Duration(r.IntN(100))*ms)
		}
	}
	for i := range machines {
		set(i)
	}
	d := newDeadlines(append([]*entry(nil), entries...))
	for range 10000 {
		var first time.Time
		for _, m := range machines {
			first = earliest(first, m.Deadline())
		}
		if _, at := d.top(); !at.Equal(first) {
			t.Fatalf("top %s, want %s", at, first)
		}
		i := r.IntN(len(machines))
		set(i)
		d.fix(entries[i])
	}
	if _, at := newDeadlines(nil).top(); !at.IsZero() {
		t.Error("nothing is due")
	}
}
