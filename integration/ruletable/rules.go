package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

// rule is one line of testdata/rules.tsv.
type rule struct {
	id, level, text string
	exception       string // why no test can hold it; empty: one must
}

var (
	//go:embed testdata/rules.tsv
	rulesFile string
	//go:embed testdata/exceptions.tsv
	exceptionsFile string
)

// readRules returns the rules in order, each with its exception.
func readRules() ([]rule, error) {
	exceptions := make(map[string]string)
	for line := range strings.Lines(exceptionsFile) {
		id, reason, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			return nil, fmt.Errorf("read the exceptions: %q is not an id, a tab and a reason", line)
		}
		exceptions[id] = reason
	}
	var rules []rule
	for line := range strings.Lines(rulesFile) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("read the rules: %q is not an id, a level and a text", line)
		}
		r := rule{id: fields[0], level: fields[1], text: fields[2], exception: exceptions[fields[0]]}
		delete(exceptions, r.id)
		rules = append(rules, r)
	}
	for id := range exceptions {
		return nil, fmt.Errorf("read the exceptions: there is no rule %s", id)
	}
	return rules, nil
}

// ids is what the name of a test that holds rules begins with.
var ids = regexp.MustCompile(`^[A-Z]-\d\d(?:[ _][A-Z]-\d\d)*(?:$|[ _:,])`)

// rulesOf returns the rules that a test of this name holds.
func rulesOf(name string) []string {
	return strings.FieldsFunc(ids.FindString(name), func(r rune) bool { return r == ' ' || r == '_' || r == ':' || r == ',' })
}
