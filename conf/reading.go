package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// How the statements of a block are read by its table.

// seen is what one block says: where its keywords stand, and the statements
// that have no effect. Most blocks have few, and a large configuration has
// thousands of blocks: it is no map.
type seen struct {
	all  []met
	idle []*syntax.Statement // of unbuilt and inert keywords, to be shown again
}

type met struct {
	keyword string
	pos     syntax.Pos
}

// find is where the last one of a keyword stands.
func (s seen) find(keyword string) (syntax.Pos, bool) {
	for _, m := range slices.Backward(s.all) {
		if m.keyword == keyword {
			return m.pos, true
		}
	}
	return syntax.Pos{}, false
}

// idled is where a keyword without effect stands.
func (s seen) idled(keyword string) (syntax.Pos, bool) {
	for _, i := range s.idle {
		if i.Keyword() == keyword {
			return i.Pos, true
		}
	}
	return syntax.Pos{}, false
}

// has reports whether the block has the keyword.
func (s seen) has(keyword string) bool {
	_, ok := s.find(keyword)
	return ok
}

// at is where the first of the keywords that the block has stands, or the
// place of the block.
func (s seen) at(block syntax.Pos, keywords ...string) syntax.Pos {
	for _, k := range keywords {
		if p, ok := s.find(k); ok {
			return p
		}
	}
	return block
}

// read reads the statements of a block into t.
func read[T any](l *loader, b block[T], t *T, statements []*syntax.Statement) seen {
	said := seen{all: make([]met, 0, len(statements))}
	readMore(l, b, t, statements, &said)
	return said
}

// readMore is read for a block that may be written in several pieces. What is
// refused of it is marked, so that a block without effect is shown again with
// what is good of it.
func readMore[T any](l *loader, b block[T], t *T, statements []*syntax.Statement, said *seen) {
	var lost lostBlocks
	for _, s := range statements {
		if s.Skip {
			continue
		}
		r, ok := b.find(s.Keyword())
		switch {
		case !ok:
			l.unknown(s, b.name, &lost)
			s.Refused = true
		case !l.accept(s, r.keyword, b.name, *said):
			s.Refused = true
		default:
			r.take(l, t, s, b.name, said)
		}
	}
	lost.count(l)
}

// accept tells whether a statement of the keyword can be read in the block.
func (l *loader) accept(s *syntax.Statement, k keyword, block string, said seen) bool {
	if k.effects == gone {
		l.idle(s, k, block)
		return false
	}
	return !(k.once && l.repeats(s, said)) && l.fits(s, k)
}

// take reads a statement that was accepted into t.
func (r *row[T]) take(l *loader, t *T, s *syntax.Statement, block string, said *seen) {
	// What accept has found, such as a word too many, leaves the rest of the
	// statement as it is: only what is found from here on speaks against it.
	before := len(l.found)
	idle, hasBlock := r.effects == unbuilt || r.effects == inert, s.Braced && r.shape().braces
	if idle {
		l.without++
	} else {
		said.all = append(said.all, met{r.name, s.Pos})
	}
	if r.set != nil {
		r.set(t, l, s)
	}
	if idle {
		l.without--
	}
	// A block is not lost by what is wrong in it, unless its reader says so; one
	// that is shown as it was read leaves out what was refused.
	if !hasBlock && refused(l.found[before:]) {
		s.Refused = true
	}
	if idle && !s.Refused {
		l.idle(s, r.keyword, block)
		said.note(r.asWritten(), r.name, s)
	}
	if r.effects == inert {
		soften(l.found[before:])
	}
}

// soften makes warnings of what is wrong with a statement that would change
// nothing if it was right: a reload is refused for what is lost by it. A missing
// argument stays what keepalived makes of it.
func soften(ds Diagnostics) {
	for i := range ds {
		if ds[i].Severity == Error && ds[i].Class == Ordinary {
			ds[i].Severity = Warning
		}
	}
}

// refused tells whether there is an error among the findings.
func refused(ds Diagnostics) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity <= Error })
}

// repeats reports a keyword that its block has already.
func (l *loader) repeats(s *syntax.Statement, said seen) bool {
	first, again := said.find(s.Keyword())
	if !again {
		first, again = said.idled(s.Keyword())
	}
	if again {
		l.seeing(Error, s.Pos, first, "", "a second %s is ignored: the first counts, in %s", s.Keyword(), first.LineFrom(s.Pos))
	}
	return again
}

// note keeps a statement without effect to be shown again, or only its place
// where its row shows what it said.
func (s *seen) note(whole bool, keyword string, said *syntax.Statement) {
	if whole {
		s.idle = append(s.idle, clone(said))
		return
	}
	s.all = append(s.all, met{keyword, said.Pos})
}

// clone copies what a statement holds, whose memory the next one gets.
func clone(s *syntax.Statement) *syntax.Statement {
	c := *s
	c.Words = slices.Clone(s.Words)
	c.Block = make([]*syntax.Statement, 0, len(s.Block))
	for _, inner := range s.Block {
		if !inner.Skip && !inner.Refused {
			c.Block = append(c.Block, clone(inner))
		}
	}
	return &c
}
