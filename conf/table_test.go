package conf

import (
	"os"
	"strings"
	"testing"
)

func TestShape(t *testing.T) {
	tests := []struct {
		args string
		want shape
	}{
		{"", shape{}},
		{"N", shape{min: 1, max: 1}},
		{"IP [PORT] { }", shape{min: 1, max: 2, braces: true}},
		{"[BOOL]", shape{max: 1}},
		{"[ARG ...]", shape{max: -1}},
		{"COMMAND [USER [GROUP]]", shape{min: 1, max: 3}},
		{"{ NAME ... }", shape{braces: true}},
		{"[{ }]", shape{braces: true, bare: true}},
		{"CODE ...", shape{min: 1, max: -1}},
	}
	for _, tt := range tests {
		if got := (keyword{args: tt.args}).shape(); got != tt.want {
			t.Errorf("shape of %q is %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

// keywords are those of a table: all, and those that have an effect.
type keywords struct {
	block      string
	all, built []string
}

func keywordsOf[T any](b block[T]) keywords {
	k := keywords{block: b.name, all: b.names()}
	for _, r := range b.rows {
		if r.set != nil {
			k.built = append(k.built, r.name)
		}
	}
	return k
}

func tables() []keywords {
	tables := []keywords{
		keywordsOf(rootBlock), keywordsOf(globalBlock), keywordsOf(instanceBlock), keywordsOf(authBlock), keywordsOf(groupBlock),
		keywordsOf(serviceBlock), keywordsOf(serverBlock), keywordsOf(tcpBlock), keywordsOf(httpBlock), keywordsOf(urlBlock),
	}
	for _, b := range laterBlocks {
		tables = append(tables, keywordsOf(b))
	}
	return tables
}

func TestKeywordsAreListedOnce(t *testing.T) {
	for _, table := range tables() {
		seen := make(map[string]bool)
		for _, name := range table.all {
			if seen[name] {
				t.Errorf("%s has %s twice", table.block, name)
			}
			seen[name] = true
		}
	}
}

// TestKeywordsAreDocumented holds the README to the tables.
func TestKeywordsAreDocumented(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables() {
		for _, name := range table.built {
			if !strings.Contains(string(readme), "`"+name+"`") {
				t.Errorf("README.md does not name `%s` of %s", name, table.block)
			}
		}
	}
}
