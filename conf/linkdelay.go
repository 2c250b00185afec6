package conf

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// linkDelay is a line of interface_up_down_delays.
type linkDelay struct {
	vrrp.LinkDelay
	word syntax.Word // the interface
}

// readLinkDelays reads interface_up_down_delays: an interface a line, and one
// time or two. One alone is how long it must be down.
func readLinkDelays(_ *none, l *loader, s *syntax.Statement) {
	for _, e := range l.entries(s) {
		w, ok := l.device(s.Keyword(), e.Words[0], Error)
		if !ok {
			continue
		}
		args := e.Args()
		switch {
		case len(args) == 0:
			l.errorf(e.Pos, "", "%s: %s lacks its seconds", s.Keyword(), e.Keyword())
			continue
		case len(args) > 2:
			l.extra(e, 2)
		}
		d := linkDelay{word: w}
		const most = 255 * time.Second
		d.Down, ok = l.seconds(s.Keyword()+" "+e.Keyword(), args[0], 0, most)
		if ok && len(args) > 1 {
			d.Up, ok = l.seconds(s.Keyword()+" "+e.Keyword(), args[1], 0, most)
		}
		if !ok {
			continue
		}
		// The last line of an interface counts.
		l.linkDelays = slices.DeleteFunc(l.linkDelays, func(o linkDelay) bool { return o.word.Text == w.Text })
		l.linkDelays = append(l.linkDelays, d)
	}
}

// showLinkDelays is the block that says them all.
func (l *loader) showLinkDelays() []Node {
	if len(l.linkDelays) == 0 {
		return nil
	}
	var lines []Node
	for _, d := range l.linkDelays {
		lines = append(lines, Node{Values: []any{d.word.Text, d.Down, d.Up}, Pos: d.word.Pos})
	}
	pos, _ := l.root.find("interface_up_down_delays")
	return []Node{{Keyword: "interface_up_down_delays", Braced: true, Block: lines, Pos: pos}}
}

// finishRouters fills in what concerns all virtual routers.
func (l *loader) finishRouters(c *vrrp.Config) {
	g := &l.global
	c.Pacing = g.pacing
	for _, group := range l.garpGroups {
		c.Pacing.Groups = append(c.Pacing.Groups, group.PaceGroup)
	}
	c.StartupDelay, c.DelayAfterBoot = g.startupDelay, g.delayAfterBoot
	c.ForwardingWait, c.LogUnknown = g.forwardingWait, g.logUnknown
	for _, d := range l.linkDelays {
		put(&c.LinkDelays, d.word.Text, d.LinkDelay)
	}
}
