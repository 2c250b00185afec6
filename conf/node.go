package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

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
	Why  string     // of NoEffect: why nothing is missing by it

	// line is the statement as the file has it, where the quotes of a script
	// make more of it than Values say.
	line string
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

// section is where statements of the top level that are shown as they were read
// stand in the effective configuration.
type section uint8

const (
	settingSection section = iota // before global_defs
	blockSection                  // behind it, before what may track them
)

// Nodes are the whole effective configuration, in an order in which it can be
// read again: global_defs stands before the instances that take their defaults
// from it, and what is tracked before those that track it.
func (f *File) Nodes() []Node {
	l := f.loader
	if l == nil {
		return nil
	}
	var sections [blockSection + 1][]Node
	for _, n := range rootBlock.show(&none{}, l.root) {
		r, _ := rootBlock.find(n.Keyword)
		sections[r.section] = append(sections[r.section], n)
	}
	all := append(sections[settingSection], nodesOf(&l.global)...)
	all = append(all, nodesOf(l.garpGroups...)...)
	all = append(all, l.showLinkDelays()...)
	all = append(all, sections[blockSection]...)
	all = append(all, nodesOf(l.scripts...)...)
	all = append(all, nodesOf(l.trackFiles...)...)
	all = append(all, nodesOf(l.processes...)...)
	all = append(all, nodesOf(l.sessions...)...)
	all = append(all, nodesOf(l.trackGroups...)...)
	all = append(all, l.kept.show()...)
	all = append(all, nodesOf(l.groups...)...)
	all = append(all, nodesOf(l.instances...)...)
	all = append(all, nodesOf(l.serverGroups...)...)
	return append(all, nodesOf(l.services...)...)
}

// nodesOf are the statements of the blocks, without those of which nothing is
// left.
func nodesOf[T interface{ node() Node }](blocks ...T) []Node {
	var all []Node
	for _, b := range blocks {
		if n := b.node(); n.Keyword != "" {
			all = append(all, n)
		}
	}
	return all
}

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
		if !r.shows() {
			continue
		}
		for _, n := range r.show(t) {
			if n.Pos == (syntax.Pos{}) {
				n.Pos, _ = said.find(n.Keyword)
			}
			n.Idle = r.idle()
			all = append(all, n)
		}
	}
	for _, s := range said.idle {
		n := Node{Idle: NotSupported}
		if r, ok := b.find(s.Keyword()); ok {
			n = asRead(s, r.keyword)
			n.Idle = NotSupported
			if r.effects == inert {
				n.Idle, n.Why = NoEffect, r.why
			}
		}
		all = append(all, n)
	}
	return all
}

// idle says why statements of the keyword have no effect.
func (k keyword) idle() Idle {
	switch k.effects {
	case unbuilt:
		return NotSupported
	case inert:
		return NoEffect
	}
	return NotIdle
}

// asRead is a statement of the keyword as the file says it.
func asRead(s *syntax.Statement, k keyword) Node {
	n := Node{Keyword: s.Keyword(), Braced: s.Braced && (k.name == "" || k.shape().braces), Pos: s.Pos}
	for _, w := range s.Args() {
		n.Values = append(n.Values, w.Text)
	}
	switch last := len(n.Values) - 1; {
	case k.secret && last >= 0:
		n.Values[last] = Secret(s.Words[1+last].Text)
	case !simple(s):
		n.line = s.Line
	}
	if !n.Braced {
		return n
	}
	for _, inner := range s.Block {
		n.Block = append(n.Block, asRead(inner, keywordOf(k.inner, inner.Keyword())))
	}
	return n
}

// keywordOf looks a keyword up in a table, which may be nil.
func keywordOf(t table, name string) keyword {
	if t != nil {
		for _, k := range t.keywords() {
			if k.name == name {
				return k
			}
		}
	}
	return keyword{}
}

// simple tells whether the words of a statement say all of it: without its
// quotes and escapes a script would be another one.
func simple(s *syntax.Statement) bool {
	if strings.ContainsAny(s.Line, `'\`) {
		return false
	}
	var words []string
	for _, w := range s.Words {
		if w.Quoted {
			words = append(words, `"`+w.Text+`"`)
		} else {
			words = append(words, w.Text)
		}
	}
	return strings.Join(strings.Fields(s.Line), " ") == strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}
