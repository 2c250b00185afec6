package drill

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/integration/lab"
)

var update = flag.Bool("update", false, "write the reports that the code makes into testdata; set "+lab.NoKernelEnv+"=1, for the test kernel writes nothing")

func TestReport(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			golden, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var report Report
			if err := json.Unmarshal(golden.Files[0].Data, &report); err != nil {
				t.Fatal(err)
			}
			for i := range golden.Files[1:] {
				want := &golden.Files[1+i]
				var got bytes.Buffer
				if err := report.Write(&got, want.Name == "want counts only"); err != nil {
					t.Fatal(err)
				}
				if *update {
					want.Data = got.Bytes()
					continue
				}
				if diff := cmp.Diff(string(want.Data), got.String()); diff != "" {
					t.Errorf("%s differs (-want +got):\n%s", want.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestMissedNamesTheJudgedPairOnly(t *testing.T) {
	rows := []Row{
		{Scenario: "stop", Judged: true, Outage: 250, Checks: []Check{{Outage, "<=222", false, false}}},
		{Scenario: "stop", Outage: 999, Checks: []Check{{Outage, "<=222", false, false}}},
		{Scenario: "heal", Judged: true, OneOwner: never, Checks: []Check{{OneOwner, "<=250", false, false}}},
		{Scenario: "power-loss", Judged: true, Checks: []Check{{Talkers, ">=95%", true, false}}},
	}
	want := []string{"stop: outage ms 250, wanted <=222", "heal: one owner after ms never, wanted <=250"}
	if diff := cmp.Diff(want, Missed(rows)); diff != "" {
		t.Errorf("missed budgets differ (-want +got):\n%s", diff)
	}
}

func TestReportSurvivesJSON(t *testing.T) {
	after := Millis(12.5)
	report := Report{
		Kernel: "Linux", Mode: "tun", Pairs: []Pair{NewPair("x -a", "/bin/y")}, Bounds: Bounds{Advert: 200},
		Samples: []Sample{{
			Scenario: "stop", Owners: []OwnerSpan{{0, 10, "a"}}, OneOwner: &after,
			Probe:   ProbeSample{Gaps: []GapSpan{{1, 2}}},
			Talkers: Survival{Lost: map[string]int{"reset": 1}, Conns: []ConnSample{{Client: "1.2.3.4:5", Wait: 3}}},
		}},
	}
	var text bytes.Buffer
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(report, back); diff != "" {
		t.Errorf("report changed on the way (-sent +read):\n%s", diff)
	}
	if back.Pairs[0].Name != "x/y" {
		t.Errorf("pair is called %q, want x/y", back.Pairs[0].Name)
	}
}
