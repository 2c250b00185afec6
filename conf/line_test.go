package conf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// lineTest is a line of a block of values, and the line as it is written again,
// or what is said of it.
type lineTest struct{ name, line, want string }

// readsLine reads such a line: a route, or a rule.
type readsLine[T interface{ words() []string }] func(l *loader, s *syntax.Statement, static bool) (T, bool)

// lineOf is a line of a block with the words given.
func lineOf(words []string) *syntax.Statement {
	s := &syntax.Statement{Pos: syntax.Pos{File: "f", Line: 1, Col: 1}}
	for i, w := range words {
		s.Words = append(s.Words, syntax.Word{Text: w, Pos: syntax.Pos{File: "f", Line: 1, Col: int32(i + 1)}})
	}
	return s
}

func testLines[T interface{ words() []string }](t *testing.T, tests []lineTest, read readsLine[T]) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &loader{}
			it, ok := read(l, lineOf(strings.Fields(tt.line)), true)
			got := strings.TrimSuffix(lines(l.found), "\n")
			if ok {
				got = strings.Join(it.words(), " ")
			}
			if got != tt.want {
				t.Errorf("%s\n got %s\nwant %s", tt.line, got, tt.want)
			}
		})
	}
}

// fuzzLines holds that a line that is understood is written such that it is
// understood as the same, and that of another one it is said why.
func fuzzLines[T interface{ words() []string }](f *testing.F, read readsLine[T], seeds ...string) {
	for _, line := range seeds {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words := strings.Fields(line)
		if len(words) == 0 {
			return
		}
		l := &loader{}
		it, ok := read(l, lineOf(words), true)
		if ok == refused(l.found) {
			t.Fatalf("%q is understood: %t, but %v", line, ok, l.found)
		}
		if !ok {
			return
		}
		again, ok := read(&loader{}, lineOf(it.words()), true)
		if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", it); !ok || got != want {
			t.Errorf("%q is written %q, which is another:\n%s\n%s", line, it.words(), want, got)
		}
	})
}
