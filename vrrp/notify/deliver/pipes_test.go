package deliver

import (
	"bufio"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/notify"
)

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
			t.Errorf("all, K-52: got %s, want %s", got, want)
		}
		if got := rv(); got != want {
			t.Errorf("vrrp, K-52: got %s, want %s", got, want)
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
	c := script(t, dir, "reader", `exec <"$2"; echo up >>`+dir+`/log; while read -r l; do echo "$l" >>`+dir+`/log; case "$l" in *FAULT*) exit 1;; esac; done`)
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
