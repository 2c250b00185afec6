package scale

import (
	"encoding/json"
	"fmt"
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

// run is one life of a director. Whatever it leaves is removed.
func (b bench) run(t testing.TB, command string, s size) (f figures) {
	t.Helper()
	if err := b.WriteConfig(lab.A, s.config(plain)); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := b.StartDirector(t.Context(), lab.A, command, nil); err != nil {
		t.Fatal(err)
	}
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
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	return f
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

// until waits for a condition, looking often, and returns when it held.
func (b bench) until(t testing.TB, what string, condition func() bool) time.Time {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
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
