package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name   string
		stream string
		last   string
		shows  string
	}{
		{
			name: "a package with a passed, a failed and a skipped test",
			stream: `{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"B","Output":"    b_test.go:3: want 1, got 2\n"}
{"Action":"fail","Package":"p","Test":"B"}
{"Action":"output","Package":"p","Test":"C","Output":"    c_test.go:9: not root\n"}
{"Action":"output","Package":"p","Test":"C","Output":"--- SKIP: C (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"C"}
{"Action":"fail","Package":"p"}`,
			last:  "tests: 1 passed, 1 failed, 1 skipped",
			shows: "skipped 1: not root",
		},
		{
			name: "a package that does not build is one failure",
			stream: `{"ImportPath":"p","Action":"build-output","Output":"x.go:1: undefined: y\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p"}`,
			last:  "tests: 0 passed, 1 failed, 0 skipped",
			shows: "undefined: y",
		},
		{
			name: "a crash after a pass is one failure",
			stream: `{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Output":"panic: oh\n"}
{"Action":"fail","Package":"p"}`,
			last:  "tests: 1 passed, 1 failed, 0 skipped",
			shows: "panic: oh",
		},
		{
			name:   "a package without tests counts nothing",
			stream: `{"Action":"skip","Package":"p"}`,
			last:   "tests: 0 passed, 0 failed, 0 skipped",
		},
		{
			name:   "a line that is no event is shown",
			stream: "linker: something odd\n" + `{"Action":"pass","Package":"p","Test":"A"}`,
			last:   "tests: 1 passed, 0 failed, 0 skipped",
			shows:  "linker: something odd",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tally := newTally(&out)
			if err := tally.read(strings.NewReader(tt.stream)); err != nil {
				t.Fatal(err)
			}
			tally.close()
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if got := lines[len(lines)-1]; got != tt.last {
				t.Errorf("last line %q, want %q", got, tt.last)
			}
			if !strings.Contains(out.String(), tt.shows) {
				t.Errorf("output lacks %q:\n%s", tt.shows, out.String())
			}
		})
	}
}
