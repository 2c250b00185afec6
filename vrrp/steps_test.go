package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// The machine under test has priority 100, interval 1 s and address .5; its
// skew is 609.375 ms and its master down interval 3.609375 s.
const (
	interval = time.Second
	skew     = 609375 * time.Microsecond
	down     = 3*interval + skew
)

var (
	ours   = netip.MustParseAddr("10.20.0.5")
	lower  = netip.MustParseAddr("10.20.0.4")
	higher = netip.MustParseAddr("10.20.0.10") // not by comparing text
	epoch  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func testInstance() Instance {
	return Instance{
		Name: "VI_1", VRID: 51, Version: V3, Priority: 100, Interval: interval, Interface: "eth0",
		Addresses: []Address{{Prefix: netip.MustParsePrefix("10.20.0.99/24")}},
		Announce:  Announce{Repeat: 5, Delay: 5 * time.Second, Refresh: 60 * time.Second, RefreshRepeat: 1, LowerRepeat: 5},
		Lifetime:  Lifetime{Mode: LifetimeInfinite},
	}
}

// Events in short.
var (
	linkUp   = Link{Exists: true, Up: true, Primary: ours}
	linkDown = Link{Exists: true, Primary: ours}
)

func hear(priority uint8) Received { return hearFrom(higher, priority, interval) }

func hearFrom(from netip.Addr, priority uint8, every time.Duration) Received {
	return Received{From: from, Advert: advert.Advert{Version: 3, VRID: 51, Priority: priority, Interval: every}}
}

// describe renders actions so that a test can say what it expects in words. It
// leaves out what is only told (see telling).
func describe(acts []Action) string {
	acts = slices.DeleteFunc(slices.Clone(acts), onlyTold)
	words := make([]string, len(acts))
	for i, a := range acts {
		switch a := a.(type) {
		case Send:
			words[i] = fmt.Sprintf("send %d", a.Priority)
		case Addresses:
			words[i] = map[bool]string{true: "present", false: "absent"}[a.Present]
		case Burst:
			words[i] = fmt.Sprintf("announce %d", a.Repeat)
		case Transition:
			words[i] = fmt.Sprintf("%s: %s", a.To, a.Reason)
			if a.Detail != "" {
				words[i] += " " + a.Detail
			}
		}
	}
	return strings.Join(words, ", ")
}

// onlyTold reports whether an action changes nothing by itself.
func onlyTold(a Action) bool {
	_, notice := a.(Notice)
	_, transition := a.(Transition)
	return notice && !transition
}

// telling renders those actions.
func telling(acts []Action) string {
	var words []string
	for _, a := range acts {
		switch a := a.(type) {
		case PriorityChange:
			words = append(words, fmt.Sprintf("priority %d to %d: %s", a.From, a.To, a.Why))
		case LowerHeard:
			words = append(words, fmt.Sprintf("%d heard %d from %s", a.Priority, a.PeerPriority, a.Peer))
		case GroupTransition:
			words = append(words, fmt.Sprintf("group %s to %s at %d: %s", a.From, a.To, a.Priority, because(a.Reason.String(), a.Detail)))
		}
	}
	return strings.Join(words, ", ")
}

// step is one event and what it must lead to.
type step struct {
	at   time.Duration
	ev   Event
	want string        // described actions
	due  time.Duration // the deadline afterwards; 0: not looked at; never: none
}

const never = time.Duration(-1)

func runSteps(t *testing.T, m *Machine, steps []step) {
	t.Helper()
	for i, s := range steps {
		got := describe(m.Step(epoch.Add(s.at), s.ev))
		if got != s.want {
			t.Errorf("step %d at %s, %T: got %q, want %q", i, s.at, s.ev, got, s.want)
		}
		deadline := m.Deadline()
		switch {
		case s.due == never && !deadline.IsZero():
			t.Errorf("step %d at %s, %T: deadline %s, want none", i, s.at, s.ev, deadline.Sub(epoch))
		case s.due > 0 && !deadline.Equal(epoch.Add(s.due)):
			t.Errorf("step %d at %s, %T: deadline %s, want %s", i, s.at, s.ev, deadline.Sub(epoch), s.due)
		}
	}
}

// The ways into the states, for the tables below.
var (
	toBackup = []step{
		{ev: Start{}, due: never},
		{ev: linkUp, want: "absent, BACKUP: started", due: down},
	}
	toMaster = append(toBackup[:2:2],
		step{at: down, ev: Expired{}, want: "send 100, present, announce 5, MASTER: no master heard", due: down + interval})
)

const ms = time.Millisecond
