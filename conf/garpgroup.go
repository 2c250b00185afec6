package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// garpGroup is a garp_group while it is read: how fast gratuitous ARP and
// unsolicited neighbour advertisements leave by some interfaces together.
type garpGroup struct {
	garp, gna  time.Duration
	paced      bool
	interfaces []syntax.Word
}

var garpGroupBlock = block[garpGroup]{"garp_group", []row[garpGroup]{
	pace("garp_interval", func(g *garpGroup) *time.Duration { return &g.garp }).later().doc("that of vrrp_garp_interval", "time between two gratuitous ARPs"),
	pace("gna_interval", func(g *garpGroup) *time.Duration { return &g.gna }).later().doc("that of vrrp_gna_interval", "time between two unsolicited neighbour advertisements"),
	custom("interface", "IF", func(g *garpGroup, l *loader, s *syntax.Statement) { g.add(l, s, s.Words[1]) }).later().doc("none", "the only interface that it is for"),
	custom("interfaces", "{ IF ... }", (*garpGroup).addAll).later().doc("", "interfaces that it is for: they share the pace"),
}}

// readGARPGroup reads a garp_group. One without a pace or without an interface
// is none.
func readGARPGroup(_ *none, l *loader, s *syntax.Statement) {
	l.within("garp_group", func() {
		var g garpGroup
		read(l, garpGroupBlock, &g, s.Block)
		switch {
		case !g.paced:
			l.errorf(s.Pos, "write garp_interval or gna_interval", "the block is ignored: it sets no interval")
			s.Refused = true
		case len(g.interfaces) == 0:
			l.errorf(s.Pos, "write interface IF, or interfaces { IF ... }", "the block is ignored: it names no interface")
			s.Refused = true
		}
	})
}

// pace is the time between two announcements; 0 is none, and is something to
// say here.
func pace(name string, at func(*garpGroup) *time.Duration) row[garpGroup] {
	return custom(name, "SECONDS", func(g *garpGroup, l *loader, s *syntax.Statement) {
		if d, ok := l.seconds(name, s.Words[1], 0, maxDelay*time.Second); ok {
			*at(g), g.paced = d, true
		}
	})
}

func (g *garpGroup) add(l *loader, s *syntax.Statement, w syntax.Word) {
	if w, ok := l.device(s.Keyword(), w, Error); ok {
		g.interfaces = append(g.interfaces, w)
	}
}

// addAll reads interfaces: every word in it is one.
func (g *garpGroup) addAll(l *loader, s *syntax.Statement) {
	before := len(g.interfaces)
	for _, e := range l.entries(s) {
		for _, w := range e.Words {
			g.add(l, s, w)
		}
	}
	if len(g.interfaces) == before {
		l.errorf(s.Pos, "", "interfaces is ignored: it names none")
		s.Refused = true
	}
}
