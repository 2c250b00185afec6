package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json` (cmd/test2json).
type event struct {
	Action     string
	Package    string
	ImportPath string // build-output and build-fail carry this instead
	Test       string
	Output     string
	Elapsed    float64
}

// tally counts tests over all the runs that are fed to it and prints each
// package as it ends, with the whole output of what failed.
type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[string][]string   // by package and test, until it ends
	counts                  map[string]*counts    // by package
	reasons                 map[string]int        // why tests were skipped
	later                   func(pkg string) bool // what is skipped here runs later in this same run
}

type counts struct{ passed, failed, skipped int }

func newTally(out io.Writer) *tally {
	return &tally{out: out, output: map[string][]string{}, counts: map[string]*counts{}, reasons: map[string]int{},
		later: func(string) bool { return false }}
}

// read consumes one -json stream. Lines that are no events (a linker's
// warning, say) are shown as they are.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.Action == "" {
			fmt.Fprintln(t.out, lines.Text())
			continue
		}
		t.event(e)
	}
	return lines.Err()
}

func (t *tally) event(e event) {
	id := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "output":
		t.output[id] = append(t.output[id], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.packageEnds(e)
		} else {
			t.testEnds(e, id)
		}
		delete(t.output, id)
	}
}

func (t *tally) of(pkg string) *counts {
	if t.counts[pkg] == nil {
		t.counts[pkg] = &counts{}
	}
	return t.counts[pkg]
}

func (t *tally) testEnds(e event, id string) {
	c := t.of(e.Package)
	switch e.Action {
	case "pass":
		t.passed++
		c.passed++
	case "skip":
		if t.later(e.Package) {
			return
		}
		t.skipped++
		c.skipped++
		t.reasons[reason(t.output[id])]++
	case "fail":
		t.failed++
		c.failed++
		fmt.Fprint(t.out, strings.Join(t.output[id], ""))
	}
}

// packageEnds prints the package's line. A package that fails without a
// failed test (it did not build, it crashed, it timed out) is one failure.
func (t *tally) packageEnds(e event) {
	c := t.of(e.Package)
	word := map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "none"}[e.Action]
	if e.Action == "fail" && c.failed == 0 {
		t.failed++
		c.failed++
		fmt.Fprint(t.out, strings.Join(t.output[e.Package+" "], ""))
	}
	if e.Action == "skip" {
		return // no test files
	}
	fmt.Fprintf(t.out, "%s %-50s %6.1fs  %d passed, %d failed, %d skipped\n", word, e.Package, e.Elapsed, c.passed, c.failed, c.skipped)
	delete(t.counts, e.Package)
}

// reason finds what a skipped test said: its last indented line.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") {
			continue
		}
		if _, said, ok := strings.Cut(line, ".go:"); ok {
			_, line, _ = strings.Cut(said, ": ")
		}
		return line
	}
	return "no reason given"
}

// step counts a check that is no Go test, such as gofmt.
func (t *tally) step(err error) {
	if err != nil {
		t.failed++
		return
	}
	t.passed++
}

// close prints why tests were skipped and then the line that machines read.
func (t *tally) close() {
	for why, n := range t.reasons {
		fmt.Fprintf(t.out, "skipped %d: %s\n", n, why)
	}
	fmt.Fprintf(t.out, "tests: %d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
}
