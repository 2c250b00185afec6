package conf

import (
	"slices"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// block is the table of one kind of block: every keyword that may stand in
// it. T is what the block fills.
type block[T any] struct {
	name string // as messages call it: "vrrp_instance", "the top level"
	rows []row[T]
}

// keyword is what is known of a keyword whatever it fills.
type keyword struct {
	name string
	// args is what follows the keyword, as a manual writes it: "IP [PORT]",
	// "NAME { }", "WORD ...". How many words there may be, and whether a block
	// follows, is taken from it; "[{ }]" is a block that may be left out.
	args  string
	exact bool         // a word too many makes the statement void
	gone  string       // why it has no effect any more
	inner *block[none] // the keywords of its block, where that is not built yet
}

// row is one keyword of a block. set reads the statement into the block; nil:
// the keyword is known but not built yet, or gone.
type row[T any] struct {
	keyword
	set func(*T, *loader, *syntax.Statement)
}

// none is what a block fills that is not built yet.
type none struct{}

// The constructors of rows. Everything that a value can be wrong in is checked
// here, once; set is called with good values only.

// custom is a keyword that reads its statement itself.
func custom[T any](name, args string, set func(*T, *loader, *syntax.Statement)) row[T] {
	return row[T]{keyword: keyword{name: name, args: args}, set: set}
}

// later is a keyword of keepalived that is not built yet.
func later[T any](name, args string) row[T] {
	return row[T]{keyword: keyword{name: name, args: args}}
}

// laterBlock is a block of keepalived that is not built yet. Its own keywords
// are known, so that a misspelling in it is found all the same.
func laterBlock[T any](name, args string, inner block[none]) row[T] {
	return row[T]{keyword: keyword{name: name, args: args, inner: &inner}}
}

// gone is a keyword that has no effect any more, or never had one here.
func gone[T any](name, why string) row[T] {
	return row[T]{keyword: keyword{name: name, args: "[ARG ...]", gone: why}}
}

// plain is a keyword that says all by standing there.
func plain[T any](name string, set func(*T)) row[T] {
	return custom(name, "", func(t *T, _ *loader, _ *syntax.Statement) { set(t) })
}

// boolean is a keyword with an optional on or off; without one it is on.
func boolean[T any](name string, set func(*T, bool)) row[T] {
	return custom(name, "[BOOL]", func(t *T, l *loader, s *syntax.Statement) {
		if on, ok := l.boolean(s); ok {
			set(t, on)
		}
	})
}

// word is a keyword with one word of text.
func word[T any](name, args string, set func(*T, string)) row[T] {
	return custom(name, args, func(t *T, l *loader, s *syntax.Statement) {
		if l.printable(name, s.Words[1]) {
			set(t, s.Words[1].Text)
		}
	})
}

// number is a keyword with a whole number.
func number[T any](name string, from, to int, set func(*T, int)) row[T] {
	return custom(name, "N", func(t *T, l *loader, s *syntax.Statement) {
		if n, ok := l.number(name, s.Words[1], from, to); ok {
			set(t, n)
		}
	})
}

// count is a number of repetitions, where 0 means 1 (keepalived's rule).
func count[T any](name string, set func(*T, int)) row[T] {
	return custom(name, "N", func(t *T, l *loader, s *syntax.Statement) {
		n, ok := l.number(name, s.Words[1], 0, 1<<31-1)
		if ok && n == 0 {
			l.errorf(s.Words[1].Pos, "", "%s 0 makes no sense: 1 is used", name)
		}
		if ok {
			set(t, max(n, 1))
		}
	})
}

// seconds is a keyword with a decimal number of seconds.
func seconds[T any](name string, from, to time.Duration, set func(*T, time.Duration)) row[T] {
	return custom(name, "SECONDS", func(t *T, l *loader, s *syntax.Statement) {
		if d, ok := l.seconds(name, s.Words[1], from, to); ok {
			set(t, d)
		}
	})
}

// strict makes a word too many void the statement, where it is only left over
// otherwise.
func (r row[T]) strict() row[T] {
	r.exact = true
	return r
}

// shape is what args says.
type shape struct {
	min, max int // words behind the keyword; max -1: any number
	braces   bool
	bare     bool // the braces may be left out
}

func (k keyword) shape() shape {
	var sh shape
	optional := false
	for a := range strings.FieldsSeq(k.args) {
		switch {
		case a == "[{":
			sh.braces, sh.bare = true, true
			return sh
		case a == "{":
			sh.braces = true
			return sh
		case strings.HasPrefix(a, "..."):
			sh.max = -1
			continue
		case strings.HasPrefix(a, "["):
			optional = true
		}
		if !optional {
			sh.min++
		}
		if sh.max >= 0 {
			sh.max++
		}
	}
	return sh
}

// find looks a keyword up. Tables are short, and a file is read once.
func (b block[T]) find(name string) (row[T], bool) {
	for _, r := range b.rows {
		if r.name == name {
			return r, true
		}
	}
	return row[T]{}, false
}

// names are the keywords of the block in the order of the table.
func (b block[T]) names() []string {
	names := make([]string, len(b.rows))
	for i, r := range b.rows {
		names[i] = r.name
	}
	return names
}

// seen is where the keywords of one block stand. Most blocks have few, and a
// large configuration has thousands of blocks: it is no map.
type seen []met

type met struct {
	keyword string
	pos     syntax.Pos
}

// find is where the last one of a keyword stands.
func (s seen) find(keyword string) (syntax.Pos, bool) {
	for _, m := range slices.Backward(s) {
		if m.keyword == keyword {
			return m.pos, true
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
	all := make(seen, 0, len(statements))
	for _, s := range statements {
		if s.Skip {
			continue
		}
		r, ok := b.find(s.Keyword())
		if !ok {
			l.unknown(s, b.names())
			continue
		}
		if r.set == nil {
			l.idle(s, r.keyword)
		} else if l.fits(s, r.keyword) {
			all = append(all, met{r.name, s.Pos})
			r.set(t, l, s)
		}
	}
	return all
}
