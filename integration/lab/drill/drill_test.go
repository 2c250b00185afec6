package drill

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// logWriter writes lines to the test's log.
type logWriter struct{ t *testing.T }

func (w logWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// TestDrillOfKeepalived drills the program whose behaviour is known: what this
// measures is the drill. Only counts and orders of events are asked for; times
// are the business of a machine with nothing else to do.
func TestDrillOfKeepalived(t *testing.T) {
	lab.Require(t)
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("keepalived is not installed: apt-get install keepalived")
	}
	keepalived := director("keepalived")
	report, err := Run(t.Context(), Options{
		Scenarios: []string{"power-loss", "failback", "server-down"},
		Runs:      1,
		AdvertInt: 200 * time.Millisecond,
		Mode:      lab.DR,
		Pairs:     []Pair{NewPair(keepalived, keepalived)},
		Talkers:   StandardTalkers,
		Silent:    StandardSilent,
		Progress:  logWriter{t},
	})
	if err != nil {
		t.Fatal(err)
	}
	samples := make(map[string]Sample)
	for _, s := range report.Samples {
		samples[s.Scenario] = s
	}
	for _, missed := range Missed(report.Rows(true)) {
		t.Error(missed)
	}

	loss := samples["power-loss"]
	// RFC 9568 section 6.1: the backup waits at least 2 intervals and its skew.
	// The lab takes a part of that to cut the power; half is left in any case.
	if least := report.Bounds.MasterDown / 2; loss.Outage < least {
		t.Errorf("power loss cost %v ms; the backup cannot have known before %v ms", loss.Outage, least)
	}
	if loss.OneOwner == nil || loss.Owners[len(loss.Owners)-1].Owners != "b" {
		t.Errorf("after the power loss the owners were %+v; want b in the end", loss.Owners)
	}
	if loss.Announced["b"] == 0 {
		t.Error("b took over without an announcement")
	}

	back := samples["failback"]
	if last := back.Owners[len(back.Owners)-1]; last.Owners != "a" {
		t.Errorf("after the failback the owners were %+v; want a in the end", back.Owners)
	}
	// It comes back with an empty table and asks for nothing.
	if back.Silent.Survived != 0 || back.Silent.Lost["reset"] != StandardSilent {
		t.Errorf("%d silent connections survived the failback, lost %v; want all reset", back.Silent.Survived, back.Silent.Lost)
	}

	down := samples["server-down"]
	if down.Table == nil || *down.Table < 500 {
		t.Errorf("the dead server left the table after %v ms; want it to leave, after a retry", down.Table)
	}
	if doomed := down.Talkers.doomed(); doomed == 0 || doomed == StandardTalkers {
		t.Errorf("%d of %d talkers were on the dead server; want a share", doomed, StandardTalkers)
	}
	if down.Talkers.Survived != down.Talkers.Of {
		t.Errorf("%d of %d talkers on living servers survived", down.Talkers.Survived, down.Talkers.Of)
	}
	if down.Newcomers.Why["refused"] == 0 {
		t.Errorf("new connections failed for %v; want some refused by the dead server", down.Newcomers.Why)
	}
}

// TestDrillSaysWhatKeepsAPairFromStarting shows the last words of a director
// that is none.
func TestDrillSaysWhatKeepsAPairFromStarting(t *testing.T) {
	lab.Require(t)
	_, err := Run(t.Context(), Options{
		Scenarios: []string{"steady"}, AdvertInt: time.Second, Mode: lab.DR,
		Pairs: []Pair{NewPair("ls --no-such-option", "ls --no-such-option")},
	})
	if err == nil || !strings.Contains(err.Error(), "ended with status 2") || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("error %v; want one that says which ended, and its last words", err)
	}
}
