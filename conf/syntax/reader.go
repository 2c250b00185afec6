package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest line that is read, in bytes with its newline: the
// size of keepalived's line buffer.
const MaxLine = 1023

// reader hands out the text of one file line by line.
type reader struct {
	file string
	rest string
	line int
}

// next returns the next line without its line end, and false at the end of
// the text. Carriage returns before a newline are dropped.
func (r *reader) next() (text string, long, ok bool) {
	if len(r.rest) == 0 {
		return "", false, false
	}
	r.line++
	raw := r.rest
	if i := strings.IndexByte(r.rest, '\n'); i >= 0 {
		raw = r.rest[:i+1]
	}
	r.rest = r.rest[len(raw):]
	if len(raw) > MaxLine {
		// Only the beginning is wanted, to tell a comment from the rest.
		return raw[:MaxLine], true, true
	}
	return strings.TrimRight(raw, "\r\n"), false, true
}

// mark is the UTF-8 byte order mark.
var mark = []byte{0xef, 0xbb, 0xbf}

// binary tells whether src is no text, and where that shows.
func binary(file string, src []byte) (Problem, bool) {
	if bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff}) {
		return Problem{Pos: Pos{File: file}, Kind: UTF16}, true
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		line := 1 + bytes.Count(src[:i], []byte{'\n'})
		col := i - bytes.LastIndexByte(src[:i], '\n')
		return Problem{Pos: Pos{File: file, Line: int32(line), Col: int32(col)}, Kind: Binary}, true
	}
	// A compressed or encrypted file without a NUL in it: no text has a
	// control character in every 32 bytes.
	head := src[:min(len(src), 4096)]
	controls := 0
	for _, c := range head {
		if c < ' ' && !blank(c) && c != '\n' || c == 0x7f {
			controls++
		}
	}
	if controls > 1 && controls > len(head)/32 {
		return Problem{Pos: Pos{File: file}, Kind: Binary}, true
	}
	return Problem{}, false
}

// blank reports whether c separates words. A no-break space does not.
func blank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\f' || c == '\v' || c == '\r'
}

// OddSpace finds the first character of s that looks like a blank, or like
// nothing, without being one: no-break, ideographic and zero-width spaces,
// which editors and web pages leave in configurations. It returns 0 where
// there is none.
func OddSpace(s string) rune {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200d, r == 0x202f, r == 0x205f, r == 0x2060, r == 0x3000, r == 0xfeff:
			return r
		case r == utf8.RuneError && n == 1 && s[0] == 0xa0:
			return 0xa0 // a no-break space in Latin-1
		}
		s = s[n:]
	}
	return 0
}
