package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// module is what the packages' import paths begin with.
const module = "github.com/tandem-ha/tandem/"

// result counts what became of the tests of one rule in one test function.
type result struct{ passed, failed, skipped int }

// place is a test function.
type place struct{ pkg, function string }

// results are by rule and place.
type results map[string]map[place]result

// runTests runs the tests of packages that hold rules, and their parents.
func runTests(top string, pkgs []string) (results, error) {
	if len(pkgs) == 0 {
		return results{}, nil
	}
	cmd := exec.Command("go", append([]string{"test", "-json"}, pkgs...)...)
	cmd.Dir, cmd.Stderr = top, os.Stderr
	out, err := cmd.Output()
	// A test that fails is a result like any other.
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		return nil, err
	}
	return readResults(bytes.NewReader(out))
}

// readResults reads what `go test -json` says (cmd/test2json).
func readResults(r io.Reader) (results, error) {
	all := make(results)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		all.add(e.Action, strings.TrimPrefix(e.Package, module), e.Test)
	}
	return all, lines.Err()
}

// add counts the end of a test. Each part of its name may name rules.
func (all results) add(action, pkg, name string) {
	function, _, _ := strings.Cut(name, "/")
	for part := range strings.SplitSeq(name, "/") {
		for _, rule := range rulesOf(part) {
			if all[rule] == nil {
				all[rule] = make(map[place]result)
			}
			at := place{pkg, function}
			r := all[rule][at]
			switch action {
			case "pass":
				r.passed++
			case "fail":
				r.failed++
			case "skip":
				r.skipped++
			}
			all[rule][at] = r
		}
	}
}
