package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// garpGroup is a garp_group while it is read: how fast gratuitous ARP and
// unsolicited neighbour advertisements leave by some interfaces together.
type garpGroup struct {
	vrrp.PaceGroup
	pos  syntax.Pos
	met  seen
	uses []syntax.Word // of each of Interfaces
}

var garpGroupBlock = block[garpGroup]{"garp_group", []row[garpGroup]{
	pace("garp_interval", func(g *garpGroup) *time.Duration { return &g.GARP }).doc("none", "time between two gratuitous ARPs"),
	pace("gna_interval", func(g *garpGroup) *time.Duration { return &g.GNA }).doc("none", "time between two unsolicited neighbour advertisements"),
	custom("interface", "IF", func(g *garpGroup, l *loader, s *syntax.Statement) { g.add(l, s, s.Words[1]) }).doc("none", "an interface that it is for"),
	custom("interfaces", "{ IF ... }", (*garpGroup).addAll).shown(showPaced).doc("", "interfaces that it is for: they share the pace"),
}}

// readGARPGroup reads a garp_group. One without a pace or without an interface
// is none.
func readGARPGroup(_ *none, l *loader, s *syntax.Statement) {
	l.within("garp_group", func() {
		g := &garpGroup{pos: s.Pos}
		g.met = read(l, garpGroupBlock, g, s.Block)
		switch {
		case !g.met.has("garp_interval") && !g.met.has("gna_interval"):
			l.errorf(s.Pos, "write garp_interval or gna_interval", "the block is ignored: it sets no interval")
		case len(g.Interfaces) == 0:
			l.errorf(s.Pos, "write interface IF, or interfaces { IF ... }", "the block is ignored: it names no interface")
		default:
			l.garpGroups = append(l.garpGroups, g)
		}
	})
}

// node is the group as the effective configuration shows it.
func (g *garpGroup) node() Node {
	return Node{Keyword: "garp_group", Braced: true, Block: garpGroupBlock.show(g, g.met), Pos: g.pos}
}

func showPaced(g *garpGroup) []Node {
	var lines []Node
	for _, w := range g.uses {
		lines = append(lines, Node{Values: []any{w.Text}, Pos: w.Pos})
	}
	return blockOf("interfaces", nil, lines)
}

// pace is the time between two announcements; 0 is none, and is something to
// say here: the interfaces have a pace of their own then.
func pace(name string, at func(*garpGroup) *time.Duration) row[garpGroup] {
	return seconds(name, 0, maxDelay*time.Second, at)
}

// add takes an interface that is in no group above.
func (g *garpGroup) add(l *loader, s *syntax.Statement, w syntax.Word) {
	w, ok := l.device(s.Keyword(), w, Error)
	if !ok {
		return
	}
	if l.known.paced[w.Text] {
		l.errorf(w.Pos, "", "%s %s is left out: it is in a garp_group already", s.Keyword(), w.Text)
		return
	}
	put(&l.known.paced, w.Text, true)
	g.Interfaces, g.uses = append(g.Interfaces, w.Text), append(g.uses, w)
}

// addAll reads interfaces: every word in it is one.
func (g *garpGroup) addAll(l *loader, s *syntax.Statement) {
	before := len(g.Interfaces)
	for _, e := range l.entries(s) {
		for _, w := range e.Words {
			g.add(l, s, w)
		}
	}
	if len(g.Interfaces) == before {
		l.errorf(s.Pos, "", "interfaces is ignored: it names none")
	}
}
