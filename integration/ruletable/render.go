package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// render writes the table.
func render(rules []rule, named []test, ran results) []byte {
	var body bytes.Buffer
	var held, excepted, open, failing int
	for _, r := range rules {
		tests, verdict := r.tests(named, ran)
		switch {
		case len(tests) > 0:
			held++
		case r.exception != "":
			excepted++
		default:
			open++
		}
		if strings.Contains(verdict, "failed") {
			failing++
		}
		fmt.Fprintf(&body, "| %s | %s | %s | %s | %s |\n", r.id, r.level, escape(r.text), strings.Join(tests, ", "), escape(verdict))
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The rules of VRRP and the tests that hold them\n\n"+
		"Made by `make docs`: do not edit. A test holds a rule when its name begins with the rule's id.\n"+
		"P to Q are rules of the RFCs (9568; 3768 and 2338 for version 2; 6527 for Q), K and F what keepalived and\n"+
		"FRR do, O odd frames with what the RFC asks for. Where those differ, the test says whom tandem follows.\n\n"+
		"%d rules: %d held by tests, %d with a reason why not, %d open, %d failing.\n\n"+
		"| rule | level | what | tests | result |\n|---|---|---|---|---|\n", len(rules), held, excepted, open, failing)
	b.Write(body.Bytes())
	return b.Bytes()
}

// tests returns where a rule is tested and what came of it.
func (r rule) tests(named []test, ran results) (where []string, verdict string) {
	var sum result
	var places []place
	for at, res := range ran[r.id] {
		places = append(places, at)
		sum.passed, sum.failed, sum.skipped = sum.passed+res.passed, sum.failed+res.failed, sum.skipped+res.skipped
	}
	later := false
	for _, t := range named {
		if needsKernel(t.pkg) && slices.Contains(t.rules, r.id) {
			places, later = append(places, place{t.pkg, t.function}), true
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(strings.Compare(a.pkg, b.pkg), strings.Compare(a.function, b.function))
	})
	for _, p := range slices.Compact(places) {
		where = append(where, strings.TrimSuffix(fmt.Sprintf("%s %s", p.pkg, p.function), " "))
	}
	var words []string
	for _, c := range []struct {
		n    int
		what string
	}{{sum.passed, "passed"}, {sum.failed, "failed"}, {sum.skipped, "skipped"}} {
		if c.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	switch {
	case later:
		words = append(words, "run by `make test`")
	case len(words) == 0:
		words = append(words, cmp.Or(r.exception, "open"))
	}
	return where, strings.Join(words, ", ")
}

// escape keeps a text in its cell.
func escape(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
