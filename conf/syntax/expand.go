package syntax

import (
	"slices"
	"strings"
)

// maxNesting is how many variables may be used within one another's values.
const maxNesting = 64

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
