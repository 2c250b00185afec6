package conf

import (
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// block is the table of one kind of block: every keyword that may stand in
// it. T is what the block fills.
type block[T any] struct {
	name string // as messages call it: "vrrp_instance", "the top level"
	rows []row[T]
}

// keyword is what is known of a keyword whatever it fills. The reference of the
// keywords is made of it.
type keyword struct {
	name string
	// args is what follows the keyword, as a manual writes it: "IP [PORT]",
	// "NAME { }", "WORD ...". How many words there may be, and whether a block
	// follows, is taken from it; "[{ }]" is a block that may be left out.
	args  string
	exact bool  // a word too many makes the statement void
	once  bool  // a second one in its block is refused
	inner table // the keywords of its block; nil: it has none, or values

	def     string // the default where show cannot tell it: "that of the virtual_server"
	effect  string // what it does, in a few words
	effects effects
	why     string // of departs, inert and gone; of unbuilt what is the case instead, if that needs saying
	alias   string // the keyword that it is another name of
	adds    bool   // its statements add up, where of others the last one counts
	ours    bool   // keepalived does not know it
	secret  bool   // its last word is shown to nobody who does not ask for it
	alone   bool   // its blocks are one, where of others each is another one

	section section // of the top level
}

// effects says what a keyword does here.
type effects uint8

const (
	applied effects = iota // what keepalived does with it
	departs                // not quite that, on purpose
	unbuilt                // nothing yet: its value is checked and kept
	inert                  // nothing, and nothing is missing by it: its value is checked and kept
	gone                   // nothing, in keepalived neither
)

var effectNames = [...]string{"applied", "departs", "not supported yet", "no effect here", "gone"}

func (e effects) String() string { return effectNames[e] }

// row is one keyword of a block.
type row[T any] struct {
	keyword
	// set reads the statement into the block and reports what is wrong with
	// it. Where the keyword has no effect it only checks; nil: it takes any
	// words.
	set func(*T, *loader, *syntax.Statement)
	// show gives the statements that say what the block holds; nil: others do,
	// or nothing does.
	show func(*T) []Node
}

// none is what a block fills that is not built yet.
type none struct{}

// doc gives the row its line in the reference: the default, where the value in
// an empty block does not show it, and what the keyword does.
func (r row[T]) doc(def, effect string) row[T] {
	r.def, r.effect = def, effect
	return r
}

// departing says why the keyword does not do what it does in keepalived.
func (r row[T]) departing(why string) row[T] {
	r.effects, r.why = departs, why
	return r
}

// later makes the keyword one that is not built yet.
func (r row[T]) later() row[T] {
	r.effects, r.show = unbuilt, nil
	return r
}

// meanwhile says what is the case instead of what a keyword that is not built
// yet asks for.
func (r row[T]) meanwhile(what string) row[T] {
	r.why = what
	return r
}

// inert makes the keyword one that has no effect here, and says why none is
// missing: "tandem has no D-Bus interface".
func (r row[T]) inert(why string) row[T] {
	r.effects, r.why, r.show = inert, why, nil
	return r
}

// otherName makes the keyword another name of one: that one is shown.
func (r row[T]) otherName(of string) row[T] {
	r.alias, r.show = of, nil
	return r
}

// adding says that the statements of the keyword add up.
func (r row[T]) adding() row[T] {
	r.adds = true
	return r
}

// own makes the keyword one that keepalived does not know.
func (r row[T]) own() row[T] {
	r.ours = true
	return r
}

// secretly makes the last word of the keyword one that is not shown.
func (r row[T]) secretly() row[T] {
	r.secret = true
	return r
}

// strict makes a word too many void the statement, where it is only left over
// otherwise.
func (r row[T]) strict() row[T] {
	r.exact = true
	return r
}

// single makes a second one in the same block void, where the last one counts
// otherwise.
func (r row[T]) single() row[T] {
	r.once = true
	return r
}

// only says that the blocks of the keyword are one: a second one adds to the
// first, or is refused.
func (r row[T]) only() row[T] {
	r.alone = true
	return r
}

// within names the section of the top level that the keyword is shown in.
func (r row[T]) within(s section) row[T] {
	r.section = s
	return r
}

// holding names the table of the keyword's block.
func (r row[T]) holding(inner table) row[T] {
	r.inner = inner
	return r
}

// shown says how the keyword is written.
func (r row[T]) shown(show func(*T) []Node) row[T] {
	r.show = show
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

// table is a block whatever it fills.
type table interface {
	title() string
	keywords() []keyword
}

func (b block[T]) title() string { return b.name }

// keywords are those of the block, in the order of the table.
func (b block[T]) keywords() []keyword {
	all := make([]keyword, len(b.rows))
	for i, r := range b.rows {
		all[i] = r.keyword
	}
	return all
}

// find looks a keyword up. Tables are short, and a file is read once.
func (b block[T]) find(name string) (*row[T], bool) {
	for i := range b.rows {
		if b.rows[i].name == name {
			return &b.rows[i], true
		}
	}
	return nil, false
}

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
	for _, s := range statements {
		if s.Skip {
			continue
		}
		r, ok := b.find(s.Keyword())
		before := len(l.found)
		block := ok && s.Braced && r.shape().braces
		switch {
		case !ok:
			l.unknown(s, b.name)
			s.Refused = true
		case r.effects == gone:
			l.idle(s, r.keyword, b.name)
			s.Refused = true
		case r.once && l.repeats(s, *said):
			s.Refused = true
		case !l.fits(s, r.keyword):
			s.Refused = true
		case r.effects == unbuilt || r.effects == inert:
			before = len(l.found)
			l.without++
			r.read(t, l, s)
			l.without--
			// A block is not lost by what is wrong in it, unless its reader says
			// so.
			if block && !s.Refused || !refused(l.found[before:]) {
				l.idle(s, r.keyword, b.name)
				said.note(r.show == nil, r.name, s)
			}
		default:
			before = len(l.found)
			said.all = append(said.all, met{r.name, s.Pos})
			r.read(t, l, s)
		}
		// A block that is shown as it was read leaves out what was refused.
		if !block && refused(l.found[before:]) {
			s.Refused = true
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

func (r *row[T]) read(t *T, l *loader, s *syntax.Statement) {
	if r.set != nil {
		r.set(t, l, s)
	}
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
