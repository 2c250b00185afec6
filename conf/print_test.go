package conf

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/integration/golden"
	"golang.org/x/tools/txtar"
)

func TestPrintWords(t *testing.T) {
	long := strings.Repeat("x", 1010)
	at := syntax.Pos{File: "a.conf", Line: 7, Col: 3}
	tests := []struct {
		name  string
		nodes []Node
		o     PrintOptions
		want  string
	}{
		{"values by their types", []Node{{Keyword: "k", Values: []any{true, false, 5, 1500 * time.Millisecond, netip.MustParseAddr("::1"), "word"}}}, PrintOptions{}, "k on off 5 1.5 ::1 word\n"},
		{"words that need quotes", statement("k", "", "a b", "a#b", "a!b", "{}", `a\b`, "it's", "$X", "@x"), PrintOptions{}, `k "" "a b" "a#b" "a!b" "{}" a\b it's $X @x` + "\n"},
		{"a word that none can be", append(statement("k", `a"b`), statement("l")...), PrintOptions{}, "# left out: print k: no word can hold \"a\\\"b\"\nl\n"},
		{"first words of values", blockOf("k", nil, []Node{{Values: []any{"$X=1", "$X=1"}}, {Values: []any{"include"}}, {Values: []any{"~SEQ(a,1)"}}}), PrintOptions{}, "k {\n    \"$X=1\" $X=1\n    \"include\"\n    \"~SEQ(a,1)\"\n}\n"},
		{"a secret", statement("auth_pass", Secret("s3cret")), PrintOptions{}, "auth_pass ********\n"},
		{"a secret on demand", statement("auth_pass", Secret("s3#ret")), PrintOptions{Secrets: true}, "auth_pass \"s3#ret\"\n"},
		{"blocks", append(statement("flag"), blockOf("a", []any{"A"}, blockOf("b", nil, nil))...), PrintOptions{}, "flag\n\na A {\n    b {}\n}\n"},
		{"remarks", []Node{{Keyword: "k", Pos: at, Idle: NotSupported}, {Keyword: "l", Pos: at}, {Keyword: "m", Idle: NoEffect}}, PrintOptions{Positions: true}, "k # not supported yet, a.conf:7\nl # a.conf:7\nm # no effect here\n"},
		{"a remark that has no room", []Node{{Keyword: "k", Values: []any{long}, Idle: NotSupported}}, PrintOptions{}, "# not supported yet\nk " + long + "\n"},
		{"a line that is too long", append(statement("k", long, long), statement("l")...), PrintOptions{}, "# left out: print k: it would be a line of more than 1022 bytes\nl\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			err := Print(&b, tt.nodes, tt.o)
			_, body, _ := strings.Cut(b.String(), "\n\n")
			if diff := cmp.Diff(tt.want, body); diff != "" {
				t.Errorf("printed (-want +got):\n%s", diff)
			}
			if left := strings.Contains(tt.want, "left out"); left != (err != nil) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestPrintGolden prints every testdata/print/*.txtar: "printed" is Print with
// positions, "json" is PrintJSON, both without passwords.
func TestPrintGolden(t *testing.T) {
	golden.Test(t, "testdata/print/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		input := archive.Files[0]
		f, found := ReadText(input.Name, input.Data, Options{})
		if found.Fatal() {
			t.Fatalf("it does not load:\n%s", lines(found))
		}
		var text, model bytes.Buffer
		o := PrintOptions{File: input.Name, Positions: true}
		if err := errors.Join(Print(&text, f.Nodes(), o), PrintJSON(&model, f.Nodes(), o)); err != nil {
			t.Error(err)
		}
		if bytes.Contains(text.Bytes(), []byte("s3cr")) || bytes.Contains(model.Bytes(), []byte("s3cr")) {
			t.Error("a password is shown")
		}
		roundTrip(t, f)
		return []txtar.File{input, {Name: "printed", Data: text.Bytes()}, {Name: "json", Data: model.Bytes()}}
	})
}
