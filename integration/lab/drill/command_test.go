package drill

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPairs(t *testing.T) {
	names := func(pairs []Pair) (all []string) {
		for _, p := range pairs {
			all = append(all, p.Name)
		}
		return all
	}
	tests := []struct {
		name  string
		pairs []Pair
		want  []string
	}{
		{"one pair", Pairs("/bin/x run", "y", "", false), []string{"x/y"}},
		{"compared", Pairs("x", "x", "/sbin/k -n", false), []string{"x/x", "k/k"}},
		{"compared and mixed both ways round", Pairs("x", "x", "k", true), []string{"x/x", "k/k", "x/k", "k/x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, names(tt.pairs)); diff != "" {
				t.Errorf("pairs differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWrongCommandLines(t *testing.T) {
	tests := []struct {
		name string
		args string
		says string
	}{
		{"a scenario that is none", "--scenario flood", "flood"},
		{"a mode that is none", "--mode fnat", "fnat"},
		{"an interval that no field holds", "--advert-int 15ms", "multiple of 10ms"},
		{"an interval of nothing", "--advert-int 0s", "10ms"},
		{"runs below one", "--runs -1", "-1"},
		{"mixed with nothing", "--mixed", "--compare"},
		{"active-active behind one gateway", "--mode nat --scenario active-active", "nat"},
		{"words that are no flags", "power-loss", "power-loss"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := Command()
			cmd.SetArgs(strings.Fields(tt.args))
			cmd.SetOut(new(bytes.Buffer))
			cmd.SetErr(new(bytes.Buffer))
			err := cmd.ExecuteContext(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error %v, want one about %q", err, tt.says)
			}
			if errors.As(err, new(exitError)) {
				t.Errorf("%v asks for an exit status of its own; the command line is wrong", err)
			}
		})
	}
}

func TestListNamesEveryScenario(t *testing.T) {
	var out bytes.Buffer
	if err := list(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range append(scenarioNames(), "link-down ", "at most 902 ms", "95 %", "budget: none") {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list lacks %q:\n%s", want, out.String())
		}
	}
}

func TestPublishFailsWhereABudgetIsMissed(t *testing.T) {
	sample := Sample{Scenario: "stop", Pair: "x/x", Outage: 500, Pace: 1}
	report := &Report{Mode: "dr", Pairs: []Pair{NewPair("x", "x")}, Bounds: Bounds{Skew: 122}, Samples: []Sample{sample}}
	f := flags{json: filepath.Join(t.TempDir(), "samples.json")}
	var out bytes.Buffer
	err := f.publish(report, &out)
	var exit exitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitMissed {
		t.Errorf("error %v, want one with status %d", err, exitMissed)
	}
	if !strings.Contains(out.String(), "MISSED stop") {
		t.Errorf("the report does not name what was missed:\n%s", out.String())
	}
	if text, err := os.ReadFile(f.json); err != nil || !bytes.Contains(text, []byte(`"outage_ms": 500`)) {
		t.Errorf("the samples are %s (error %v)", text, err)
	}
	f.countsOnly = true
	if err := f.publish(report, &out); err != nil {
		t.Errorf("counts only: %v", err)
	}
}

func TestTailKeepsWholeLines(t *testing.T) {
	var log tail
	for range 3 {
		_, _ = log.Write([]byte("short\n"))
	}
	if got := log.String(); got != "short\nshort\nshort\n" {
		t.Errorf("%q, want all of it", got)
	}
	_, _ = log.Write(bytes.Repeat([]byte("x"), tailSize-3))
	_, _ = log.Write([]byte("\nend\n"))
	if got := log.String(); got != "end\n" {
		t.Errorf("%d bytes that begin with %.5q, want the last whole line", len(got), got)
	}
}
