package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// top is the top directory of the project.
const top = "../.."

// stillOpen is how many rules may have neither a test nor an exception. It only
// ever goes down.
const stillOpen = 0

// TestEveryRuleHasATest reads the sources, so that a rule that loses its test
// is found by the next run of the tests.
func TestEveryRuleHasATest(t *testing.T) {
	rules, err := readRules()
	if err != nil {
		t.Fatal(err)
	}
	named, err := scan(top)
	if err != nil {
		t.Fatal(err)
	}
	known, held := make(map[string]bool), make(map[string]bool)
	for _, r := range rules {
		if known[r.id] {
			t.Errorf("rule %s is there twice", r.id)
		}
		known[r.id] = true
	}
	for _, n := range named {
		for _, id := range n.rules {
			held[id] = true
			if !known[id] {
				t.Errorf("%s %s names rule %s, which there is not", n.pkg, n.function, id)
			}
		}
	}
	var open []string
	for _, r := range rules {
		switch {
		case held[r.id] && r.exception != "":
			t.Errorf("rule %s has a test and is excepted all the same", r.id)
		case !held[r.id] && r.exception == "":
			open = append(open, r.id)
		}
	}
	if len(open) > stillOpen {
		t.Errorf("%d rules have neither a test nor an exception: %s", len(open), strings.Join(open, " "))
	}
}

// TestTableIsOfToday: the table in the tree names every rule, in words of today.
func TestTableIsOfToday(t *testing.T) {
	rules, err := readRules()
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(top, output))
	if err != nil {
		t.Fatal(err)
	}
	named, err := scan(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		row := "| " + r.id + " | " + r.level + " | " + escape(r.text) + " | "
		_, rest, found := strings.Cut(string(table), row)
		if !found {
			t.Errorf("%s does not have %q: run make docs", output, row)
			continue
		}
		column, _, _ := strings.Cut(rest, "|")
		if diff := stale(r.id, named, strings.Split(strings.TrimSpace(column), ", ")); diff != "" {
			t.Errorf("%s: %s: run make docs", output, diff)
		}
	}
	if strings.Contains(string(table), " failed") {
		t.Errorf("%s tells of failures", output)
	}
}

// stale says how the tests of a rule in the table differ from those in the
// sources. A name that stands beside the test functions is that of some test of
// its package.
func stale(id string, named []test, told []string) string {
	in := func(pkg string) func(string) bool {
		return func(s string) bool { return s == pkg || strings.HasPrefix(s, pkg+" ") }
	}
	var want []string
	beside := make(map[string]bool)
	for _, n := range named {
		switch {
		case !slices.Contains(n.rules, id):
		case n.function != "":
			want = append(want, n.pkg+" "+n.function)
		case !slices.ContainsFunc(told, in(n.pkg)):
			return id + " has no test of " + n.pkg
		default:
			beside[n.pkg] = true
		}
	}
	for _, name := range want {
		if !slices.Contains(told, name) {
			return id + " does not have " + name
		}
	}
	for _, name := range told {
		if pkg, _, _ := strings.Cut(name, " "); name != "" && !slices.Contains(want, name) && !beside[pkg] {
			return id + " has " + name + ", which there is not"
		}
	}
	return ""
}

func TestStale(t *testing.T) {
	named := []test{{"vrrp", "TestA", []string{"R-01"}}, {"vrrp/link", "", []string{"R-01"}}}
	for told, want := range map[string]string{
		"vrrp TestA, vrrp/link TestB":             "",
		"vrrp/link TestB":                         "R-01 does not have vrrp TestA",
		"vrrp TestA":                              "R-01 has no test of vrrp/link",
		"vrrp TestA, vrrp TestC, vrrp/link TestB": "R-01 has vrrp TestC, which there is not",
	} {
		if got := stale("R-01", named, strings.Split(told, ", ")); got != want {
			t.Errorf("%q: got %q, want %q", told, got, want)
		}
	}
}

func TestRulesOf(t *testing.T) {
	for name, want := range map[string][]string{
		"R-01 a TTL of 254 is not heard": {"R-01"},
		"T-01 T-03 the down timer":       {"T-01", "T-03"},
		"K-50_K-51_HMAC_by_time":         {"K-50", "K-51"},
		"P-15":                           {"P-15"},
		"K-50: stale":                    {"K-50"},
		"no rule R-01":                   nil,
		"R-011 is none":                  nil,
		"RFC 9568 7.1: TTL":              nil,
	} {
		if got := rulesOf(name); !slices.Equal(got, want) {
			t.Errorf("%q holds %v, want %v", name, got, want)
		}
	}
}

func TestRender(t *testing.T) {
	ran, err := readResults(strings.NewReader(`{"Action":"pass","Package":"github.com/tandem-ha/tandem/vrrp","Test":"TestA/R-01_R-02_x"}
{"Action":"pass","Package":"github.com/tandem-ha/tandem/vrrp","Test":"TestA/R-01_y"}
{"Action":"skip","Package":"github.com/tandem-ha/tandem/vrrp/link","Test":"TestB/R-02_z"}
{"Action":"output","Package":"github.com/tandem-ha/tandem/vrrp","Test":"TestA"}
`))
	if err != nil {
		t.Fatal(err)
	}
	rules := []rule{{id: "R-01", level: "MUST", text: "one"}, {id: "R-02", text: "two"}, {id: "R-03", text: "three"}, {id: "R-04", text: "four", exception: "not ours"}, {id: "R-05", text: "five"}}
	named := []test{{"integration", "TestC", []string{"R-05"}}, {"vrrp", "TestA", []string{"R-01"}}}
	_, table, _ := strings.Cut(string(render(rules, named, ran)), "5 rules: ")
	const want = `3 held by tests, 1 with a reason why not, 1 open, 0 failing.

| rule | level | what | tests | result |
|---|---|---|---|---|
| R-01 | MUST | one | vrrp TestA | 2 passed |
| R-02 |  | two | vrrp TestA, vrrp/link TestB | 1 passed, 1 skipped |
| R-03 |  | three |  | open |
| R-04 |  | four |  | not ours |
| R-05 |  | five | integration TestC | run by ` + "`make test`" + ` |
`
	if diff := cmp.Diff(want, table); diff != "" {
		t.Error(diff)
	}
}
