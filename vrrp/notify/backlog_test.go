package notify

import (
	"fmt"
	"testing"

	"github.com/tandem-ha/tandem/vrrp"
)

// TestBacklog: however long nobody reads, the last state of everybody is there,
// in the order of the last changes, and what was dropped is counted.
func TestBacklog(t *testing.T) {
	var b Backlog
	const instances, flaps = 50, 100
	teller := NewTeller()
	added := 0
	for i := range flaps {
		for n := range instances {
			e, _ := teller.Notice(to(fmt.Sprint(n), vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
			b.Add(e)
			added++
		}
	}
	if b.Len() != maxBacklog || b.Dropped != added-maxBacklog {
		t.Errorf("%d lines wait and %d are dropped of %d", b.Len(), b.Dropped, added)
	}
	last := make(map[string]string)
	for {
		text, kind, ok := b.Take()
		if !ok {
			break
		}
		if kind != StateChange {
			t.Errorf("kind %s", kind)
		}
		var about, state string
		var priority int
		if _, err := fmt.Sscanf(text, "INSTANCE %q %s %d\n", &about, &state, &priority); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		last[about] = state
	}
	for n := range instances {
		if got := last[fmt.Sprint(n)]; got != "BACKUP" {
			t.Errorf("instance %d is last told as %q", n, got)
		}
	}
}

// TestBacklogOfMany: last states are never dropped, even of more instances than
// lines are kept of one.
func TestBacklogOfMany(t *testing.T) {
	var b Backlog
	teller := NewTeller()
	for n := range 2 * maxBacklog {
		e, _ := teller.Notice(to(fmt.Sprint(n), vrrp.Fault, vrrp.Master))
		b.Add(e)
	}
	if b.Len() != 2*maxBacklog || b.Dropped != 0 {
		t.Errorf("%d lines wait and %d are dropped", b.Len(), b.Dropped)
	}
}

func TestPipeTells(t *testing.T) {
	state, priority := Event{}, Event{Kind: PriorityChange}
	tests := []struct {
		name string
		what PipeKind
		e    Event
		h    Hooks
		want bool
	}{
		{"a state", AllEvents, state, Hooks{}, true},
		{"a state to a pipe of VRRP", VRRPEvents, state, Hooks{}, true},
		{"a state to a pipe of servers", LVSEvents, state, Hooks{}, false},
		{"a priority that nobody asks for", AllEvents, priority, Hooks{}, false},
		{"a priority with notify_priority_changes", AllEvents, priority, Hooks{Priorities: true}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Pipe{What: tt.what}).Tells(tt.e, tt.h); got != tt.want {
				t.Error(got)
			}
		})
	}
}
