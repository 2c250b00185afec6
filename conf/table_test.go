package conf

import "testing"

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

func TestKeywordsAreListedOnce(t *testing.T) {
	for _, table := range tables() {
		seen := make(map[string]bool)
		for _, k := range table.keywords() {
			if seen[k.name] {
				t.Errorf("%s has %s twice", table.title(), k.name)
			}
			seen[k.name] = true
		}
	}
}
