package syntax

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

// MaxDepth is how many blocks may stand within one another. Real files need 5.
const MaxDepth = 64

// Parse reads src. file is what positions name; it is not opened. The tree is
// as good as the problems allow: see Kind. Its words are parts of one copy of
// src, which lives as long as any of them.
func Parse(file string, src []byte, o Options) (*Tree, []Problem) {
	var tree Tree
	p := &parser{options: o, take: func(s *Statement) { tree.Statements = append(tree.Statements, s) }}
	return &tree, p.parse(file, src)
}

// Each is Parse for a caller that needs one statement of the top level at a
// time: take may keep the words of a statement, but neither the statement nor
// its list of words, which the next one gets. The tree of a large configuration
// is several times the size of its text.
func Each(file string, src []byte, o Options, take func(*Statement)) []Problem {
	p := &parser{options: o}
	p.take = func(s *Statement) {
		take(s)
		p.statements.reset()
		p.words.reset()
	}
	return p.parse(file, src)
}

func (p *parser) parse(file string, src []byte) []Problem {
	if problem, ok := binary(file, src); ok {
		return []Problem{problem}
	}
	if p.options.MaxMade == 0 {
		p.options.MaxMade = MaxMade
	}
	p.defined = make(map[string]definition)
	p.paths = []string{filepath.Clean(file)}
	if p.file(file, src) {
		// They keep what was read of them, as in keepalived.
		for _, s := range p.opened {
			p.report(Problem{Pos: s.Pos, Kind: Unclosed, Text: s.Keyword()})
		}
	}
	p.flush()
	p.omitted(file)
	return p.problems
}

// parser builds the tree from lines.
type parser struct {
	options  Options
	reader   reader           // of the file that is being read
	from     *Inclusion       // of that file
	paths    []string         // of the files that are being read, the outermost first
	checks   checks           // what about an include is fatal
	take     func(*Statement) // gets the statements of the top level
	whole    *Statement       // the one that is complete as soon as another begins; nil: none
	problems []Problem
	reported map[problemKind]int
	looped   map[string]bool // the files of which it is said that they include themselves

	tokens []token      // of the present line; nothing keeps them
	opened []*Statement // the blocks around the present place, outermost first
	last   *Statement   // the statement that a '{' would belong to; nil: none

	defined   map[string]definition
	replaying []string // the variables whose lines are being read
	loops     int      // the sequences around the present place
	rand      *rand.Rand
	made      int // bytes of expansions and included files
	guesses   int // at misspelled variables
	repeated  map[Problem]bool
	templates map[string]template // by the file that holds them

	statements slab[Statement]
	words      slab[Word]
}

// slab hands out memory in small pieces and asks for it in large ones: a
// configuration has tens of thousands of statements.
type slab[T any] struct {
	all  []T
	used int
}

func (s *slab[T]) take(n int) []T {
	const some = 256
	if len(s.all) < s.used+n {
		s.all, s.used = make([]T, max(n, some)), 0
	}
	taken := s.all[s.used : s.used+n : s.used+n]
	s.used += n
	return taken
}

// reset takes back what was handed out, for it to be handed out again.
func (s *slab[T]) reset() {
	clear(s.all[:s.used])
	s.used = 0
}

// file reads a text line by line. It returns false when nothing shall be read
// any more.
func (p *parser) file(name string, src []byte) bool {
	p.reader = reader{file: name, rest: string(src)}
	shift := 0 // bytes before the first line that are no part of it
	if bytes.HasPrefix(src, mark) {
		p.report(Problem{Pos: Pos{File: name, Line: 1, Col: 1, From: p.from}, Kind: ByteOrderMark})
		p.reader.rest, shift = p.reader.rest[len(mark):], len(mark)
	}
	for {
		text, long, ok := p.reader.next()
		if !ok {
			return true
		}
		l := line{text: text, col: int32(1 + shift), whole: true}
		if long {
			p.longLine(l)
		} else if !p.line(l, 0) {
			return false
		}
		shift = 0
	}
}

// longLine reports a line that is ignored, unless it is a comment anyway.
func (p *parser) longLine(l line) {
	text := strings.TrimLeft(l.text, blanks)
	if text == "" || !comment(text[0]) {
		p.report(Problem{Pos: p.pos(l, 0), Kind: LongLine})
	}
}

// line reads a line from the offset on, which is the beginning of a logical
// line; it may hold several. Conditions, definitions, includes and sequences
// stand at such a beginning, and take the rest of the line. It returns false
// when nothing shall be read any more.
func (p *parser) line(l line, from int) bool {
	for conditional := false; p.made <= p.options.MaxMade; {
		for from < len(l.text) && blank(l.text[from]) {
			from++
		}
		rest := l.text[from:]
		switch {
		case rest == "" || comment(rest[0]):
			return true
		case rest[0] == '@' && !conditional:
			if from = p.condition(l, from); from < 0 {
				return true
			}
			conditional = true
			continue
		case l.bad: // what is in it cannot be told
		case defines(rest):
			p.define(l, from)
			return true
		case sequenceHead(rest) > 0:
			return p.sequence(l, from, sequenceHead(rest))
		case includeHead(rest) > 0:
			return p.include(l, from, includeHead(rest))
		}
		if !l.expanded && !l.bad && strings.IndexByte(rest, '$') >= 0 {
			expanded, more := p.expand(l, from)
			if len(more.bodies) > 0 {
				return p.replay(expanded, more)
			}
			l, from = expanded, 0
			continue
		}
		var ok bool
		if from, ok = p.logical(l, from); !ok {
			return false
		}
		conditional = false
	}
	return false
}

// replay reads a line that variables began, and then their further lines as if
// they stood where these are used.
func (p *parser) replay(first line, r replay) bool {
	before := len(p.replaying)
	defer func() { p.replaying = p.replaying[:before] }()
	for _, b := range r.bodies {
		p.replaying = append(p.replaying, b.name)
	}
	if !p.line(first, 0) {
		return false
	}
	for _, b := range slices.Backward(r.bodies) {
		for _, text := range b.lines {
			if !p.spend(r.at, len(text)) || !p.line(line{text: text, col: r.at.Col, still: true}, 0) {
				return false
			}
		}
		p.replaying = p.replaying[:len(p.replaying)-1]
	}
	return true
}

// condition reads "@ID" or "@^ID" and returns where the rest of the line begins,
// or -1 where it is dropped.
func (p *parser) condition(l line, from int) int {
	id := l.text[from+1:]
	if n := strings.IndexAny(id, blanks); n >= 0 {
		id = id[:n]
	}
	rest := from + 1 + len(id)
	id, differs := strings.CutPrefix(id, "^")
	if (id != "" && id == p.options.ConfigID) != differs {
		return rest
	}
	// keepalived drops one line of a definition, and reads the others as
	// statements.
	text := strings.TrimLeft(l.text[rest:], blanks)
	if l.whole && text != "" && defines(text) {
		if first, more := continues(value(text)); more {
			p.report(Problem{Pos: p.pos(l, from), Kind: DroppedBody, Text: text[1 : 1+nameLen(text[1:])]})
			p.body(p.pos(l, from), text[1:1+nameLen(text[1:])], []string{first})
		}
	}
	return -1
}

// logical reads one logical line and the brace that ends it, and returns where
// the next one begins.
func (p *parser) logical(l line, from int) (next int, ok bool) {
	lx := lexLine(l.text, from, p.tokens)
	p.tokens = lx.tokens
	if lx.unfilled.text != "" {
		p.unfilled(p.pos(l, lx.unfilled.start), lx.unfilled.text)
	}
	p.statement(l, lx.tokens, lx.unfilled.text != "")
	if lx.unterminated >= 0 {
		p.report(Problem{Pos: p.pos(l, lx.unterminated), Kind: UnterminatedQuote})
	}
	switch lx.brace.kind {
	case open:
		return lx.brace.end, p.openBlock(p.pos(l, lx.brace.start))
	case close:
		p.closeBlock(p.pos(l, lx.brace.start))
		return lx.brace.end, true
	}
	return len(l.text), true
}

// statement appends the words of a logical line to the block that is open.
func (p *parser) statement(l line, tokens []token, unfilled bool) {
	if len(tokens) == 0 {
		return
	}
	if len(p.opened) == 0 {
		p.flush()
	}
	s := &p.statements.take(1)[0]
	s.Pos = p.pos(l, tokens[0].start)
	s.Line = l.text[tokens[0].start:tokens[len(tokens)-1].end]
	s.Words = p.words.take(len(tokens))
	for i, t := range tokens {
		s.Words[i] = Word{Text: t.text, Pos: p.pos(l, t.start), Quoted: t.quoted, Cut: t.cut}
	}
	p.judge(s, l.bad || unfilled)
	p.add(s)
	p.last = s
}

// judge tells whether the statement can be understood as it stands.
func (p *parser) judge(s *Statement, bad bool) {
	first := s.Words[0]
	switch {
	case bad:
		s.Skip = true
	case !first.Quoted && strings.HasPrefix(first.Text, "@"):
		s.Skip = true
		p.report(Problem{Pos: first.Pos, Kind: Stacked, Text: first.Text})
	case strings.IndexByte(s.Line, '$') >= 0:
		for _, w := range s.Words {
			if s.Skip = p.undefined(w); s.Skip {
				return
			}
		}
	case !first.Quoted && first.Text == "include_check":
		p.check(s.Args())
	}
}

// template is what is said of the templates of a file that nobody filled in.
type template struct {
	problem int   // its place in the list
	line    int32 // of the last one
}

// unfilled reports the first template of a file, and counts the lines that hold
// others.
func (p *parser) unfilled(at Pos, text string) {
	t, said := p.templates[at.File]
	switch {
	case !said && p.templates == nil:
		p.templates = make(map[string]template)
		fallthrough
	case !said:
		t.problem = len(p.problems)
		p.problems = append(p.problems, Problem{Pos: at, Kind: Unfilled, Text: text})
	case at.Line > t.line:
		p.problems[t.problem].More++
	}
	t.line = max(t.line, at.Line)
	p.templates[at.File] = t
}

// openBlock begins the block of the last statement, or one of its own where
// there is no statement that it could belong to.
func (p *parser) openBlock(at Pos) bool {
	if len(p.opened) == MaxDepth {
		p.report(Problem{Pos: at, Kind: TooDeep})
		return false
	}
	if p.last == nil {
		p.report(Problem{Pos: at, Kind: UnexpectedOpen})
		if len(p.opened) == 0 {
			p.flush()
		}
		s := &Statement{Pos: at, Skip: true}
		p.add(s)
		p.last = s
	}
	p.last.Braced = true
	p.opened = append(p.opened, p.last)
	p.last = nil
	return true
}

// closeBlock ends the innermost block. A '}' too many is left out, and a '{'
// behind it still finds its statement.
func (p *parser) closeBlock(at Pos) {
	if len(p.opened) == 0 {
		p.report(Problem{Pos: at, Kind: UnexpectedClose})
		return
	}
	p.last = nil
	p.opened = p.opened[:len(p.opened)-1]
}

// add appends to the innermost open block.
func (p *parser) add(s *Statement) {
	if n := len(p.opened); n > 0 {
		p.opened[n-1].Block = append(p.opened[n-1].Block, s)
		return
	}
	p.whole = s
}

// flush hands out the statement of the top level that nothing can be added to
// any more.
func (p *parser) flush() {
	if p.whole != nil {
		p.take(p.whole)
		p.whole = nil
	}
}

// spend counts what is made of the text, and tells whether it is still within
// its bounds.
func (p *parser) spend(at Pos, bytes int) bool {
	const least = 32 // the cost of a line, however short
	before := p.made
	p.made += least + bytes
	if before <= p.options.MaxMade && p.made > p.options.MaxMade {
		p.report(Problem{Pos: at, Kind: TooMuch})
	}
	return p.made <= p.options.MaxMade
}

// pos is the position of an offset in a line.
func (p *parser) pos(l line, offset int) Pos {
	return Pos{File: p.reader.file, Line: int32(p.reader.line), Col: l.at(offset), From: p.from}
}
