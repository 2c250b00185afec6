package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// The drill of the product runs, judges a pair of tandem by its counts, and
// writes its samples.
func TestDrillJudgesCounts(t *testing.T) {
	lab.Require(t)
	samples := filepath.Join(t.TempDir(), "samples.json")
	cmd := exec.CommandContext(t.Context(), rig.Binary(), "drill", "--counts-only", "--runs", "1",
		"--scenario", "power-loss,stop", "--json", samples)
	var report bytes.Buffer
	cmd.Stdout, cmd.Stderr = &report, &report
	err := cmd.Run()
	t.Logf("\n%s", &report)
	if err != nil {
		t.Fatalf("the drill ended with %v", err)
	}
	var written struct {
		Samples []struct{ Scenario string }
	}
	text, err := os.ReadFile(samples)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	if len(written.Samples) != 2 {
		t.Errorf("the file has %d samples, want one of each scenario", len(written.Samples))
	}
}
