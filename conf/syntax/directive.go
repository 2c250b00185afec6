package syntax

import (
	"slices"
	"strings"
)

// Includes, conditions, variables, sequences and lists change what a file
// says. They are not built yet, so this file recognises them, and the parser
// reports them and skips what depends on them: nothing is read as something
// else.

var includes = []string{"include", "includer", "includem", "includew", "includeb", "includea"}

// builtins are the variables that keepalived defines itself.
var builtins = []string{"_PWD", "_INSTANCE", "_RANDOM", "_ENV", "_HASH", "_BANG"}

// directive tells whether the logical line goes on behind the token as if it
// had begun there: "@ID" and "~SEQ(...)" stand before a statement.
func directive(t token) bool {
	return !t.quoted && (strings.HasPrefix(t.text, "@") || sequence(t.text) == len(t.text))
}

// directives marks a statement that needs what is not built.
func (p *parser) directives(s *Statement) {
	first := s.Words[0]
	switch {
	case first.Quoted: // an ordinary word, whatever it looks like
	case strings.HasPrefix(first.Text, "@"):
		p.skip(s, Condition, first)
		return
	case sequence(first.Text) > 0:
		p.skip(s, Sequence, first)
		return
	case slices.Contains(includes, first.Text):
		p.skip(s, Include, first)
		return
	}
	for _, w := range s.Words {
		if name, ok := p.variable(w); ok {
			p.skip(s, Variable, Word{Text: name, Pos: w.Pos})
			return
		}
	}
}

// skip takes its effect from a statement and says why.
func (p *parser) skip(s *Statement, k Kind, w Word) {
	s.Skip = true
	p.report(k, w.Pos, w.Text)
}

// define notes a definition and passes over the lines that continue it.
func (p *parser) define(line string, offset int) {
	name := line[offset+1:]
	name = name[:nameLen(name)]
	p.report(Definition, p.pos(offset), name)
	p.defined[name] = true
	for strings.HasSuffix(strings.TrimRight(line, " \t"), `\`) {
		var ok bool
		if line, _, ok = p.reader.next(); !ok {
			return
		}
	}
}

// variable returns the name of the first reference in the word that keepalived
// would replace or that, outside quotes, has braces: such a word is never
// meant as it stands, most often it is a template that nobody rendered.
func (p *parser) variable(w Word) (name string, found bool) {
	for i := range len(w.Text) {
		s := w.Text[i:]
		n := reference(s)
		if n == 0 {
			continue
		}
		braced := s[1] == '{'
		name := strings.TrimPrefix(s[1:n], "{")
		name = name[:nameLen(name)]
		// "$NAME" counts only before a blank, ',', ')' or the end.
		ends := braced || n == len(s) || strings.IndexByte(" \t,)", s[n]) >= 0
		switch {
		case ends && p.defined[name], braced && !w.Quoted, braced && slices.Contains(builtins, name):
			return name, true
		}
	}
	return "", false
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

// sequence returns the length of the "~SEQ(...)", "~SEQx(...)" or "~LST(...)"
// that s begins with, or 0. What is between the parentheses may hold blanks,
// quotes and braces.
func sequence(s string) int {
	if !strings.HasPrefix(s, "~SEQ(") && !strings.HasPrefix(s, "~SEQx(") && !strings.HasPrefix(s, "~LST(") {
		return 0
	}
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '#', '!':
			return 0
		}
	}
	return 0
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
