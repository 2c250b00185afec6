package deliver

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// longWait bounds every wait for a condition.
const longWait = 20 * time.Second

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs a Deliverer until the test ends, or until end is called.
func start(t *testing.T, c notify.Config, prepare func(*Deliverer)) (d *Deliverer, end func()) {
	t.Helper()
	d = New(slog.New(slog.NewTextHandler(t.Output(), nil)))
	if prepare != nil {
		prepare(d)
	}
	d.Set(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx)
	}()
	end = func() {
		cancel()
		<-done
	}
	t.Cleanup(end)
	return d, end
}

// stop waits until everything is told.
func stopIt(t *testing.T, d *Deliverer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), longWait)
	defer cancel()
	must(t, d.Stop(ctx))
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(longWait); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("never came true: " + what)
		}
	}
}

// script writes a program that appends a line of its arguments to the file log,
// after body.
func script(t *testing.T, dir, name, body string) program.Command {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\necho \"$(basename $0) $*\" >>"+dir+"/log\n"), 0o755))
	return program.Command{Line: path, Args: []string{path}}
}

// lines are what the programs have written.
func lines(t *testing.T, dir string) []string {
	t.Helper()
	b, err := os.ReadFile(dir + "/log")
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
}

func to(instance string, from, to vrrp.State) vrrp.Transition {
	return vrrp.Transition{Instance: instance, At: time.Now(), From: from, To: to, Reason: vrrp.MasterSilent, Priority: 100}
}

func hooks(t *testing.T, dir, name string) notify.Hooks {
	return notify.Hooks{
		Master: script(t, dir, name+".master", ""), Backup: script(t, dir, name+".backup", ""),
		Fault: script(t, dir, name+".fault", ""), Stop: script(t, dir, name+".stop", ""), Any: script(t, dir, name+".any", ""),
	}
}

// TestStory: members in their order, the program of the state before the one
// for any, the group after its members, and the stop is told before Stop returns.
func TestStory(t *testing.T) {
	dir := t.TempDir()
	a := hooks(t, dir, "a")
	a.Group = "G"
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": a}, Groups: map[string]notify.Hooks{"G": hooks(t, dir, "g")}}, nil)
	both := func(from, into vrrp.State) {
		d.Notice(to("A", from, into))
		d.Notice(vrrp.GroupTransition{Group: "G", At: time.Now(), From: from, To: into})
	}
	said := 0
	for _, s := range []vrrp.State{vrrp.Backup, vrrp.Master, vrrp.Fault} {
		both(vrrp.Init, s)
		said += 4
		eventually(t, "all programs have run", func() bool { return len(lines(t, dir)) == said })
	}
	both(vrrp.Fault, vrrp.Init)
	stopIt(t, d)
	want := []string{
		"a.backup ", "a.any INSTANCE A BACKUP 100", "g.backup ", "g.any GROUP G BACKUP 0",
		"a.master ", "a.any INSTANCE A MASTER 100", "g.master ", "g.any GROUP G MASTER 0",
		"a.fault ", "a.any INSTANCE A FAULT 100", "g.fault ", "g.any GROUP G FAULT 0",
		"a.stop ", "a.any INSTANCE A STOP 100", "g.stop ", "g.any GROUP G STOP 0",
	}
	if diff := cmp.Diff(want, lines(t, dir)); diff != "" {
		t.Error(diff)
	}
	if c := d.Counts(); c.Programs != 16 || c.Failed+c.Refused+c.Killed+c.Skipped != 0 {
		t.Errorf("counts %+v", c)
	}
}

// TestThousandFlaps is a minute of flapping at once: few programs run, and the
// last one tells the last state, with the highest generation.
func TestThousandFlaps(t *testing.T) {
	dir := t.TempDir()
	any := script(t, dir, "any", "exec >>"+dir+"/generations; echo $TANDEM_GENERATION $3")
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": {Any: any}}}, nil)
	for i := range 1001 {
		d.Notice(to("A", vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
		if i%100 == 0 {
			eventually(t, "a program runs", func() bool { return d.Counts().Programs > i/100 })
		}
	}
	stopIt(t, d)
	told := lines(t, dir)
	if last := told[len(told)-1]; last != "any INSTANCE A MASTER 100" {
		t.Errorf("the last one is told %q", last)
	}
	b, err := os.ReadFile(dir + "/generations")
	must(t, err)
	if !strings.HasSuffix(string(b), "1001 MASTER\n") {
		t.Errorf("the generations are %q", b)
	}
	if c := d.Counts(); c.Programs != len(told) || c.Programs+c.Skipped != 1001 {
		t.Errorf("%d programs, counts %+v", len(told), c)
	}
}

// TestHangs: a program that hangs runs on as long as it tells the truth, and is
// ended when there is something newer to tell. It keeps nobody else waiting.
func TestHangs(t *testing.T) {
	dir := t.TempDir()
	h := notify.Hooks{Master: script(t, dir, "master", "echo started >>"+dir+"/log; sleep 1000 & wait"), Backup: script(t, dir, "backup", "")}
	d, _ := start(t, notify.Config{Timeout: 50 * time.Millisecond, Instances: map[string]notify.Hooks{"A": h, "B": h}}, nil)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	eventually(t, "it runs", func() bool { return lines(t, dir)[0] == "started" })
	d.Notice(to("B", vrrp.Init, vrrp.Backup))
	eventually(t, "another is told", func() bool { return len(lines(t, dir)) == 2 })
	if c := d.Counts(); c.Killed != 0 {
		t.Errorf("it was ended for nothing: %+v", c)
	}
	d.Notice(to("A", vrrp.Master, vrrp.Backup))
	eventually(t, "the newer one is told", func() bool { return len(lines(t, dir)) == 3 })
	if c := d.Counts(); c.Killed != 1 {
		t.Errorf("counts %+v", c)
	}
}

// TestHangsAtStop: what hangs has little time when tandem stops, and the stop is
// told.
func TestHangsAtStop(t *testing.T) {
	dir := t.TempDir()
	h := notify.Hooks{Master: script(t, dir, "master", "echo started >>"+dir+"/log; exec sleep 1000"), Stop: script(t, dir, "stop", "")}
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": h}}, nil)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	eventually(t, "it runs", func() bool { return lines(t, dir)[0] == "started" })
	d.Notice(to("A", vrrp.Master, vrrp.Init))
	stopIt(t, d)
	if got := lines(t, dir); got[len(got)-1] != "stop " {
		t.Errorf("the last one is told %q", got)
	}
}

// TestRunEnds: the end of Run ends what runs.
func TestRunEnds(t *testing.T) {
	dir := t.TempDir()
	h := notify.Hooks{Master: script(t, dir, "master", "echo started >>"+dir+"/log; exec sleep 1000")}
	d, end := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": h}}, nil)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	eventually(t, "it runs", func() bool { return lines(t, dir)[0] == "started" })
	end() // returns
}

// TestReady: K-52 the addresses are in their place before anybody is told.
func TestReady(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/pipe"
	gate := make(chan struct{})
	d, _ := start(t, notify.Config{
		Pipes:     []notify.Pipe{{Path: path}},
		Instances: map[string]notify.Hooks{"A": {Master: script(t, dir, "master", "")}},
	}, func(d *Deliverer) {
		d.Ready = func(ctx context.Context) error {
			select {
			case <-gate:
				must(t, os.WriteFile(dir+"/log", []byte("ready\n"), 0o600))
			case <-ctx.Done():
			}
			return ctx.Err()
		}
	})
	r := reader(t, path)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	gate <- struct{}{}
	gate <- struct{}{} // one each
	if line := r(); line != `INSTANCE "A" MASTER 100` {
		t.Errorf("the pipe says %q", line)
	}
	eventually(t, "the program has run", func() bool { return len(lines(t, dir)) == 2 })
}

func TestRefusedIsSaid(t *testing.T) {
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": {
		Master: program.Command{Args: []string{"/no/such/program"}}, Any: script(t, t.TempDir(), "fails", "exit 3")}}}, nil)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	stopIt(t, d)
	if c := d.Counts(); c.Refused != 1 || c.Programs != 1 || c.Failed != 1 {
		t.Errorf("counts %+v", c)
	}
}

// reader opens a pipe, once it is there, and reads it line by line.
func reader(t *testing.T, path string) (next func() string) {
	t.Helper()
	eventually(t, "the pipe is there", func() bool { _, err := os.Stat(path); return err == nil })
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	s := bufio.NewScanner(f)
	return func() string {
		t.Helper()
		f.SetReadDeadline(time.Now().Add(longWait))
		if !s.Scan() {
			t.Fatal("nothing more in the pipe:", s.Err())
		}
		return s.Text()
	}
}

func TestPipes(t *testing.T) {
	dir := t.TempDir()
	all, vrrps, lvs := dir+"/all", dir+"/vrrp", dir+"/lvs"
	d, end := start(t, notify.Config{
		Instances: map[string]notify.Hooks{"VI_1": {Priorities: true}},
		Pipes:     []notify.Pipe{{Path: all}, {Path: vrrps, What: notify.VRRPEvents}, {Path: lvs, What: notify.LVSEvents}},
	}, nil)
	ra, rv := reader(t, all), reader(t, vrrps)
	for _, n := range []vrrp.Notice{
		to("VI_1", vrrp.Init, vrrp.Backup), to("VI_1", vrrp.Backup, vrrp.Master),
		vrrp.PriorityChange{Instance: "VI_1", To: 90}, vrrp.LowerHeard{Instance: "VI_1", Priority: 90},
		vrrp.GroupTransition{Group: "G", To: vrrp.Master}, to("VI_1", vrrp.Master, vrrp.Init),
	} {
		d.Notice(n)
	}
	stopIt(t, d)
	for _, want := range []string{
		`INSTANCE "VI_1" BACKUP 100`, `INSTANCE "VI_1" MASTER 100`, `INSTANCE "VI_1" MASTER_PRIORITY 90`,
		`INSTANCE "VI_1" MASTER_RX_LOWER_PRI 90`, `GROUP "G" MASTER 0`, `INSTANCE "VI_1" STOP 100`,
	} {
		if got := ra(); got != want {
			t.Errorf("K-52 all: got %s, want %s", got, want)
		}
		if got := rv(); got != want {
			t.Errorf("K-52 vrrp: got %s, want %s", got, want)
		}
	}
	if info, err := os.Stat(lvs); err != nil || info.Mode().Perm() != 0o600 || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("%v, %v", info, err)
	}
	end()
	for _, path := range []string{all, vrrps, lvs} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left", path)
		}
	}
}

// TestPipeThatExists stays, with its mode.
func TestPipeThatExists(t *testing.T) {
	path := t.TempDir() + "/pipe"
	must(t, unix.Mkfifo(path, 0o640))
	d, end := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path}}}, nil)
	r := reader(t, path)
	d.Notice(to("A", vrrp.Init, vrrp.Master))
	r()
	end()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestFullPipe: nobody reads, and nothing stops for that; who reads late finds
// the last state of everybody.
func TestFullPipe(t *testing.T) {
	path := t.TempDir() + "/pipe"
	d, _ := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path}}}, nil)
	r := reader(t, path)
	const flaps = 10001
	for i := range flaps {
		d.Notice(to("A", vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
	}
	d.Notice(to("B", vrrp.Init, vrrp.Backup))
	eventually(t, "lines are dropped", func() bool { return d.Counts().LinesDropped > flaps/2 })
	last := ""
	for n := 1; ; n++ {
		line := r()
		if line == `INSTANCE "B" BACKUP 100` {
			t.Log(n, "lines were read")
			break
		}
		last = line
	}
	if last != `INSTANCE "A" MASTER 100` {
		t.Errorf("the last line of A is %q", last)
	}
}

// TestFullPipeAtStop: it does not hold up the end either.
func TestFullPipeAtStop(t *testing.T) {
	path := t.TempDir() + "/pipe"
	d, _ := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path}}}, nil)
	for i := range 10000 {
		d.Notice(to("A", vrrp.Fault, []vrrp.State{vrrp.Master, vrrp.Backup}[i%2]))
	}
	stopIt(t, d)
}

// TestPipeRemoved: somebody takes the pipe away, and it comes back.
func TestPipeRemoved(t *testing.T) {
	path := t.TempDir() + "/pipe"
	d, _ := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path}}}, nil)
	reader(t, path)
	must(t, os.Remove(path))
	d.Notice(to("A", vrrp.Init, vrrp.Master))
	if line := reader(t, path)(); line != `INSTANCE "A" MASTER 100` {
		t.Errorf("got %q", line)
	}
}

// TestReader: the program that reads a pipe gets its path, is started again when
// it ends, and reads to the end when tandem stops.
func TestReader(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/pipe"
	c := script(t, dir, "reader", "echo up >>"+dir+`/log; while read -r l; do echo "$l" >>`+dir+`/log; case "$l" in *FAULT*) exit 1;; esac; done <"$2"`)
	c.Args = append(c.Args, "own")
	d, end := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path, Reader: c}}}, nil)
	d.Notice(to("A", vrrp.Init, vrrp.Fault))
	eventually(t, "it has read, ended and is there again", func() bool { return len(lines(t, dir)) == 3 })
	d.Notice(to("A", vrrp.Fault, vrrp.Master))
	d.Notice(to("A", vrrp.Master, vrrp.Init))
	stopIt(t, d)
	end()
	want := []string{"up", `INSTANCE "A" FAULT 100`, "up", `INSTANCE "A" MASTER 100`, `INSTANCE "A" STOP 100`, "reader own " + path}
	if diff := cmp.Diff(want, lines(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	one, two := dir+"/one", dir+"/two"
	h := map[string]notify.Hooks{"A": {}, "B": {TellDeleted: true}}
	d, _ := start(t, notify.Config{Instances: h, Pipes: []notify.Pipe{{Path: one}}}, nil)
	r := reader(t, one)
	d.Notice(to("A", vrrp.Init, vrrp.Master))
	d.Notice(to("B", vrrp.Init, vrrp.Master))
	r()
	r()
	d.Set(notify.Config{Instances: map[string]notify.Hooks{"A": {}}, Pipes: []notify.Pipe{{Path: one}, {Path: two}}, StatesOnReload: true})
	d.Notice(to("B", vrrp.Master, vrrp.Init))
	for i, want := range []string{`INSTANCE "A" MASTER 100`, `INSTANCE "B" DELETED 100`} {
		if got := r(); got != want {
			t.Errorf("line %d is %s, want %s", i, got, want)
		}
	}
	if got := reader(t, two)(); got != `INSTANCE "A" MASTER 100` {
		t.Errorf("the new pipe says %s", got)
	}
	d.Set(notify.Config{Instances: map[string]notify.Hooks{"A": {}}, Pipes: []notify.Pipe{{Path: two}}})
	eventually(t, "the old pipe is gone", func() bool { _, err := os.Stat(one); return os.IsNotExist(err) })
}

// TestPipeOfAnother has the owner that the configuration names.
func TestPipeOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	path := t.TempDir() + "/pipe"
	start(t, notify.Config{Pipes: []notify.Pipe{{Path: path, User: "nobody", Group: "daemon"}}}, nil)
	eventually(t, "it is nobody's", func() bool {
		var s unix.Stat_t
		return unix.Stat(path, &s) == nil && fmt.Sprint(s.Uid, s.Gid) == "65534 1"
	})
}

func TestScript(t *testing.T) {
	dir := t.TempDir()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	Script(t.Context(), log, "startup_script", script(t, dir, "startup", ""), 0, program.Policy{})
	Script(t.Context(), log, "startup_script", script(t, dir, "hangs", "exec sleep 1000"), 100*time.Millisecond, program.Policy{}) // returns
	Script(t.Context(), log, "startup_script", program.Command{}, 0, program.Policy{})
	if diff := cmp.Diff([]string{"startup "}, lines(t, dir)); diff != "" {
		t.Error(diff)
	}
}
