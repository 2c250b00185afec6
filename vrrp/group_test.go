package vrrp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// describeActs renders what a group wants done, with the member before it.
func describeActs(acts []act) string {
	acts = slices.DeleteFunc(slices.Clone(acts), func(a act) bool { return onlyTold(a.Action) })
	words := make([]string, len(acts))
	for i, a := range acts {
		words[i] = fmt.Sprintf("%d %s", a.member, describe([]Action{a.Action}))
	}
	return strings.Join(words, ", ")
}

// groupStep is one event at one member.
type groupStep struct {
	at   time.Duration
	i    int
	ev   Event
	want string
}

// The rules are those of keepalived's vrrp_sync_group. All members have
// priority 100 unless a row changes it.
func TestGroup(t *testing.T) {
	started := []groupStep{
		{i: 0, ev: Start{}}, {i: 1, ev: Start{}},
		{i: 0, ev: linkUp, want: "0 absent, 0 BACKUP: started"},
		{i: 1, ev: linkUp, want: "1 absent, 1 BACKUP: started"},
	}
	masters := append(started[:4:4],
		groupStep{at: down, i: 0, ev: Expired{}},
		groupStep{at: down, i: 1, ev: Expired{}, want: "0 send 100, 0 present, 0 announce 5, 0 MASTER: no master heard, " +
			"1 send 100, 1 present, 1 announce 5, 1 MASTER: no master heard"})
	after := down + 500*ms
	tests := []struct {
		name   string
		change func(i int, in *Instance)
		from   []groupStep
		steps  []groupStep
	}{
		{
			name: "K-35 all go MASTER together, once each wants to", from: started,
			steps: []groupStep{
				{at: 2 * time.Second, i: 1, ev: hear(200)},
				{at: down, i: 0, ev: Expired{}},
				{at: 2*time.Second + down, i: 1, ev: Expired{}, want: "0 send 100, 0 present, 0 announce 5, 0 MASTER: no master heard, " +
					"1 send 100, 1 present, 1 announce 5, 1 MASTER: no master heard"},
			},
		}, {
			name: "a member that hears a master again does not want any more", from: started,
			steps: []groupStep{
				{at: down, i: 0, ev: Expired{}},
				{at: down + ms, i: 0, ev: hear(200)},
				{at: down + ms, i: 1, ev: Expired{}},
				{at: down + ms + down, i: 0, ev: Expired{}, want: "0 send 100, 0 present, 0 announce 5, 0 MASTER: no master heard, " +
					"1 send 100, 1 present, 1 announce 5, 1 MASTER: no master heard"},
			},
		}, {
			name: "K-35 the first that goes BACKUP pulls the others, without priority 0", from: masters,
			steps: []groupStep{
				{at: after, i: 1, ev: hear(200), want: "1 send 100, 1 absent, 1 BACKUP: heard a higher priority, 0 absent, 0 BACKUP: sync group went to BACKUP m1"},
			},
		}, {
			name: "K-35 the first that goes to FAULT pulls the others, with priority 0", from: masters,
			steps: []groupStep{
				{at: after, i: 0, ev: linkDown, want: "0 send 0, 0 absent, 0 FAULT: link down eth0, 1 send 0, 1 absent, 1 FAULT: sync group in FAULT m0"},
				{at: after + time.Second, i: 0, ev: linkUp, want: "0 absent, 0 BACKUP: fault cleared, 1 absent, 1 BACKUP: fault cleared"},
			},
		}, {
			name: "K-35 a backup in FAULT pulls the others, in silence", from: started,
			steps: []groupStep{
				{at: ms, i: 0, ev: linkDown, want: "0 absent, 0 FAULT: link down eth0, 1 absent, 1 FAULT: sync group in FAULT m0"},
			},
		}, {
			name: "K-35 a group in FAULT recovers with its last member", from: masters,
			steps: []groupStep{
				{at: after, i: 0, ev: linkDown, want: "0 send 0, 0 absent, 0 FAULT: link down eth0, 1 send 0, 1 absent, 1 FAULT: sync group in FAULT m0"},
				{at: after, i: 1, ev: linkDown},
				{at: after, i: 0, ev: linkUp},
				{at: after, i: 1, ev: linkUp, want: "1 absent, 1 BACKUP: fault cleared, 0 absent, 0 BACKUP: fault cleared"},
			},
		}, {
			name: "one whose link is not known keeps all from being master", from: started[:3],
			steps: []groupStep{
				{at: down, i: 0, ev: Expired{}},
				{at: down, i: 0, ev: Takeover{"switchover"}},
			},
		}, {
			name: "K-35 weights count for nothing", from: masters,
			steps: []groupStep{
				{at: after, i: 0, ev: Priority{Source: "interface eth1", Delta: -60}},
				{at: after, i: 0, ev: hear(50), want: "0 send 100, 0 announce 5, 1 announce 5"},
			},
		}, {
			name: "K-35 a lower master heard by one makes all announce again, once an interval, and one of them answer", from: masters,
			steps: []groupStep{
				{at: after, i: 1, ev: hear(50), want: "1 send 100, 1 announce 5, 0 announce 5"},
				{at: after + 100*ms, i: 1, ev: hear(50), want: "1 send 100"},
				{at: after + 101*ms, i: 0, ev: hear(50), want: "0 send 100"},
			},
		}, {
			name: "owners wait for each other", change: func(_ int, in *Instance) { in.Priority = 255 },
			steps: []groupStep{
				{i: 0, ev: Start{}}, {i: 1, ev: Start{}},
				{i: 0, ev: linkUp, want: "0 absent, 0 BACKUP: started"},
				{i: 1, ev: linkUp, want: "1 absent, 1 BACKUP: started, " +
					"0 send 255, 0 present, 0 announce 5, 0 MASTER: owns the addresses, " +
					"1 send 255, 1 present, 1 announce 5, 1 MASTER: owns the addresses"},
			},
		}, {
			name: "a takeover is the whole group's", from: started,
			steps: []groupStep{
				{at: ms, i: 1, ev: Takeover{"switchover"}, want: "0 send 100, 0 present, 0 announce 5, 0 MASTER: told to take over switchover, " +
					"1 send 100, 1 present, 1 announce 5, 1 MASTER: told to take over switchover"},
			},
		}, {
			name: "a yield is the whole group's, with priority 0", from: masters,
			steps: []groupStep{
				{at: after, i: 1, ev: Yield{"switchover"}, want: "0 send 0, 0 absent, 0 BACKUP: told to yield switchover, " +
					"1 send 0, 1 absent, 1 BACKUP: told to yield switchover"},
			},
		}, {
			name: "one that overslept and hears another master pulls the others", from: masters,
			steps: []groupStep{
				{at: after + 10*time.Second, i: 0, ev: Resumed{}}, {at: after + 10*time.Second, i: 1, ev: Resumed{}},
				{at: after + 10*time.Second, i: 0, ev: hear(50), want: "0 absent, 0 BACKUP: overslept and heard another master, 1 absent, 1 BACKUP: sync group went to BACKUP m0"},
			},
		}, {
			name: "a stop is each member's own", from: masters,
			steps: []groupStep{
				{at: after, i: 0, ev: Stop{}, want: "0 send 0, 0 absent, 0 INIT: stopped"},
				{at: after, i: 1, ev: Stop{}, want: "1 send 0, 1 absent, 1 INIT: stopped"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := testGroup(2, tt.change)
			for i, s := range append(tt.from[:len(tt.from):len(tt.from)], tt.steps...) {
				if got := describeActs(g.step(epoch.Add(s.at), s.i, s.ev)); got != s.want {
					t.Errorf("step %d at %s, member %d, %T:\n got %q\nwant %q", i, s.at, s.i, s.ev, got, s.want)
				}
			}
		})
	}
}

func testGroup(n int, change func(i int, in *Instance)) *group {
	machines := make([]*Machine, n)
	for i := range machines {
		in := testInstance()
		in.Name, in.VRID = fmt.Sprintf("m%d", i), uint8(i+1)
		if change != nil {
			change(i, &in)
		}
		machines[i] = NewMachine(in)
	}
	return newGroup("G", machines, false)
}

// TestGroupOfOne: a machine alone behaves as without a group.
func TestGroupOfOne(t *testing.T) {
	g := testGroup(1, nil)
	g.step(epoch, 0, Start{})
	g.step(epoch, 0, linkUp)
	g.step(epoch, 0, Priority{Source: "interface eth1", Delta: 28})
	want := "0 send 128, 0 present, 0 announce 5, 0 MASTER: no master heard"
	if got := describeActs(g.step(epoch.Add(3500*ms), 0, Expired{})); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
