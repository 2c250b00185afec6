package syntax

import (
	"maps"
	"slices"
	"strings"
)

// definition is what a variable stands for: one line, or several that are
// read one after the other where it is used.
type definition struct{ lines []string }

// define reads "$NAME=VALUE" at the offset and the lines that continue it. The
// value is expanded where it is used.
func (p *parser) define(l line, from int) {
	name := l.text[from+1:]
	name = name[:nameLen(name)]
	first, more := value(l.text[from+len(name)+2:]), false
	if l.whole {
		first, more = continues(first)
	}
	lines := []string{first}
	if more {
		lines = p.body(p.pos(l, from), name, lines)
	}
	p.defined[name] = definition{lines}
}

// body reads the further lines of a definition, which are those behind a line
// that ends in '\'. Empty ones are none of it.
func (p *parser) body(at Pos, name string, lines []string) []string {
	if lines[0] == "" {
		lines = lines[:0]
	}
	empty, gap := false, false
	for more := true; more; {
		text, long, ok := p.reader.next()
		if !ok {
			break
		}
		if long {
			p.longLine(line{text: text, col: 1})
			break
		}
		if strings.Trim(text, blanks) == "" {
			empty = true
			continue
		}
		if text = value(text); text == "" { // a comment
			continue
		}
		gap = gap || empty
		if text, more = continues(text); text != "" {
			lines = append(lines, text)
		}
	}
	if gap {
		p.report(Problem{Pos: at, Kind: Gap, Text: name})
	}
	if len(lines) == 0 {
		return []string{""}
	}
	return lines
}

// lookup finds what the text at its beginning refers to: the length of the
// reference, or 0 where it is none that is defined.
func (p *parser) lookup(s string, quoted bool) (n int, name string, d definition) {
	if n = reference(s); n == 0 {
		return 0, "", d
	}
	inner := s[1:n]
	if s[1] == '{' {
		inner = s[2 : n-1]
	} else if n < len(s) && strings.IndexByte(" \t,)", s[n]) < 0 {
		return 0, "", d // "$NAME" counts only before a blank, ',', ')' or the end.
	}
	name = inner[:nameLen(inner)]
	args := inner[len(name):]
	if d, ok := p.defined[name]; ok && args == "" {
		return n, name, d
	}
	text, ok := p.builtin(name, args, quoted)
	if !ok {
		return 0, "", d
	}
	return n, name, definition{[]string{text}}
}

// call is what stands in the braces where s begins with a variable that takes
// arguments: it is never meant as it stands.
func call(s string) string {
	if !strings.HasPrefix(s, "${_ENV ") && !strings.HasPrefix(s, "${_RANDOM ") || reference(s) == 0 {
		return ""
	}
	return s[2 : reference(s)-1]
}

// undefined looks for variables that are left in the words of a statement.
// "${NAME}" outside quotes is never meant as it stands, most often it is a
// template that nobody rendered: the statement cannot be understood. "$NAME",
// and all within quotes, may be a text.
func (p *parser) undefined(w Word) (found bool) {
	for i := range len(w.Text) {
		n := reference(w.Text[i:])
		if n == 0 {
			continue
		}
		inner, braced := strings.CutPrefix(w.Text[i+1:i+n], "{")
		name := inner[:nameLen(inner)]
		near := p.near(name)
		if braced && !w.Quoted {
			p.report(Problem{Pos: w.Pos, Kind: Undefined, Text: strings.TrimSuffix(inner, "}"), Near: near})
			return true
		}
		if _, defined := p.defined[name]; defined && !braced {
			p.report(Problem{Pos: w.Pos, Kind: Unbraced, Text: name})
		}
		if near != "" {
			p.report(Problem{Pos: w.Pos, Kind: Misspelled, Text: name, Near: near})
		}
	}
	return false
}

// near is a variable whose name is similar to one that is not defined. It is
// looked for in proportion: a file can have very many of both.
func (p *parser) near(name string) string {
	const most = 200
	if _, defined := p.defined[name]; defined || p.guesses >= most || len(p.defined) > most {
		return ""
	}
	p.guesses++
	return Nearest(name, slices.Sorted(maps.Keys(p.defined)))
}

// defines tells whether s begins with "$NAME=".
func defines(s string) bool {
	if s[0] != '$' {
		return false
	}
	n := nameLen(s[1:])
	return n > 0 && strings.HasPrefix(s[1+n:], "=")
}

// reference returns the length of the "$NAME" or "${NAME...}" that s begins
// with, or 0. Blanks may stand in the braces ("${_RANDOM 1 5}"), but no quote,
// comment sign or other brace.
func reference(s string) int {
	if len(s) < 2 || s[0] != '$' {
		return 0
	}
	if s[1] != '{' {
		if n := nameLen(s[1:]); n > 0 {
			return 1 + n
		}
		return 0
	}
	end := strings.IndexAny(s[2:], "}{\"#!")
	if nameLen(s[2:]) == 0 || end < 0 || s[2+end] != '}' {
		return 0
	}
	return 2 + end + 1
}

// nameLen is the length of the variable name that s begins with.
func nameLen(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
