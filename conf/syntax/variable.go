package syntax

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// maxNesting is how many variables may be used within one another's values.
const maxNesting = 64

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

// replay are the variables that began a line, those around others first, and
// their further lines, to be read behind it.
type replay struct {
	at     Pos
	bodies []body
}

type body struct {
	name  string
	lines []string
}

// expansion is a text whose variables are being replaced.
type expansion struct {
	parser *parser
	from   line
	rest   string // what is still to be read
	text   []byte // what is read
	cols   []int32
	quoted bool  // within double quotes
	active []use // the variables around the present place, outermost first
	at     Pos   // of the outermost of them
	bad    bool
	unread bool // the line is a sequence, and its variables are left
	replay replay
}

// use is a variable whose value is being read.
type use struct {
	name  string
	until int // how much of the text stands behind its value
}

// expand replaces the variables from the offset on, those in values too.
// Undefined ones stay.
func (p *parser) expand(l line, from int) (line, replay) {
	e := &expansion{parser: p, from: l, rest: l.text[from:], bad: l.bad, at: p.pos(l, from)}
	start := e.at
	for e.rest != "" && len(e.text) < MaxLine {
		for len(e.active) > 0 && len(e.rest) <= e.active[len(e.active)-1].until {
			e.active = e.active[:len(e.active)-1]
		}
		if e.rest[0] != '$' || !e.reference() {
			e.take(e.run())
		}
	}
	if len(e.text) >= MaxLine {
		p.report(Problem{Pos: start, Kind: LongExpansion})
		return line{col: start.Col, expanded: true}, replay{}
	}
	return line{text: string(e.text), cols: e.cols, col: start.Col, expanded: !e.unread, bad: e.bad}, e.replay
}

// run is how many bytes can be taken as they stand. Behind a comment sign
// nothing is replaced any more.
func (e *expansion) run() int {
	c, n := e.rest[0], 1
	switch {
	case c == '"':
		e.quoted = !e.quoted
	case c == '\\' && !e.quoted && len(e.rest) > 1 && comment(e.rest[1]):
		n = 2
	case comment(c) && !e.quoted:
		return len(e.rest)
	}
	if len(e.active) > 0 { // the value may end anywhere
		return n
	}
	if i := strings.IndexAny(e.rest[n:], `$"\#!`); i >= 0 {
		return n + i
	}
	return len(e.rest)
}

// take moves bytes from the rest to the text. Those of a value have the column
// of the variable.
func (e *expansion) take(n int) {
	offset := len(e.from.text) - len(e.rest)
	for i := range n {
		col := e.at.Col
		if len(e.active) == 0 {
			col = e.from.at(offset + i)
		}
		e.cols = append(e.cols, col)
	}
	e.text, e.rest = append(e.text, e.rest[:n]...), e.rest[n:]
}

// reference replaces the variable that the rest begins with, and tells whether
// there is one.
func (e *expansion) reference() bool {
	p := e.parser
	if len(e.active) == 0 {
		e.at = p.pos(e.from, len(e.from.text)-len(e.rest))
	}
	n, name, d := p.lookup(e.rest, e.quoted)
	if n == 0 {
		if e.quoted && call(e.rest) != "" {
			p.report(Problem{Pos: e.at, Kind: Undefined, Text: call(e.rest)})
			e.bad = true
		}
		return false
	}
	after := e.rest[n:]
	looped := slices.Contains(p.replaying, name) || slices.ContainsFunc(e.active, func(u use) bool { return u.name == name })
	several := len(d.lines) > 1
	switch {
	case looped, len(e.active)+len(p.replaying) >= maxNesting:
		p.report(Problem{Pos: e.at, Kind: VariableLoop, Text: name})
		e.bad = true
		return false
	case several && value(after) != "":
		p.report(Problem{Pos: e.at, Kind: NotAlone, Text: name})
		e.bad = true
		return false
	case !p.spend(e.at, len(d.lines[0])+len(after)/4):
		e.rest = ""
		return true
	case several:
		e.replay.at = e.at
		e.replay.bodies = append(e.replay.bodies, body{name, d.lines[1:]})
	}
	e.active = append(e.active, use{name, len(after)})
	e.rest = d.lines[0] + after
	switch {
	case len(e.rest) > 8*MaxLine:
		e.take(MaxLine)
	case !several && sequenceHead(e.rest) > 0 && strings.Trim(string(e.text), blanks) == "":
		// What the sequence sets is not known yet: it is up to it to expand the
		// rest.
		e.replay.bodies, e.unread = append(e.replay.bodies, body{name: name}), true
		e.take(len(e.rest))
	}
	return true
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

// builtin gives the variables that keepalived defines itself.
func (p *parser) builtin(name, args string, quoted bool) (string, bool) {
	fields := strings.Fields(args)
	switch {
	case name == "_ENV" && len(fields) == 1 && p.options.Env != nil:
		return p.options.Env(fields[0])
	case name == "_RANDOM" && len(fields) < 3:
		return p.random(fields)
	case args != "":
		return "", false
	case name == "_PWD":
		dir := filepath.Dir(p.reader.file)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(p.options.Dir, dir)
		}
		return dir, true
	case name == "_INSTANCE":
		return p.options.Instance, true
	case name == "_HASH" && quoted:
		return "#", true
	case name == "_HASH":
		return `\#`, true
	case name == "_BANG" && quoted:
		return "!", true
	case name == "_BANG":
		return `\!`, true
	}
	return "", false
}

// random is ${_RANDOM [MIN [MAX]]}, both included.
func (p *parser) random(args []string) (string, bool) {
	bounds := [2]int{0, 32767}
	for i, a := range args {
		n, err := strconv.ParseUint(a, 10, 31)
		if err != nil {
			return "", false
		}
		bounds[i] = int(n)
	}
	if bounds[0] > bounds[1] {
		return "", false
	}
	if p.rand == nil {
		p.rand = rand.New(rand.NewPCG(p.options.Seed, 0))
	}
	return strconv.Itoa(bounds[0] + p.rand.IntN(bounds[1]-bounds[0]+1)), true
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
