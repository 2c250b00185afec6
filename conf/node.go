package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// Node is one statement of the effective configuration: what a file would say
// to have just this, with defaults filled in and everything left out that was
// refused. It is what `tandem check --dump` prints.
type Node struct {
	// Keyword is empty in a block of values, such as virtual_ipaddress: its
	// lines are Values alone.
	Keyword string
	// Values are the words behind it with their types: bool, int, string,
	// Secret, time.Duration, netip.Addr and netip.Prefix. A switch that says all
	// by standing there has none.
	Values []any
	Braced bool // it has a block, perhaps an empty one
	Block  []Node

	Pos  syntax.Pos // where the file says it; zero: nowhere, it is a default or derived
	Idle Idle       // why it has no effect; zero: it has one
}

// Secret is a value that is shown to nobody who does not ask for it.
type Secret string

// Idle says why a statement has no effect.
type Idle uint8

const (
	NotIdle      Idle = iota // it has one
	NotSupported             // not supported yet
	NoEffect                 // it has none here, and nothing is missing by it
)

var idleNames = [...]string{"", "not supported yet", "no effect here"}

func (i Idle) String() string { return idleNames[i] }

// statement is one statement without a block, as a row shows it.
func statement(keyword string, values ...any) []Node {
	return []Node{{Keyword: keyword, Values: values}}
}

// blockOf is one statement with a block.
func blockOf(keyword string, values []any, block []Node) []Node {
	return []Node{{Keyword: keyword, Values: values, Braced: true, Block: block}}
}

// show gives the statements of a block, in the order of its table, and behind
// them those that have no effect.
func (b block[T]) show(t *T, said seen) []Node {
	var all []Node
	for i := range b.rows {
		r := &b.rows[i]
		if r.show == nil {
			continue
		}
		for _, n := range r.show(t) {
			if n.Pos == (syntax.Pos{}) {
				n.Pos, _ = said.find(n.Keyword)
			}
			all = append(all, n)
		}
	}
	for _, s := range said.idle {
		n := asRead(s)
		n.Idle = NotSupported
		if r, ok := b.find(s.Keyword()); ok && r.effects == inert {
			n.Idle = NoEffect
		}
		all = append(all, n)
	}
	return all
}

// asRead is a statement as the file says it.
func asRead(s *syntax.Statement) Node {
	n := Node{Keyword: s.Keyword(), Braced: s.Braced, Pos: s.Pos}
	for _, w := range s.Args() {
		n.Values = append(n.Values, w.Text)
	}
	for _, inner := range s.Block {
		n.Block = append(n.Block, asRead(inner))
	}
	return n
}
