package deliver

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestLowerHeardIsSaidOnce: what a stranger can make happen does not fill the log.
func TestLowerHeardIsSaidOnce(t *testing.T) {
	dir, log := t.TempDir(), new(strings.Builder)
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": {LowerHeard: script(t, dir, "lower", "")}}},
		func(d *Deliverer) { d.log = slog.New(slog.NewTextHandler(log, nil)) })
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	for n := range 3 {
		d.Notice(vrrp.LowerHeard{Instance: "A"})
		eventually(t, "it has run", func() bool { return d.Counts().Programs == n+1 })
	}
	d.Notice(to("A", vrrp.Master, vrrp.Backup))
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	d.Notice(vrrp.LowerHeard{Instance: "A"})
	stopIt(t, d)
	if n := strings.Count(log.String(), "notify_master_rx_lower_pri has run"); n != 2 {
		t.Errorf("said %d times, want once each time it is master:\n%s", n, log)
	}
}

func TestRefusedIsSaid(t *testing.T) {
	d, _ := start(t, notify.Config{Instances: map[string]notify.Hooks{"A": {
		Master: program.Command{Args: []string{"/no/such/program"}}, Any: script(t, t.TempDir(), "fails", "exit 3")}}}, nil)
	d.Notice(to("A", vrrp.Backup, vrrp.Master))
	stopIt(t, d)
	if c := d.Counts(); c.Refused != 1 || c.Programs != 1 || c.Failed != 1 {
		t.Errorf("counts %+v", c)
	}
	if got := strings.Join(troubles(d), "\n"); !strings.Contains(got, `notify_master of INSTANCE "A": /no/such/program is not run: `) || !strings.Contains(got, `/fails: exit status 3`) {
		t.Errorf("troubles:\n%s", got)
	}
	d.Set(notify.Config{})
	eventually(t, "a reload forgives", func() bool { return len(d.Troubles()) == 0 })
}

func troubles(d *Deliverer) (lines []string) {
	for _, t := range d.Troubles() {
		lines = append(lines, t.What+": "+t.Why)
	}
	return lines
}

// TestTroubleOfAPipe: what keeps a pipe from being opened is told as long as the
// pipe is wanted.
func TestTroubleOfAPipe(t *testing.T) {
	path := t.TempDir() + "/pipe"
	must(t, os.WriteFile(path, nil, 0o600))
	d, _ := start(t, notify.Config{Pipes: []notify.Pipe{{Path: path}}}, nil)
	want := "pipe " + path + ": " + path + " is no named pipe: remove it, or name another path"
	eventually(t, "it is told", func() bool { return strings.Join(troubles(d), "\n") == want })
	d.Set(notify.Config{})
	eventually(t, "nobody wants it any more", func() bool { return len(d.Troubles()) == 0 })
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

// TestStopIsBounded: what tells of the stop itself does not keep it either, and
// one warning names what was cut off.
func TestStopIsBounded(t *testing.T) {
	dir := t.TempDir()
	silent := listen(t) // takes connections and says nothing
	c := silent.config()
	c.Mail.Timeout = time.Minute
	c.Instances["VI_1"] = notify.Hooks{Mail: true, Stop: script(t, dir, "stop", "sleep 1000 & wait"), Any: script(t, dir, "any", "")}
	var log strings.Builder
	d, end := start(t, c, func(d *Deliverer) { d.log = slog.New(slog.NewTextHandler(&log, nil)) })
	d.Notice(to("VI_1", vrrp.Master, vrrp.Init))
	stopIt(t, d)
	end()
	said := log.String()
	for _, has := range []string{"level=WARN", "notify_stop of ", dir + "/stop", "and notify was not begun", "mail ", "Stopping"} {
		if !strings.Contains(said, has) {
			t.Errorf("no %q in %s", has, said)
		}
	}
	if n := strings.Count(said, "\n"); n != 1 {
		t.Errorf("%d lines: %s", n, said)
	}
	if got := lines(t, dir); got[0] != "" {
		t.Errorf("programs came to their end: %q", got)
	}
}
