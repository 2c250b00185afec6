package conf

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// laterInstance are the keywords of vrrp_instance that are not built yet, and
// those that have nothing to do here.
func laterInstance() []row[instance] {
	return slices.Concat(notifyRows[instance](), notifyInstance(), macRows(), []row[instance]{
		custom("auth_hmac", "{ }", (*instance).readHMAC).later().meanwhile("adverts are not signed, and a peer that asks for signatures does not hear them").holding(hmacBlock).only().doc("", "sign adverts, in keepalived's own way"),
		device[instance]("vrf").later().doc("none", "VRF of an instance without an interface"),
		plain[instance]("no_virtual_ipaddress", nil).later().doc("", "an instance without a virtual address is meant so"),
		plain[instance]("promote_secondaries", nil).
			inert("addresses that the kernel removes together with the first one of their subnet are set again").
			doc("", "removing an address keeps the others of its subnet"),
		plain[instance]("dont_track_primary", nil).later().meanwhile("the loss of the interface is a fault").doc("", "the loss of the instance's own interface is no fault"),
		plain[instance]("track_src_ip", nil).later().doc("", "the loss of the source address is a fault"),
		custom("mcast_dst_ip", "IP", checkGroup).later().meanwhile("adverts go to 224.0.0.18, and routers that use another group do not hear them").doc("that of vrrp_mcast_group4 or 6", "multicast group of the adverts"),
		inRange[instance]("unicast_ttl", 0, 255).later().meanwhile("the TTL is 255").doc("255", "TTL of unicast adverts"),
		plain[instance]("unicast_fault_no_peer", nil).later().doc("", "an instance with unicast_src_ip and without a peer is in fault"),
		plain[instance]("check_unicast_src", nil).later().doc("", "adverts of others than unicast_peer are dropped"),
		oneOrNone[instance]("old_unicast_checksum", "never").later().doc("off", "the checksum that keepalived before 1.3.7 sent"),
		boolean[instance]("v3_checksum_as_v2", nil).later().meanwhile("the checksum is that of RFC 9568, and a router with another one does not hear it").doc("off", "the checksum of version 3 leaves out the addresses of the packet"),
		plain[instance]("native_ipv6", nil).inert("the first virtual address says which family the instance is of").
			doc("", "the instance is one of IPv6"),
		plain[instance]("no_accept", nil).later().meanwhile("a master takes packets to its virtual addresses").doc("", "drop packets to the virtual addresses, unless it is their owner"),
		boolean[instance]("strict_mode", nil).later().doc("that of vrrp_strict", "refuse what the RFC does not have"),
		boolean[instance]("skip_check_adv_addr", nil).
			inert("an advert with another list of addresses is reported and counts all the same").
			doc("that of vrrp_skip_check_adv_addr", "the addresses in the adverts of a known master are not compared"),
		wholeSeconds[instance]("garp_lower_prio_delay", 0, maxDelay, nil).later().doc("that of vrrp_garp_lower_prio_delay", "time until the second burst of ARP after an advert of lower priority"),
		count[instance]("garp_lower_prio_repeat", nil).later().doc("that of vrrp_garp_lower_prio_repeat", "gratuitous ARPs after an advert of lower priority"),
		custom("garp_extra_if", "[all] 0..86400", checkExtraGARP[instance](0)).later().doc("that of vrrp_garp_extra_if", "seconds between gratuitous ARPs on the interfaces below VMACs; 0: none"),
		custom("vmac_garp_intvl", "[all] 0..86400", checkExtraGARP[instance](0)).later().otherName("garp_extra_if").doc("", "deprecated"),
		inRange[instance]("down_timer_adverts", 1, 100).later().doc("3", "adverts that must be missing until the master is down"),
		custom("timer_expired_backup", "[1..254]", checkExpired).later().doc("off; 254 without a number", "a master that was held up does not go on as one, where nopreempt is set"),
		custom("thread_timer_expired", "[1..254]", checkExpired).later().otherName("timer_expired_backup").doc("", "deprecated"),
		boolean[instance]("lower_prio_no_advert", nil).later().doc("that of vrrp_lower_prio_no_advert", "an advert of lower priority is not answered"),
		boolean[instance]("higher_prio_send_advert", nil).later().doc("that of vrrp_higher_prio_send_advert", "one more advert is sent before a master of higher priority is obeyed"),
		boolean[instance]("owner_ignore_adverts", nil).later().doc("that of vrrp_owner_ignore_adverts", "the owner of the addresses hears nobody"),
		number[instance, int]("kernel_rx_buf_size", 0, 1<<31-1, nil).
			inert("the socket holds adverts of more than a second of 255 instances already").
			doc("the kernel's", "bytes that the kernel keeps of received adverts"),
		obsolete[instance]("debug", "nothing reads it in keepalived either"),
		plain[instance]("linkbeat_use_polling", nil).inert(linkMessages).doc("", "ask the interface for its link again and again"),
		custom("virtual_routes", "{ ROUTE ... }", func(_ *instance, l *loader, s *syntax.Statement) { l.routes(s, false) }).later().
			doc("", "routes that move with the virtual addresses"),
		custom("virtual_rules", "{ RULE ... }", func(_ *instance, l *loader, s *syntax.Statement) { l.policyRules(s, false) }).later().
			doc("", "policy rules that move with the virtual addresses"),
	})
}

// checkGroup checks mcast_dst_ip. Adverts of IPv6 stay on their link, and so
// does their group (RFC 9568 section 5.1.2.2).
func checkGroup(_ *instance, l *loader, s *syntax.Statement) {
	a, ok := l.addr("mcast_dst_ip", s.Words[1])
	switch {
	case !ok:
	case !a.IsMulticast():
		l.errorf(s.Words[1].Pos, "", "mcast_dst_ip %s is ignored: it is no multicast group", a)
	case a.Is6() && !a.IsLinkLocalMulticast():
		l.errorf(s.Words[1].Pos, "write a group in ff02::/16", "mcast_dst_ip %s is ignored: it is not one of the link", a)
	case a.Is4() && !linkGroups.Contains(a):
		l.warnf(s.Words[1].Pos, "write a group in 224.0.0.0/24", "mcast_dst_ip %s: switches may keep it from routers that do not ask for it", a)
	}
}

// linkGroups are the groups that no switch or router holds back (RFC 5771
// section 4).
var linkGroups = netip.MustParsePrefix("224.0.0.0/24")

// checkExtraGARP checks [all] N; the loosest of them is off.
func checkExtraGARP[T any](from int) func(*T, *loader, *syntax.Statement) {
	return func(_ *T, l *loader, s *syntax.Statement) {
		if s.Keyword() == "vmac_garp_intvl" {
			l.oldName(s, "garp_extra_if")
		}
		args := s.Args()
		if len(args) > 0 && args[0].Text == "all" {
			args = args[1:]
		}
		switch {
		case len(args) == 0:
			l.errorf(s.Pos, "", "%s lacks its seconds", s.Keyword())
		case len(args) > 1:
			l.extra(s, len(s.Args())-len(args)+1)
			rewrite(s, texts(s.Words[:len(s.Words)-len(args)+1]))
		}
		for _, w := range args[:min(len(args), 1)] {
			l.number(s.Keyword(), w, from, 86400)
		}
	}
}

// checkExpired checks timer_expired_backup: the priority from which it counts.
func checkExpired(_ *instance, l *loader, s *syntax.Statement) {
	if s.Keyword() != "timer_expired_backup" {
		l.oldName(s, "timer_expired_backup")
	}
	for _, w := range s.Args() {
		l.number(s.Keyword(), w, 1, 254)
	}
}
