package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tandem-ha/tandem/conf/syntax"
)

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("word ", 200)
	tests := []struct {
		name, line string
		col        int32
		text, mark string
	}{
		{"a word", "priority 300", 10, "priority 300", "         ^~~"},
		{"behind a tab", "\tpriority 300", 2, "    priority 300", "    ^~~~~~~~"},
		{"in quotes", `auth_type "a b" c`, 11, `auth_type "a b" c`, "          ^~~~~"},
		{"a quote without an end", `router_id "a b  `, 11, `router_id "a b`, "          ^~~~"},
		{"before a brace", "TCP_CHECK{", 1, "TCP_CHECK{", "^~~~~~~~~"},
		{"a brace", "a }", 3, "a }", "  ^"},
		{"before a comment", "router_id lb1#x", 11, "router_id lb1#x", "          ^~~"},
		{"with a mark that is no comment", `router_id lb\#1`, 11, `router_id lb\#1`, "          ^~~~~"},
		{"at the end of the line", "priority ", 10, "priority", "         ^"},
		{"of more than one byte", "router_id größe x", 11, "router_id größe x", "          ^~~~~"},
		{"a terminal's escape", "router_id \x1b[2Jx", 11, "router_id �[2Jx", "          ^~~~~"},
		{"no UTF-8", "router_id \xff\xfe", 11, "router_id ��", "          ^~"},
		{"in a long line", long, 501, "…" + strings.Repeat("word ", 24) + "…", strings.Repeat(" ", 41) + "^~~~"},
		{"a password", "auth_pass sesame", 11, "auth_pass ******", "          ^~~~~~"},
		{"a password in a line with its block", `SSL { password "open it" }`, 16, `SSL { password "**** **" }`, "               ^~~~~~~~~"},
		{"a line end of Windows", "priority 300\r", 10, "priority 300", "         ^~~"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSources(map[string][]byte{"f": []byte("first\n" + tt.line + "\nlast")})
			e, ok := s.excerpt(syntax.Pos{File: "f", Line: 2, Col: tt.col})
			if !ok {
				t.Fatal("there is none")
			}
			if mark := e.pad + "^" + strings.Repeat("~", e.width-1); e.text != tt.text || mark != tt.mark {
				t.Errorf("got\n%s\n%s\nwant\n%s\n%s", e.text, mark, tt.text, tt.mark)
			}
		})
	}
}

// TestExcerptOfPrivateBlocks holds that no word of a block with passwords is shown
// that could be one, wherever a finding stands.
func TestExcerptOfPrivateBlocks(t *testing.T) {
	const text = `vrrp_instance web {
    interface eth0
    authentication {
        auth_type PASS S3cr3t # { S3cr3t
        auth_passs S3cr3t
        auth_pass
        S3cr3t
        foo {
            "S3cr3t
        }
        auth_pass=S3cr3t
    }
    track_script { chk_http }
    auth_hmac { keyy S3cr3t }
    virtual_router_id 51
    notify web.sh
    authentication auth_type S3cr3t
    SSL {
        include sub
    }
}
`
	want := map[int32]string{
		2: "    interface eth0", 4: "        auth_type PASS ****** * { ******", 5: "        auth_passs ******", 7: "        ******",
		9: `            "******`, 11: "        ****************", 13: "    track_script { chk_http }", 14: "    auth_hmac { keyy ****** }",
		15: "    virtual_router_id 51", 16: "    notify web.sh", 17: "    authentication auth_type ******",
	}
	s := newSources(map[string][]byte{"f": []byte(text), "sub": []byte("\nS3cr3t\n")})
	for line, shown := range want {
		e, _ := s.excerpt(syntax.Pos{File: "f", Line: line, Col: 1})
		if e.text != shown {
			t.Errorf("line %d is shown as\n%s, want\n%s", line, e.text, shown)
		}
	}
	included := syntax.Pos{File: "sub", Line: 2, Col: 1, From: &syntax.Inclusion{Pos: syntax.Pos{File: "f", Line: 19, Col: 9}}}
	if e, _ := s.excerpt(included); e.text != "******" {
		t.Errorf("what is included is shown as %s", e.text)
	}
}

func TestNoExcerpt(t *testing.T) {
	s := newSources(map[string][]byte{"f": []byte("one\n")})
	for name, at := range map[string]syntax.Pos{
		"a whole file":                {File: "f"},
		"a whole line":                {File: "f", Line: 1},
		"a line that is gone":         {File: "f", Line: 9, Col: 1},
		"a column that is gone":       {File: "f", Line: 1, Col: 9},
		"a file that is gone":         {File: "/nowhere/f", Line: 1, Col: 1},
		"a folder":                    {File: "/", Line: 1, Col: 1},
		"a device that never answers": {File: "/dev/zero", Line: 1, Col: 1},
	} {
		if _, ok := s.excerpt(at); ok {
			t.Errorf("%s has an excerpt", name)
		}
	}
}

// FuzzCut holds that an excerpt fits a terminal, that the mark stands in it, and
// that no byte of it steers a terminal.
func FuzzCut(f *testing.F) {
	f.Add([]byte("\tpriority \"a b\" # \x1b[0m"), 3)
	f.Add([]byte(strings.Repeat("ß", 300)), 301)
	f.Fuzz(func(t *testing.T, line []byte, at int) {
		if at < 0 || strings.ContainsRune(string(line), '\n') {
			return
		}
		e, ok := cut(hide(line), at)
		if !ok {
			return
		}
		if !utf8.ValidString(e.text) || strings.ContainsFunc(e.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("it holds %q", e.text)
		}
		if n := utf8.RuneCountInString(e.text); n > 4*(excerptSize+2*utf8.UTFMax)+2 || e.width < 1 || len(e.pad)+e.width > 4*(excerptSize+2*utf8.UTFMax)+3 {
			t.Errorf("%d columns, the mark at %d of %d", n, len(e.pad), e.width)
		}
	})
}
