package notify

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/program"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func command(name string) program.Command { return program.Command{Line: name, Args: []string{name}} }

// all are hooks of everything, with the subject in the names of the programs.
func all(name string) Hooks {
	return Hooks{
		Master: command(name + ".master"), Backup: command(name + ".backup"), Fault: command(name + ".fault"),
		Stop: command(name + ".stop"), Any: command(name + ".any"), LowerHeard: command(name + ".lower"),
	}
}

func to(instance string, from, to vrrp.State) vrrp.Transition {
	return vrrp.Transition{Instance: instance, At: noon, From: from, To: to, Reason: vrrp.MasterSilent, Priority: 100}
}

func groupTo(group string, from, to vrrp.State) vrrp.GroupTransition {
	return vrrp.GroupTransition{Group: group, At: noon, From: from, To: to, Priority: 100}
}

// ran is a job as its command lines.
func ran(j Job) []string {
	var lines []string
	for _, s := range j.Steps {
		lines = append(lines, strings.Join(append(slices.Clone(s.Command.Args), s.Args...), " "))
	}
	return lines
}

// drain runs jobs one at a time until there is none.
func drain(t *Teller) [][]string {
	var jobs [][]string
	for {
		j, ok := t.Next()
		if !ok {
			return jobs
		}
		jobs = append(jobs, ran(j))
		t.Done(j.Event.Subject)
	}
}

// TestArguments are what keepalived 2.2.7 gives its programs, and in its order,
// except that groups come after their members always.
func TestArguments(t *testing.T) {
	deleted := all("d")
	deleted.Deleted = command("d.deleted")
	silent := all("s")
	silent.TellDeleted = true
	before := Config{
		Instances: map[string]Hooks{"A": all("a"), "D": deleted, "S": silent, "C": all("c")},
		Groups:    map[string]Hooks{"G": all("g")},
	}
	tests := []struct {
		name  string
		after *Config // a reload before the notice
		say   vrrp.Notice
		want  [][]string
	}{
		{"K-52 MASTER", nil, to("A", vrrp.Backup, vrrp.Master), [][]string{{"a.master", "a.any INSTANCE A MASTER 100"}}},
		{"K-52 BACKUP", nil, to("A", vrrp.Init, vrrp.Backup), [][]string{{"a.backup", "a.any INSTANCE A BACKUP 100"}}},
		{"K-52 FAULT", nil, to("A", vrrp.Master, vrrp.Fault), [][]string{{"a.fault", "a.any INSTANCE A FAULT 100"}}},
		{"K-52 STOP", nil, to("A", vrrp.Master, vrrp.Init), [][]string{{"a.stop", "a.any INSTANCE A STOP 100"}}},
		{"K-52 MASTER_RX_LOWER_PRI has a program and no arguments", nil, vrrp.LowerHeard{Instance: "A", Priority: 100}, [][]string{{"a.lower"}}},
		{"K-52 a group, whose priority is 0", nil, groupTo("G", vrrp.Backup, vrrp.Master), [][]string{{"g.master", "g.any GROUP G MASTER 0"}}},
		{"K-52 a group stops", nil, groupTo("G", vrrp.Backup, vrrp.Init), [][]string{{"g.stop", "g.any GROUP G STOP 0"}}},
		{"a removal is DELETED with notify_deleted", &Config{}, to("D", vrrp.Master, vrrp.Init), [][]string{{"d.deleted", "d.any INSTANCE D DELETED 100"}}},
		{"a removal is DELETED with notify_deleted and no program", &Config{}, to("S", vrrp.Master, vrrp.Init), [][]string{{"s.any INSTANCE S DELETED 100"}}},
		{"a removal is FAULT without", &Config{}, to("C", vrrp.Master, vrrp.Init), [][]string{{"c.fault", "c.any INSTANCE C FAULT 100"}}},
		{"an instance without hooks", nil, to("X", vrrp.Backup, vrrp.Master), nil},
		{"a priority is for pipes", nil, vrrp.PriorityChange{Instance: "A", To: 90}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			teller := NewTeller()
			teller.Set(before)
			if tt.after != nil {
				teller.Set(*tt.after)
			}
			if _, ok := teller.Notice(tt.say); !ok {
				t.Error("it is nothing to tell")
			}
			if d := cmp.Diff(tt.want, drain(teller)); d != "" {
				t.Error(d)
			}
			if !teller.Idle() {
				t.Error("something is left")
			}
		})
	}
}

// TestLines are keepalived's, byte for byte.
func TestLines(t *testing.T) {
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"VI_1": {}}})
	var got []string
	for _, n := range []vrrp.Notice{
		vrrp.PriorityChange{Instance: "VI_1", To: 90},
		to("VI_1", vrrp.Init, vrrp.Backup), to("VI_1", vrrp.Backup, vrrp.Master),
		vrrp.PriorityChange{Instance: "VI_1", To: 110},
		vrrp.LowerHeard{Instance: "VI_1", Priority: 100},
		groupTo("G 1", vrrp.Init, vrrp.Master),
		to("VI_1", vrrp.Master, vrrp.Fault), to("VI_1", vrrp.Fault, vrrp.Init),
	} {
		e, ok := teller.Notice(n)
		if !ok {
			t.Errorf("%v is nothing to tell", n)
		}
		got = append(got, e.Line())
	}
	want := []string{
		`INSTANCE "VI_1" BACKUP_PRIORITY 90`, `INSTANCE "VI_1" BACKUP 100`, `INSTANCE "VI_1" MASTER 100`,
		`INSTANCE "VI_1" MASTER_PRIORITY 110`, `INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100`,
		`GROUP "G 1" MASTER 0`, `INSTANCE "VI_1" FAULT 100`, `INSTANCE "VI_1" STOP 100`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestThousandFlaps: of what happens while a program runs only the newest is
// told, and the last one always.
func TestThousandFlaps(t *testing.T) {
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"A": all("a")}})
	states := [2]vrrp.State{vrrp.Master, vrrp.Backup}
	var told []string
	skipped := 0
	var running *Job
	for i := range 1000 {
		teller.Notice(to("A", states[(i+1)%2], states[i%2]))
		if running != nil && i%10 == 0 { // a program outlasts ten flaps
			teller.Done(running.Event.Subject)
			running = nil
		}
		if j, ok := teller.Next(); ok {
			told, skipped = append(told, j.Event.Word), skipped+j.Skipped
			running = &j
		}
	}
	teller.Done(Subject{Name: "A"})
	j, ok := teller.Next()
	if !ok || j.Event.Word != "BACKUP" || j.Event.Generation != 1000 {
		t.Fatalf("the last job is %+v, %t", j.Event, ok)
	}
	skipped += j.Skipped
	if len(told) != 100 || len(told)+1+skipped != 1000 {
		t.Errorf("%d programs and %d skipped", len(told)+1, skipped)
	}
	teller.Done(j.Event.Subject)
	if !teller.Idle() {
		t.Error("something is left")
	}
}

func TestGroupAfterMembers(t *testing.T) {
	a, b := all("a"), all("b")
	a.Group, b.Group = "G", "G"
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"A": a, "B": b}, Groups: map[string]Hooks{"G": all("g")}})
	next := func(want string) {
		t.Helper()
		j, ok := teller.Next()
		if got := j.Event.Subject.Name; got != want || ok != (want != "") {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	teller.Notice(to("A", vrrp.Backup, vrrp.Master))
	teller.Notice(to("B", vrrp.Backup, vrrp.Master))
	teller.Notice(groupTo("G", vrrp.Backup, vrrp.Master))
	next("A")
	next("B")
	next("") // G waits for both
	teller.Done(Subject{Name: "B"})
	next("")
	if !teller.Awaited(Subject{Name: "A"}) || teller.Awaited(Subject{Name: "B"}) {
		t.Error("the group waits for A, and only for A")
	}
	teller.Notice(to("B", vrrp.Master, vrrp.Backup)) // newer than what G tells
	next("B")
	teller.Done(Subject{Name: "A"})
	next("G")
}

// TestReplaced: what takes the place of a removed instance is told of after it.
func TestReplaced(t *testing.T) {
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"OLD": all("old"), "KEPT": all("kept")}})
	teller.Notice(to("OLD", vrrp.Init, vrrp.Master))
	drain(teller)
	teller.Set(Config{Instances: map[string]Hooks{"NEW": all("new"), "KEPT": all("kept")}})
	teller.Notice(to("OLD", vrrp.Master, vrrp.Init))
	teller.Notice(to("NEW", vrrp.Init, vrrp.Backup))
	teller.Notice(to("KEPT", vrrp.Backup, vrrp.Master))
	next := func(want string) {
		t.Helper()
		j, ok := teller.Next()
		got := ""
		if ok {
			got = j.Event.Subject.Name + " " + j.Event.Word
		}
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	next("OLD FAULT")
	next("KEPT MASTER")
	next("") // NEW waits for OLD
	if !teller.Awaited(Subject{Name: "OLD"}) || teller.Awaited(Subject{Name: "KEPT"}) {
		t.Error("NEW waits for OLD, and only for OLD")
	}
	teller.Done(Subject{Name: "OLD"})
	next("NEW BACKUP")
	teller.Done(Subject{Name: "NEW"})
	teller.Done(Subject{Name: "KEPT"})
	if !teller.Idle() {
		t.Error("something is left")
	}
}

// TestAtOnce: programs of many instances do not all run at once, and those that
// hang keep no others waiting.
func TestAtOnce(t *testing.T) {
	teller := NewTeller()
	hooks := make(map[string]Hooks)
	for i := range 100 {
		hooks[fmt.Sprint(i)] = all(fmt.Sprint(i))
	}
	teller.Set(Config{Instances: hooks})
	for i := range 100 {
		teller.Notice(to(fmt.Sprint(i), vrrp.Backup, vrrp.Master))
	}
	var running []Subject
	for {
		j, ok := teller.Next()
		if !ok {
			break
		}
		running = append(running, j.Event.Subject)
	}
	if len(running) != MaxPrograms {
		t.Fatalf("%d run", len(running))
	}
	teller.Late(running[0])
	if j, ok := teller.Next(); !ok || j.Event.Subject.Name != fmt.Sprint(MaxPrograms) {
		t.Errorf("next is %v", j.Event.Subject)
	}
	teller.Done(running[0])
	if _, ok := teller.Next(); ok {
		t.Error("who is late is counted twice")
	}
}

// TestNothingOld: what no program is told of any more takes back what waits.
func TestNothingOld(t *testing.T) {
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"A": {Master: command("master"), LowerHeard: command("lower")}}})
	teller.Notice(to("A", vrrp.Backup, vrrp.Master))
	teller.Notice(vrrp.LowerHeard{Instance: "A"})
	teller.Notice(to("A", vrrp.Master, vrrp.Backup))
	if got := drain(teller); got != nil {
		t.Errorf("told %q to a backup", got)
	}
	if !teller.Idle() {
		t.Error("something is left")
	}
}

func TestStdinAndEnvironment(t *testing.T) {
	h := all("a")
	h.Group, h.Addresses = "G", []netip.Prefix{netip.MustParsePrefix("192.0.2.80/24")}
	teller := NewTeller()
	teller.Set(Config{RouterID: "lb1", Instances: map[string]Hooks{"A": h}})
	n := to("A", vrrp.Backup, vrrp.Master)
	n.Detail, n.Peer, n.PeerPriority = "eth0", netip.MustParseAddr("192.0.2.2"), 90
	teller.Notice(n)
	j, _ := teller.Next()
	const want = `{"router_id":"lb1","event":"state","instance":"A","group":"G","from":"BACKUP","to":"MASTER","reason":"no master heard",` +
		`"detail":"eth0","priority":100,"peer":"192.0.2.2","peer_priority":90,"at":"2026-01-02T12:00:00Z","generation":1,"skipped":0,` +
		`"addresses":["192.0.2.80/24"]}` + "\n"
	if d := cmp.Diff(want, string(j.Stdin)); d != "" {
		t.Error(d)
	}
	if !json.Valid(j.Stdin) {
		t.Error("it is no JSON")
	}
	for _, e := range []string{"TANDEM_INSTANCE=A", "TANDEM_GROUP=G", "TANDEM_TO=MASTER", "TANDEM_REASON=no master heard", "TANDEM_GENERATION=1", "TANDEM_PEER=192.0.2.2"} {
		if !slices.Contains(j.Env, e) {
			t.Errorf("no %s in %q", e, j.Env)
		}
	}
}

func TestStates(t *testing.T) {
	teller := NewTeller()
	teller.Set(Config{Instances: map[string]Hooks{"B": {}, "A": {}, "C": {}}, Groups: map[string]Hooks{"G": {}}})
	for _, n := range []vrrp.Notice{to("B", vrrp.Init, vrrp.Master), to("A", vrrp.Init, vrrp.Backup), groupTo("G", vrrp.Init, vrrp.Master), to("X", vrrp.Init, vrrp.Master)} {
		teller.Notice(n)
	}
	var got []string
	for _, e := range teller.States() {
		got = append(got, e.Line())
	}
	if d := cmp.Diff([]string{`INSTANCE "A" BACKUP 100`, `INSTANCE "B" MASTER 100`, `GROUP "G" MASTER 0`}, got); d != "" {
		t.Error(d)
	}
}

// FuzzTeller: whatever happens and whenever programs end, none is told of
// twice, generations rise, and the last job tells the last state.
func FuzzTeller(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 9, 0, 9, 1, 8, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		names := []string{"A", "B", "C"}
		hooks := make(map[string]Hooks)
		for _, n := range names {
			h := all(n)
			h.Group = "G"
			hooks[n] = h
		}
		teller := NewTeller()
		teller.Set(Config{Instances: hooks, Groups: map[string]Hooks{"G": all("g")}})
		state := make(map[Subject]string)
		told := make(map[Subject]Event)
		var running []Subject
		take := func() {
			for {
				j, ok := teller.Next()
				if !ok {
					return
				}
				s := j.Event.Subject
				if slices.Contains(running, s) || j.Event.Generation <= told[s].Generation {
					t.Fatalf("%v is told %+v after %+v", s, j.Event, told[s])
				}
				running, told[s] = append(running, s), j.Event
			}
		}
		for i := 0; i+1 < len(ops); i += 2 {
			op, arg := ops[i]%6, int(ops[i+1])
			switch {
			case op < 4:
				e, _ := teller.Notice(to(names[arg%3], vrrp.Fault, vrrp.State(op)))
				if e.Subject.Name != "" {
					state[e.Subject] = e.Word
				}
			case op == 4:
				e, _ := teller.Notice(groupTo("G", vrrp.Init, vrrp.Master))
				state[e.Subject] = e.Word
			case len(running) > 0:
				n := arg % len(running)
				teller.Done(running[n])
				running = slices.Delete(running, n, n+1)
			}
			take()
		}
		for len(running) > 0 {
			teller.Done(running[0])
			running = running[1:]
			take()
		}
		for s, word := range state {
			if word != "" && told[s].Word != word {
				t.Errorf("%v is %s, last told %q", s, word, told[s].Word)
			}
		}
		if !teller.Idle() {
			t.Error("something is left")
		}
	})
}
