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

// announceRows are the keywords of global_defs about gratuitous ARP and
// unsolicited neighbour advertisements. tandem builds those that an instance
// has of its own too.
var announceRows = []row[globals]{
	wholeSeconds("vrrp_garp_master_delay", 0, maxDelay, func(g *globals) *time.Duration { return &g.announce.Delay }).
		doc("", "seconds from taking over to the second announcement of the addresses; 0: there is none"),
	count("vrrp_garp_master_repeat", func(g *globals) *int { return &g.announce.Repeat }).
		doc("", "how often each announcement is sent"),
	wholeSeconds("vrrp_garp_master_refresh", 0, maxDelay, func(g *globals) *time.Duration { return &g.announce.Refresh }).
		departing("keepalived never announces an address again unless told to; 0 does that here").
		doc("", "seconds between announcements while master; 0: never"),
	count("vrrp_garp_master_refresh_repeat", func(g *globals) *int { return &g.announce.RefreshRepeat }).
		doc("", "how often each of those is sent"),
	wholeSeconds[globals]("vrrp_garp_lower_prio_delay", 0, maxDelay, nil).later().
		doc("as vrrp_garp_master_delay", "seconds to the second announcement after an advert of lower priority was heard"),
	count[globals]("vrrp_garp_lower_prio_repeat", nil).later().
		doc("as vrrp_garp_master_repeat", "how often each of those is sent"),
	custom("vrrp_garp_interval", "SECONDS", (*globals).checkGap).later().
		doc("none", "the time between two gratuitous ARPs on one interface"),
	custom("vrrp_gna_interval", "SECONDS", (*globals).checkGap).later().
		doc("none", "the time between two unsolicited neighbour advertisements on one interface"),
	boolean[globals]("vrrp_min_garp", nil).later().
		doc("off", "announce each address once and never again, where nothing else is said"),
	custom("vrrp_garp_extra_if", "[all] 1..86400", (*globals).checkExtra).later().
		doc("off", "seconds between announcements on the other interfaces that have addresses of the instance"),
	custom("vrrp_vmac_garp_intvl", "[all] 1..86400", (*globals).checkExtra).later().otherName("vrrp_garp_extra_if").
		doc("off", "the old name of vrrp_garp_extra_if"),
}

// vrrpRows are the defaults of all instances.
var vrrpRows = []row[globals]{
	custom("vrrp_version", "2|3", (*globals).setVersion).
		shown(func(g *globals) []Node { return statement("vrrp_version", int(g.version)) }).
		doc("", "VRRP version of the instances that name none; with IPv6 it is always 3"),
	custom("vrrp_mcast_group4", "IP", (*globals).checkGroup4).later().
		doc("224.0.0.18", "where adverts over IPv4 are sent"),
	custom("vrrp_mcast_group6", "IP", (*globals).checkGroup6).later().
		doc("ff02::12", "where adverts over IPv6 are sent"),
	inRange[globals]("vrrp_down_timer_adverts", 1, 100).later().
		doc("3", "how many adverts must be missing for the master to be dead"),
	boolean[globals]("vrrp_lower_prio_no_advert", nil).later().
		doc("off", "do not answer an advert of lower priority at once"),
	boolean[globals]("vrrp_higher_prio_send_advert", nil).later().
		doc("off", "send one more advert before giving way to a higher priority"),
	boolean[globals]("vrrp_owner_ignore_adverts", nil).later().
		doc("off", "with priority 255, ignore all adverts"),
	custom[globals]("v3_checksum_as_v2", "[BOOL]", nil).later().
		doc("off", "leave the addresses out of the checksum of version 3 over IPv4; any word behind it switches it on, even off"),
	plain[globals]("vrrp_check_unicast_src", nil).later().
		doc("off", "drop unicast adverts of anybody but unicast_peer"),
	boolean[globals]("vrrp_skip_check_adv_addr", nil).
		inert("an advert with other addresses than its instance is logged, and counts").
		doc("off", "do not compare the addresses in each advert of the same master"),
	boolean[globals]("vrrp_strict", nil).later().
		meanwhile("instances keep their authentication, unicast peers and preempt_delay, which a keepalived with vrrp_strict drops: where the file has authentication or unicast_peer the two do not hear each other, and both become master").
		doc("off", "hold every instance to the letter of the RFC: no authentication, no unicast, no preempt_delay"),
	seconds[globals]("vrrp_startup_delay", time.Millisecond, maxGap, nil).later().
		doc("none", "seconds to wait after the start before an instance may become master"),
	seconds[globals]("vrrp_delay_after_boot", time.Millisecond, maxGap, nil).later().
		doc("none", "the same, counted from the boot of the host; the longer one counts"),
	plain[globals]("log_unknown_vrids", nil).later().
		doc("off", "log adverts of virtual routers that are not in the file"),
	oneOrNone[globals]("dynamic_interfaces", "allow_if_changes").
		inert("an instance always waits for an interface that is not there, and takes it when it comes").
		doc("off", "start although an interface does not exist"),
	once(custom("vmac_prefix", "STRING", (*globals).checkPrefix).later()).
		doc("vrrp", "how the names of the interfaces of use_vmac begin"),
	once(custom("vmac_addr_prefix", "STRING", (*globals).checkPrefix).later()).
		doc("vrrp", "how the names of those of single addresses begin"),
	device[globals]("default_interface").later().
		doc("eth0", "the interface of static addresses that name none"),
}

// setVersion reads the version of the instances that name none.
func (g *globals) setVersion(l *loader, s *syntax.Statement) {
	if n, ok := l.number(s.Keyword(), s.Words[1], 2, 3); ok {
		g.version = vrrp.Version(n)
	}
}

// checkGap checks the time between two announcements. 0 is what many files say
// and keepalived refuses, although it is what it does without the keyword.
func (g *globals) checkGap(l *loader, s *syntax.Statement) {
	if d, _, ok := decimal(s.Words[1].Text); ok && d == 0 {
		l.warnf(s.Words[1].Pos, "remove the line: nothing waits between them anyway", "%s 0 is ignored, as in keepalived: it takes %s to %s seconds",
			s.Keyword(), inSeconds(minGap), inSeconds(maxGap))
		s.Refused = true
		return
	}
	if d, ok := l.seconds(s.Keyword(), s.Words[1], minGap, maxGap); ok && d >= time.Second {
		l.warnf(s.Words[1].Pos, "a gap is some milliseconds: 0.001", "%s %s: with many addresses a takeover would last minutes", s.Keyword(), s.Words[1].Text)
	}
}

// checkExtra checks "[all] SECONDS".
func (g *globals) checkExtra(l *loader, s *syntax.Statement) {
	args := s.Args()
	if len(args) > 1 && args[0].Text == "all" {
		args = args[1:]
	}
	if len(args) == 0 || args[0].Text == "all" {
		l.errorf(s.Pos, "", "%s lacks a value: %s [all] SECONDS", s.Keyword(), s.Keyword())
		return
	}
	l.number(s.Keyword(), args[0], 1, 86400)
}

// checkGroup4 and checkGroup6 check where adverts are sent.
func (g *globals) checkGroup4(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	if a, ok := l.addr(s.Keyword(), w); ok && !(a.Is4() && a.IsMulticast()) {
		l.invalid(s.Keyword(), w, "it takes a multicast address of IPv4")
	}
}

func (g *globals) checkGroup6(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	a, ok := l.addr(s.Keyword(), w)
	switch {
	case !ok:
	case !a.Is6() || !a.IsMulticast():
		l.invalid(s.Keyword(), w, "it takes a multicast address of IPv6")
	case !a.IsLinkLocalMulticast():
		l.warnf(w.Pos, "write one of ff02::", "%s %s is not of this link only: RFC 9568 section 5.1.2.2 wants that", s.Keyword(), a)
	}
}

// checkPrefix checks how names of interfaces begin; digits follow.
func (g *globals) checkPrefix(l *loader, s *syntax.Statement) {
	if w := s.Words[1]; !interfaceName(w.Text + "0") {
		l.invalid(s.Keyword(), w, badInterface)
	}
}
