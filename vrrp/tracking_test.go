package vrrp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestItemEffect(t *testing.T) {
	item := func(kind ItemKind, weight int, reverse bool) TrackItem {
		return TrackItem{Item: Item{kind, "x"}, Weight: weight, Reverse: reverse}
	}
	up, bad := ItemState{Up: true}, ItemState{}
	holds := func(n int) ItemState { return ItemState{Up: true, Value: n} }
	tests := []struct {
		name  string
		track TrackItem
		state ItemState
		delta int
		fault bool
	}{
		{"K-34 a script without a weight, good", item(Script, 0, false), up, 0, false},
		{"K-34 a script without a weight, bad: a fault", item(Script, 0, false), bad, 0, true},
		{"K-34 a process without a weight, reversed, good: a fault", item(Process, 0, true), up, 0, true},
		{"K-34 a script's positive weight is earned while it is good", item(Script, 20, false), up, 20, false},
		{"K-34 a script's positive weight is lost while it is bad", item(Script, 20, false), bad, 0, false},
		{"K-34 a session's negative weight is paid while it is down", item(BFD, -20, false), bad, -20, false},
		{"K-34 a session's negative weight, reversed, is earned while it is down", item(BFD, -20, true), bad, 20, false},
		{"K-34 a process with weight -254 is a fault", item(Process, -254, false), bad, 0, true},
		{"K-34 a file without a weight that holds 0", item(File, 0, false), holds(0), 0, false},
		{"K-34 a file without a weight that holds anything else: a fault", item(File, 0, false), holds(-3), 0, true},
		{"K-34 a file without a weight, reversed, that holds 0: a fault", item(File, 0, true), holds(0), 0, true},
		{"K-34 what a file holds is multiplied", item(File, 2, false), holds(10), 20, false},
		{"K-34 and reversed", item(File, 2, true), holds(10), -20, false},
		{"K-34 up to 253", item(File, 100, false), holds(100), 253, false},
		{"K-34 down to -253", item(File, 1, false), holds(-253), -253, false},
		{"K-34 -254 is a fault", item(File, 1, false), holds(-254), 0, true},
		{"K-34 as is whatever is below", item(File, -254, false), holds(1 << 40), 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if delta, fault := tt.track.Effect(tt.state); delta != tt.delta || fault != tt.fault {
				t.Errorf("got %d, %v, want %d, %v", delta, fault, tt.delta, tt.fault)
			}
		})
	}
}

// told returns what the router has told since it was called last, as lines.
func (n *node) told() (lines []string) {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, ev := range n.notices {
		if t, ok := ev.(Transition); ok {
			lines = append(lines, fmt.Sprintf("%s %s", t.Instance, t.To))
			continue
		}
		lines = append(lines, telling([]Action{ev.(Action)}))
	}
	n.notices = nil
	return lines
}

func (n *node) item(kind ItemKind, name string, st ItemState) {
	n.router.SetItem(Item{kind, name}, st)
	synctest.Wait()
}

func TestItems(t *testing.T) {
	chk := TrackItem{Item: Item{Script, "chk"}}
	weighs := func(in *Instance) {
		in.Items = []TrackItem{{Item: Item{Script, "chk"}, Weight: -20}, {Item: Item{File, "load"}, Weight: 2}}
	}

	bubble(t, "K-32 a script without a weight that fails is a fault, which names it and why", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.item(Script, "chk", ItemState{Up: true})
		a.reload(vi(150, func(in *Instance) { in.Items = []TrackItem{chk} }))
		a.item(Script, "chk", ItemState{Detail: "exit status 1"})
		l.expect("send state", lastSentAt("a 51/0"), lastSentAt("a VI_1 FAULT: tracked item failed script chk: exit status 1"))
		a.item(Script, "chk", ItemState{Detail: "timed out after 2 s"})
		if got := a.router.Snapshot()[0].Reason; got != "tracked item failed: script chk: timed out after 2 s" {
			t.Errorf("reason %q", got)
		}
		a.item(Script, "chk", ItemState{Up: true})
		l.expect("state", lastSentAt("a VI_1 BACKUP: fault cleared"))
	})

	for _, what := range []struct {
		name string
		st   ItemState
		want string
	}{
		{"good", ItemState{Up: true}, "10s a VI_1 BACKUP: started"},
		{"bad", ItemState{Detail: "exit status 1"}, "10s a VI_1 FAULT: tracked item failed script chk: exit status 1"},
		{"none that can be run", ItemState{Void: true}, "10s a VI_1 BACKUP: started"},
	} {
		bubble(t, "an instance starts once a script without a weight has run: it is "+what.name, func(t *testing.T, l *lan) {
			a := l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.Items = []TrackItem{chk} }))
			l.until(10 * time.Second)
			l.expect("send state")
			if holds := a.router.Snapshot()[0].Holds; !slices.Equal(holds, []string{"waiting for the first result of script chk"}) {
				t.Errorf("holds %q", holds)
			}
			a.item(Script, "chk", what.st)
			l.expect("state", what.want)
		})
	}

	bubble(t, "the owner waits for the number in a file, which may be a fault", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(255, weighs))
		l.until(time.Second)
		l.expect("send state")
		a.item(File, "load", ItemState{Value: -200})
		l.expect("send state", "1s a VI_1 FAULT: tracked item failed file load")
	})

	bubble(t, "the owner waits for what is told of the interfaces that it tracks", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150))
		l.take()
		cfg := vi(255, func(in *Instance) { in.Name, in.VRID, in.Track = "VI_2", 52, []TrackInterface{{Name: "eth7"}} })
		a.reload(Config{Instances: append(vi(150).Instances, cfg.Instances...)})
		l.until(time.Second)
		l.expect("send state")
		a.link("eth7", false)
		l.expect("send state", "1s a VI_2 FAULT: tracked item failed interface eth7")
	})

	bubble(t, "the weight of a script that has not run yet counts for nothing", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, func(in *Instance) {
			in.Items = []TrackItem{{Item: chk.Item, Weight: -20}, {Item: Item{Script, "other"}, Weight: 20}}
		}))
		l.until(10 * time.Second)
		if s := a.router.Snapshot()[0]; s.State != Master || s.Priority != 150 || len(s.Tracked) != 0 {
			t.Errorf("%+v", s)
		}
		a.item(Script, "other", ItemState{Void: true})
		if s := a.router.Snapshot()[0]; s.Priority != 150 {
			t.Errorf("with one that cannot be run: %+v", s)
		}
	})

	bubble(t, "K-34 weights add up, are in the next advert and in the status, and are told with their reason", func(t *testing.T, l *lan) {
		l.join("b", "10.20.0.2", vi(100))
		a := l.join("a", "10.20.0.1", vi(150, weighs))
		a.item(File, "load", ItemState{Up: true})
		l.until(lastSent)
		l.take()
		a.item(Script, "chk", ItemState{Detail: "exit status 1"})
		a.item(File, "load", ItemState{Value: 5})
		l.until(lastSent + interval)
		l.expect("send", fmt.Sprintf("%s a 51/140", lastSent+interval))
		want := []Influence{{Source: "script chk", Delta: -20, Detail: "exit status 1"}, {Source: "file load", Delta: 10}}
		if s := a.router.Snapshot()[0]; s.Priority != 140 || s.Base != 150 || !slices.Equal(s.Tracked, want) {
			t.Errorf("%+v", s)
		}
		if !strings.Contains(a.logged.String(), `from=150 to=130 why="script chk: exit status 1"`) {
			t.Error(a.logged)
		}
	})

	bubble(t, "a reload tracks what is known already, and forgets what it does not track", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.item(Script, "chk", ItemState{})
		a.item(Script, "chk", ItemState{}) // twice the same
		l.expect("state")
		a.reload(vi(150, func(in *Instance) { in.Items = []TrackItem{chk} }))
		l.expect("state", lastSentAt("a VI_1 FAULT: tracked item failed script chk"))
		a.reload(vi(150, func(in *Instance) { in.Items = []TrackItem{{Item: chk.Item, Weight: -30}} }))
		l.expect("state", lastSentAt("a VI_1 BACKUP: fault cleared"))
		if got := a.router.Snapshot()[0].Priority; got != 120 {
			t.Errorf("priority %d", got)
		}
		a.reload(vi(150))
		if s := a.router.Snapshot()[0]; s.Priority != 150 || len(s.Tracked) != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// twins are two instances in a sync group, which tracks something.
func twins(group func(*Group, []Instance)) Config {
	one, two := testInstance(), testInstance()
	two.Name, two.VRID = "VI_2", 52
	cfg := Config{Instances: []Instance{one, two}, Groups: []Group{{Name: "G", Members: []string{"VI_1", "VI_2"}}}}
	group(&cfg.Groups[0], cfg.Instances)
	return cfg
}

func TestGroupTracking(t *testing.T) {
	disk := TrackItem{Item: Item{Script, "disk"}}
	priorities := func(n *node) string {
		var words []string
		for _, s := range n.router.Snapshot() {
			words = append(words, fmt.Sprint(s.Priority))
		}
		return strings.Join(words, " ")
	}

	bubble(t, "K-35 what a group tracks and fails is a fault of all", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", twins(func(g *Group, _ []Instance) { g.Items = []TrackItem{disk} }))
		a.item(Script, "disk", ItemState{Up: true})
		l.until(4 * time.Second)
		l.take()
		a.item(Script, "disk", ItemState{Detail: "exit status 2"})
		l.expect("state",
			"4s a VI_1 FAULT: tracked item failed script disk: exit status 2",
			"4s a VI_2 FAULT: sync group in FAULT VI_1")
		a.item(Script, "disk", ItemState{Up: true})
		l.expect("state", "4s a VI_2 BACKUP: fault cleared", "4s a VI_1 BACKUP: fault cleared")
	})

	bubble(t, "K-35 an interface that a group tracks likewise", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", twins(func(g *Group, _ []Instance) { g.Track = []TrackInterface{{Name: "eth7"}} }))
		l.take()
		a.link("eth7", false)
		l.expect("state", "0s a VI_1 FAULT: tracked item failed interface eth7", "0s a VI_2 FAULT: sync group in FAULT VI_1")
	})

	bubble(t, "K-35 weights of a group count for all with sync_group_tracking_weight, those of members too, each once", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", twins(func(g *Group, members []Instance) {
			g.Weighted = true
			g.Items = []TrackItem{{Item: disk.Item, Weight: -20}}
			members[0].Track = []TrackInterface{{Name: "eth7", Weight: 5}}
			members[1].Items = []TrackItem{{Item: disk.Item, Weight: -7}}
		}))
		if got := priorities(a); got != "105 105" {
			t.Errorf("eth7 up: %s", got)
		}
		a.item(Script, "disk", ItemState{})
		if got := priorities(a); got != "85 98" { // VI_2 names it itself
			t.Errorf("disk bad: %s", got)
		}
		a.reload(twins(func(g *Group, members []Instance) { members[0].Track = []TrackInterface{{Name: "eth7", Weight: 5}} }))
		if got := priorities(a); got != "100 100" {
			t.Errorf("without weights: %s", got)
		}
	})

	bubble(t, "Q-15 K-52 a group's changes of state are told once all members agree, after theirs and after what they want of the host", func(t *testing.T, l *lan) {
		cfg := twins(func(*Group, []Instance) {})
		a := l.join("a", "10.20.0.1", cfg)
		a.told()
		l.until(3*interval + skew)
		want := []string{"VI_1 MASTER", "VI_2 MASTER", "group BACKUP to MASTER at 100: no master heard"}
		if got := a.told(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		a.link("eth0", false)
		want = []string{"VI_1 FAULT", "VI_2 FAULT", "group MASTER to FAULT at 100: link down: eth0"}
		if got := a.told(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		a.reload(cfg)
		if got := a.told(); len(got) > 0 {
			t.Errorf("a reload tells %q", got)
		}
		if err := a.router.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		want = []string{"VI_1 INIT", "VI_2 INIT", "group FAULT to INIT at 100: stopped"}
		if got := a.told(); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestNotices(t *testing.T) {
	bubble(t, "K-52 a lower master is told of once a second, and a priority that changes", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		a.told()
		f := goodFrame(a)
		f.Src, f.Payload = lower, nil
		payload, err := vi(50).Instances[0].advert(50).Marshal(lower, f.Dst)
		if err != nil {
			t.Fatal(err)
		}
		f.Payload = payload
		hear := func(want ...string) {
			t.Helper()
			for range 100 {
				a.hear(f)
			}
			if got := a.told(); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		hear("150 heard 50 from 10.20.0.4")
		hear()
		time.Sleep(time.Second)
		hear("150 heard 50 from 10.20.0.4")
		if got := a.router.Snapshot()[0].Counters.LowerHeard; got != 300 {
			t.Errorf("counted %d", got)
		}
		if err := a.router.Post("VI_1", Priority{Source: "operator", Delta: -10}); err != nil {
			t.Fatal(err)
		}
		if got, want := a.told(), []string{"priority 150 to 140: operator"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		a.reload(vi(180))
		if got, want := a.told(), []string{"priority 140 to 170: configuration"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestDefectsSayWhatTheyAre(t *testing.T) {
	m := NewMachine(testInstance())
	runSteps(t, m, append(toBackup[:2:2],
		step{at: time.Second, ev: Defect{Why: "make vrrp.51: no", On: true, As: NoOwn}, want: "absent, FAULT: no interface of its own make vrrp.51: no"},
		step{at: 2 * time.Second, ev: Defect{Why: "make vrrp.51: no", As: NoOwn}, want: "absent, BACKUP: fault cleared"},
		step{at: 3 * time.Second, ev: Defect{Why: "disk", On: true}, want: "absent, FAULT: tracked item failed disk"}))
}
