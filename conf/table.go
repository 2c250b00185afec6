package conf

import (
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
	about   string // of unbuilt: the subject of which one keyword is told for all; empty: itself
	alias   string // the keyword that it is another name of
	adds    bool   // its statements add up, where of others the last one counts
	ours    bool   // keepalived does not know it
	secret  bool   // its last word is shown to nobody who does not ask for it
	judged  bool   // without effect: it is shown as the row shows it, not as the file says it
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
	// or nothing does. See shows for when it is asked.
	show func(*T) []Node
}

// asWritten tells whether the statements of the row are shown as the file says
// them: nothing is made of what has no effect. It does not depend on the order in
// which the row was described, and neither does shows.
func (r *row[T]) asWritten() bool {
	return (r.effects == unbuilt || r.effects == inert) && !r.judged
}

// shows tells whether show says what the block holds: it is not asked of another
// name of a keyword, nor where the statements are kept as they are written.
func (r *row[T]) shows() bool { return r.show != nil && r.alias == "" && !r.asWritten() }

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
	r.effects = unbuilt
	return r
}

// meanwhile says what is the case instead of what a keyword that is not built
// yet asks for.
func (r row[T]) meanwhile(what string) row[T] {
	r.why = what
	return r
}

// withOthers is meanwhile for one of several keywords that lack the same: of
// all of a file one is told.
func (r row[T]) withOthers(subject, what string) row[T] {
	r.about, r.why = subject, what
	return r
}

// inert makes the keyword one that has no effect here, and says why none is
// missing: "tandem has no D-Bus interface".
func (r row[T]) inert(why string) row[T] {
	r.effects, r.why = inert, why
	return r
}

// otherName makes the keyword another name of one: that one is shown.
func (r row[T]) otherName(of string) row[T] {
	r.alias = of
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

// asJudged says that a keyword without effect is shown as the row shows it, which
// leaves out what is wrong in it: the simulation of failures knows what it holds.
func (r row[T]) asJudged() row[T] {
	r.judged = true
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
