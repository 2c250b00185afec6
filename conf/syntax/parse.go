package syntax

import (
	"bytes"
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
	p.reader = reader{file: file, rest: string(src)}
	p.defined = make(map[string]bool)
	if bytes.HasPrefix(src, mark) {
		p.report(ByteOrderMark, Pos{File: file, Line: 1, Col: 1}, "")
		p.reader.rest, p.shift = p.reader.rest[len(mark):], len(mark)
	}
	p.run()
	p.flush()
	return p.problems
}

// parser builds the tree from lines.
type parser struct {
	options  Options
	reader   reader
	take     func(*Statement) // gets the statements of the top level
	whole    *Statement       // the one that is complete as soon as another begins; nil: none
	problems []Problem

	tokens  []token      // of the present line; nothing keeps them
	shift   int          // bytes before the first line that are no part of it
	opened  []*Statement // the blocks around the present place, outermost first
	last    *Statement   // the statement that a '{' would belong to; nil: none
	defined map[string]bool

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

// run reads the text line by line, and reports the blocks that are open at its
// end. They keep what was read of them, as in keepalived.
func (p *parser) run() {
	for {
		line, long, ok := p.reader.next()
		if !ok {
			break
		}
		if long {
			p.longLine(line)
		} else if !p.line(line) {
			return
		}
		p.shift = 0
	}
	for _, s := range p.opened {
		p.report(Unclosed, s.Pos, s.Keyword())
	}
}

// longLine reports a line that is ignored, unless it is a comment anyway.
func (p *parser) longLine(line string) {
	text := strings.TrimLeft(line, " \t\f\v\r")
	if text == "" || !comment(text[0]) {
		p.report(LongLine, p.pos(0), "")
	}
}

// line reads one line, which may hold several statements and braces. It
// returns false when the text shall not be read on.
func (p *parser) line(line string) bool {
	l := lexLine(line, p.tokens)
	p.tokens = l.tokens
	first := 0
	for i, t := range l.tokens {
		if t.kind == word {
			continue
		}
		p.statement(line, l.tokens[first:i])
		first = i + 1
		if t.kind == close {
			p.closeBlock(t)
		} else if !p.openBlock(t) {
			return false
		}
	}
	p.statement(line, l.tokens[first:])
	if l.unterminated >= 0 {
		p.report(UnterminatedQuote, p.pos(l.unterminated), "")
	}
	if l.definition >= 0 {
		p.define(line, l.definition)
	}
	return true
}

// statement appends a logical line to the block that is open.
func (p *parser) statement(line string, tokens []token) {
	if len(tokens) == 0 {
		return
	}
	if len(p.opened) == 0 {
		p.flush()
	}
	s := &p.statements.take(1)[0]
	s.Pos = p.pos(tokens[0].start)
	s.Line = line[tokens[0].start:tokens[len(tokens)-1].end]
	s.Words = p.words.take(len(tokens))
	for i, t := range tokens {
		s.Words[i] = Word{Text: t.text, Pos: p.pos(t.start), Quoted: t.quoted, Cut: t.cut}
	}
	p.directives(s)
	p.add(s)
	p.last = s
}

// openBlock begins the block of the last statement, or one of its own where
// there is no statement that it could belong to.
func (p *parser) openBlock(t token) bool {
	if len(p.opened) == MaxDepth {
		p.report(TooDeep, p.pos(t.start), "")
		return false
	}
	if p.last == nil {
		p.report(UnexpectedOpen, p.pos(t.start), "")
		if len(p.opened) == 0 {
			p.flush()
		}
		s := &Statement{Pos: p.pos(t.start), Skip: true}
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
func (p *parser) closeBlock(t token) {
	if len(p.opened) == 0 {
		p.report(UnexpectedClose, p.pos(t.start), "")
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

// pos is the position of an offset in the present line.
func (p *parser) pos(offset int) Pos {
	return Pos{File: p.reader.file, Line: int32(p.reader.line), Col: int32(p.shift + offset + 1)}
}

func (p *parser) report(k Kind, at Pos, text string) {
	p.problems = append(p.problems, Problem{Pos: at, Kind: k, Text: text})
}
