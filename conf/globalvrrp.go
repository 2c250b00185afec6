package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// What keepalived takes between two announcements: 32 bits of microseconds, and
// never nothing.
const (
	minGap = time.Microsecond
	maxGap = (1<<32 - 1) * time.Microsecond
)

// vrrpRows are the defaults of all instances.
var vrrpRows = []row[globals]{
	custom("vrrp_version", "2|3", (*globals).setVersion).
		shown(func(g *globals) []Node { return statement("vrrp_version", int(g.version)) }).
		doc("", "VRRP version of the instances that name none; with IPv6 it is always 3"),
	custom("vrrp_mcast_group4", "IP", (*globals).setGroup4).
		shown(func(g *globals) []Node { return unlessZero("vrrp_mcast_group4", g.group4) }).
		doc("224.0.0.18", "where adverts over IPv4 are sent"),
	custom("vrrp_mcast_group6", "IP", (*globals).setGroup6).
		shown(func(g *globals) []Node { return unlessZero("vrrp_mcast_group6", g.group6) }).
		doc("ff02::12", "where adverts over IPv6 are sent"),
	number("vrrp_down_timer_adverts", 1, 100, func(g *globals) *int { return &g.manners.DownAdverts }).
		shown(func(g *globals) []Node { return statement("vrrp_down_timer_adverts", downAdverts(g.manners)) }).
		doc("", "how many adverts must be missing for the master to be dead"),
	boolean("vrrp_lower_prio_no_advert", func(g *globals) *bool { return &g.manners.LowerPrioNoAdvert }).
		doc("", "do not answer an advert of lower priority at once"),
	boolean("vrrp_higher_prio_send_advert", func(g *globals) *bool { return &g.manners.HigherPrioAdvert }).
		doc("", "send one more advert before giving way to another owner; to a better master tandem always does"),
	boolean("vrrp_owner_ignore_adverts", func(g *globals) *bool { return &g.manners.OwnerIgnoresAdverts }).
		doc("", "with priority 255, ignore all adverts"),
	custom("v3_checksum_as_v2", "[BOOL]", (*globals).setMessageOnly).
		shown(func(g *globals) []Node { return switched("v3_checksum_as_v2", g.messageOnly) }).
		departing("received checksums are verified all the same; as in keepalived, any word behind it switches it on, even off").
		doc("off", "leave the addresses out of the checksum of version 3 over IPv4"),
	plain("vrrp_check_unicast_src", func(g *globals) *bool { return &g.checkSource }).
		doc("off", "drop unicast adverts of anybody but unicast_peer"),
	boolean[globals]("vrrp_skip_check_adv_addr", nil).
		inert("an advert with other addresses than its instance is logged, and counts").
		doc("off", "do not compare the addresses in each advert of the same master"),
	boolean("vrrp_strict", func(g *globals) *bool { return &g.strict }).
		doc("", "hold every instance to the letter of the RFC: no authentication, no unicast, no preempt_delay, and more"),
	seconds("vrrp_startup_delay", time.Millisecond, maxGap, func(g *globals) *time.Duration { return &g.startupDelay }).
		shown(func(g *globals) []Node { return unlessZero("vrrp_startup_delay", g.startupDelay) }).
		doc("none", "seconds after the start in which adverts are thrown away and no instance becomes master"),
	seconds("vrrp_delay_after_boot", time.Millisecond, maxGap, func(g *globals) *time.Duration { return &g.delayAfterBoot }).
		shown(func(g *globals) []Node { return unlessZero("vrrp_delay_after_boot", g.delayAfterBoot) }).
		doc("none", "the same, counted from the boot of the host; the longer one counts"),
	seconds("forwarding_wait", 0, time.Hour, func(g *globals) *time.Duration { return &g.forwardingWait }).own().
		doc("", "how long at most an interface that has just come up is waited for to carry a frame of somebody else, before an instance on it becomes master: "+
			"a switch port may listen for 30 s before it forwards; 0: not at all"),
	custom("vip_lifetime", lifetimeArgs, func(g *globals, l *loader, s *syntax.Statement) { setLifetime(&g.lifetime, l, s) }).own().
		shown(func(g *globals) []Node { return showLifetime(g.lifetime) }).
		doc("", "how long the kernel keeps virtual addresses that no living tandem refreshes"),
	plain("log_unknown_vrids", func(g *globals) *bool { return &g.logUnknown }).
		doc("off", "log adverts of virtual routers that are not in the file"),
	oneOrNone[globals]("dynamic_interfaces", "allow_if_changes").
		inert("an instance always waits for an interface that is not there, and takes it when it comes").
		doc("off", "start although an interface does not exist"),
	once(prefixRow("vmac_prefix", func(g *globals) *string { return &g.vmacPrefix })).
		doc("", "how the names of the interfaces of use_vmac begin"),
	once(prefixRow("vmac_addr_prefix", func(g *globals) *string { return &g.vmacAddrPrefix })).
		doc("that of vmac_prefix", "how the names of those of single addresses begin"),
	deviceAt("default_interface", func(g *globals) *string { return &g.defaultInterface }).
		doc("", "the interface of static addresses that name none"),
}

// setVersion reads the version of the instances that name none.
func (g *globals) setVersion(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 2, 3); ok {
		g.version = vrrp.Version(n)
	}
}

// setGroup4 and setGroup6 read where adverts are sent.
func (g *globals) setGroup4(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	switch a, ok := l.addr(s.Keyword(), w); {
	case !ok:
	case !a.Is4() || !a.IsMulticast():
		l.invalid(s.Keyword(), w, "it takes a multicast address of IPv4")
	default:
		g.group4 = a
	}
}

func (g *globals) setGroup6(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	a, ok := l.addr(s.Keyword(), w)
	switch {
	case !ok:
		return
	case !a.Is6() || !a.IsMulticast():
		l.invalid(s.Keyword(), w, "it takes a multicast address of IPv6")
		return
	case !a.IsLinkLocalMulticast():
		l.warnf(w.Pos, "write one of ff02::", "%s %s is not of this link only: RFC 9568 section 5.1.2.2 wants that", s.Keyword(), a)
	}
	g.group6 = a
}

// setMessageOnly reads v3_checksum_as_v2. What stands behind it counts for
// nothing in keepalived, so that off switches it on.
func (g *globals) setMessageOnly(l *loader, s *syntax.Statement) {
	g.messageOnly = true
	if len(s.Args()) == 0 {
		return
	}
	if on, ok := l.boolean(s); ok && !on {
		l.warnf(s.Words[1].Pos, "remove the line to switch it off", "v3_checksum_as_v2 %s switches it on, as in keepalived: in global_defs no word counts behind it", s.Words[1].Text)
	}
}

// switched is a keyword that says all by standing there.
func switched(keyword string, on bool) []Node {
	if !on {
		return nil
	}
	return statement(keyword)
}

// prefixRow is how names of interfaces begin; digits follow.
func prefixRow(name string, at func(*globals) *string) row[globals] {
	return custom(name, "STRING", func(g *globals, l *loader, s *syntax.Statement) {
		if w := s.Words[1]; interfaceName(w.Text + "0") {
			*at(g) = w.Text
		} else {
			l.invalid(s.Keyword(), w, badInterface)
		}
	}).shown(func(g *globals) []Node {
		if *at(g) == "" {
			return nil
		}
		return statement(name, *at(g))
	})
}

// deviceAt is a keyword with the name of a network interface.
func deviceAt(name string, at func(*globals) *string) row[globals] {
	return custom(name, "IF", func(g *globals, l *loader, s *syntax.Statement) {
		if w, ok := l.device(s.Keyword(), s.Words[1], Error); ok {
			*at(g) = w.Text
		}
	}).shown(func(g *globals) []Node { return statement(name, *at(g)) })
}
