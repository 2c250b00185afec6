package scale

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// commands are the directors that are compared, each as quiet as it can be.
func commands() map[string]string {
	return map[string]string{"tandem": rig.Tandem(), "keepalived": "keepalived --dont-fork --log-console -f {conf}"}
}

// figures of one run.
type figures struct {
	start    time.Duration // until the table is complete
	reload   time.Duration // until a changed weight is in the kernel
	stop     time.Duration // until the process has ended
	services int           // left after that
	servers  int
}

// bench is a host without a table, and an eye on it.
type bench struct {
	*rig.Pair
	eye
}

func newBench(t testing.TB) bench {
	t.Helper()
	p := rig.NewIPVS(t, lab.Options{})
	return bench{p, newEye(t, p.Director(lab.A))}
}

// anew is the bench on a host that has just been switched on: in one where a
// table was removed, the kernel looks through what it has not yet thrown away
// of it for each server that is added (ip_vs_trash_get_dest).
func (b bench) anew(t testing.TB) bench {
	t.Helper()
	if err := b.PowerLoss(lab.A); err != nil {
		t.Fatal(err)
	}
	if err := b.Revive(t.Context(), lab.A); err != nil {
		t.Fatal(err)
	}
	return bench{b.Pair, newEye(t, b.Director(lab.A))}
}

// run is one life of a director on a host of its own.
func (b bench) run(t testing.TB, command string, s size) (f figures) {
	t.Helper()
	b = b.anew(t)
	if err := b.WriteConfig(lab.A, s.config(plain)); err != nil {
		t.Fatal(err)
	}
	process, err := b.StartDirector(t.Context(), lab.A, command, nil)
	if err != nil {
		t.Fatal(err)
	}
	begun := startOf(t, process.Pid())
	f.start = b.complete(t, s).Sub(begun)

	const weight = 77
	if err := b.WriteConfig(lab.A, s.config(s.changed(weight))); err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	b.Signal(t, lab.A, syscall.SIGHUP)
	f.reload = b.until(t, "the new weight is in the kernel", func() bool { return b.weight(s.middle(), 0) == weight }).Sub(begun)

	begun = time.Now()
	b.Signal(t, lab.A, syscall.SIGTERM)
	f.stop = b.WaitExit(t, lab.A).At.Sub(begun)
	f.services, f.servers = b.count(t)
	return f
}

// startOf is when the kernel made a process, to a hundredth of a second: what
// the lab needs before is no director's time.
func startOf(t testing.TB, pid int) time.Time {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	// The name, in parentheses, may have blanks; the start is field 22, in
	// hundredths of a second since the boot (proc(5)).
	_, fields, _ := strings.Cut(string(stat), ") ")
	ticks, err := strconv.ParseFloat(strings.Fields(fields)[19], 64)
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.Fields(string(uptime))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return now.Add(-time.Duration((seconds - ticks/100) * float64(time.Second)))
}

// complete waits until the table is complete and returns since when. It looks
// at the last server, which both directors write last, and only then at all.
func (b bench) complete(t testing.TB, s size) time.Time {
	t.Helper()
	for {
		at := b.until(t, "the last server is in the kernel", func() bool { return b.weight(s.services-1, s.servers-1) > 0 })
		if services, servers := b.count(t); services == s.services && servers == s.services*s.servers {
			return at
		}
	}
}

// until waits for a condition and returns when it held. It looks often enough
// to measure, and seldom enough to leave the processor to the director.
func (b bench) until(t testing.TB, what string, condition func() bool) time.Time {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); ; <-tick.C {
		at := time.Now()
		if condition() {
			return at
		}
		if at.Sub(begun) > rig.Patience {
			t.Fatalf("wait until %s: not within %s", what, rig.Patience)
		}
	}
}

// writes is how many operations tandem says the kernel took from it so far.
func (b bench) writes(t testing.TB) int {
	t.Helper()
	var status struct {
		IPVS struct {
			Writes int      `json:"writes"`
			Errors []string `json:"errors"`
		} `json:"ipvs"`
	}
	out := rig.Must(t, b.Director(lab.A), rig.Binary(), "status", "--json", "--run-dir", b.Files(lab.A).RunDir)
	if err := json.Unmarshal([]byte(out), &status); err != nil {
		t.Fatal(fmt.Errorf("read tandem's status: %w", err))
	}
	if len(status.IPVS.Errors) > 0 {
		t.Error(status.IPVS.Errors)
	}
	return status.IPVS.Writes
}
