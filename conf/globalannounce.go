package conf

import (
	"math"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// announceRows are the keywords of global_defs about gratuitous ARP and
// unsolicited neighbour advertisements.
var announceRows = []row[globals]{
	announceDelay("vrrp_garp_master_delay",
		func(a *announceDefaults) **time.Duration { return &a.delay }, func(a vrrp.Announce) time.Duration { return a.Delay }).
		doc("", "seconds from taking over to the second announcement of the addresses; 0: there is none"),
	announceCount(count[globals], "vrrp_garp_master_repeat",
		func(a *announceDefaults) **int { return &a.repeat }, func(a vrrp.Announce) int { return a.Repeat }).
		doc("", "how often each announcement is sent"),
	announceDelay("vrrp_garp_master_refresh",
		func(a *announceDefaults) **time.Duration { return &a.refresh }, func(a vrrp.Announce) time.Duration { return a.Refresh }).
		departing("keepalived never announces an address again unless told to; 0 does that here").
		doc("", "seconds between announcements while master; 0: never"),
	announceCount(count[globals], "vrrp_garp_master_refresh_repeat",
		func(a *announceDefaults) **int { return &a.refreshRepeat }, func(a vrrp.Announce) int { return a.RefreshRepeat }).
		doc("", "how often each of those is sent"),
	announceDelay("vrrp_garp_lower_prio_delay",
		func(a *announceDefaults) **time.Duration { return &a.lowerDelay }, func(a vrrp.Announce) time.Duration { return a.LowerDelay }).
		doc("as vrrp_garp_master_delay", "seconds to the second announcement after an advert of lower priority was heard; 0: there is none"),
	announceCount(repetitions[globals], "vrrp_garp_lower_prio_repeat",
		func(a *announceDefaults) **int { return &a.lowerRepeat }, func(a vrrp.Announce) int { return a.LowerRepeat }).
		doc("as vrrp_garp_master_repeat", "how often each of those is sent; 0: nothing is announced then"),
	custom("vrrp_garp_interval", "SECONDS", func(g *globals, l *loader, s *syntax.Statement) { setGap(&g.pacing.GARP, l, s) }).
		shown(func(g *globals) []Node { return unlessZero("vrrp_garp_interval", g.pacing.GARP) }).
		doc("none", "the time between two gratuitous ARPs on one interface"),
	custom("vrrp_gna_interval", "SECONDS", func(g *globals, l *loader, s *syntax.Statement) { setGap(&g.pacing.GNA, l, s) }).
		shown(func(g *globals) []Node { return unlessZero("vrrp_gna_interval", g.pacing.GNA) }).
		doc("none", "the time between two unsolicited neighbour advertisements on one interface"),
	boolean("vrrp_min_garp", func(g *globals) *bool { return &g.announce.once }).
		doc("", "announce each address once and never again, where nothing else is said"),
	custom("vrrp_garp_extra_if", "[all] 1..86400", (*globals).setExtra).shown((*globals).showExtra).
		doc("off", "seconds between announcements on the other interfaces that have addresses of the instance: those below its VMACs, with all every one"),
	custom("vrrp_vmac_garp_intvl", "[all] 1..86400", (*globals).setExtra).otherName("vrrp_garp_extra_if").
		doc("off", "the old name of vrrp_garp_extra_if"),
}

// announceDelay is a time of announceDefaults; its effective value is shown.
func announceDelay(name string, at func(*announceDefaults) **time.Duration, is func(vrrp.Announce) time.Duration) row[globals] {
	return wholeSeconds(name, 0, maxDelay, func(g *globals) *time.Duration { return spot(at(&g.announce)) }).
		shown(func(g *globals) []Node { return statement(name, is(g.announce.settle())) })
}

// announceCount is likewise for a number of repetitions.
func announceCount(read func(string, func(*globals) *int) row[globals], name string, at func(*announceDefaults) **int, is func(vrrp.Announce) int) row[globals] {
	return read(name, func(g *globals) *int { return spot(at(&g.announce)) }).
		shown(func(g *globals) []Node { return statement(name, is(g.announce.settle())) })
}

// spot makes a place for a value that is being said.
func spot[T any](at **T) *T {
	*at = new(T)
	return *at
}

// repetitions is a number of them that may be none.
func repetitions[T any](name string, at func(*T) *int) row[T] {
	return number(name, 0, math.MaxInt32, at)
}

// unlessZero shows a value that there is.
func unlessZero[T comparable](keyword string, value T) []Node {
	var zero T
	if value == zero {
		return nil
	}
	return statement(keyword, value)
}

// setGap reads the time between two announcements. 0 is what many files say and
// keepalived refuses, although it is what it does without the keyword.
func setGap(to *time.Duration, l *loader, s *syntax.Statement) {
	if d, _, ok := decimal(s.Words[1].Text); ok && d == 0 {
		l.warnf(s.Words[1].Pos, "remove the line: nothing waits between them anyway", "%s 0 is ignored, as in keepalived: it takes %s to %s seconds",
			s.Keyword(), inSeconds(minGap), inSeconds(maxGap))
		return
	}
	d, ok := l.seconds(s.Keyword(), s.Words[1], minGap, maxGap)
	if !ok {
		return
	}
	*to = d
	if d >= time.Second {
		l.warnf(s.Words[1].Pos, "a gap is some milliseconds: 0.001", "%s %s: with many addresses a takeover would last minutes", s.Keyword(), s.Words[1].Text)
	}
}

// setExtra and showExtra are vrrp_garp_extra_if.
func (g *globals) setExtra(l *loader, s *syntax.Statement) {
	if s.Keyword() != "vrrp_garp_extra_if" {
		l.oldName(s, "vrrp_garp_extra_if")
	}
	if every, all, ok := l.extraInterfaces(s, 1); ok {
		g.announce.extra, g.announce.extraAll = every, all
	}
}

func (g *globals) showExtra() []Node { return showExtra("vrrp_garp_extra_if", g.announce.settle()) }

// extraInterfaces reads "[all] SECONDS": how often addresses are announced on
// their other interfaces.
func (l *loader) extraInterfaces(s *syntax.Statement, from int) (every time.Duration, all, ok bool) {
	args := s.Args()
	if len(args) > 0 && args[0].Text == "all" {
		args, all = args[1:], true
	}
	switch {
	case len(args) == 0:
		l.errorf(s.Pos, "", "%s lacks its seconds", s.Keyword())
		return 0, false, false
	case len(args) > 1:
		l.extra(s, len(s.Args())-len(args)+1)
	}
	n, ok := l.number(s.Keyword(), args[0], from, 86400)
	return time.Duration(n) * time.Second, all && n > 0, ok
}

// showExtra is what extraInterfaces reads; nothing where it is off.
func showExtra(keyword string, a vrrp.Announce) []Node {
	switch {
	case a.Extra == 0:
		return nil
	case a.ExtraAll:
		return statement(keyword, "all", a.Extra)
	}
	return statement(keyword, a.Extra)
}
