package conf

import (
	"net/netip"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// advertRows are about the packets of VRRP: where they come from and go to, and
// what is in them.
var advertRows = []row[instance]{
	custom("mcast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("mcast_src_ip") }).
		doc("the primary address of the interface", "source of adverts"),
	custom("unicast_src_ip", "IP", (*instance).setSource).shown(func(in *instance) []Node { return in.showSource("unicast_src_ip") }).
		doc("the primary address of the interface", "source of adverts; they are unicast with unicast_peer only"),
	custom("unicast_peer", "{ IP [OPTION ...] ... }", (*instance).addPeers).shown(showPeers).
		doc("none: multicast", "the other routers: adverts go to each of them").
		departing("the own unicast_src_ip is left out, so that one list serves both directors"),
	custom("authentication", "{ }", (*instance).readAuth).shown((*instance).showAuth).holding(authBlock).only().
		doc("none", "simple authentication of version 2"),
	custom("auth_hmac", "{ }", (*instance).readHMAC).later().meanwhile("adverts are not signed, and a peer that asks for signatures does not hear them").holding(hmacBlock).only().doc("", "sign adverts, in keepalived's own way"),
	custom("mcast_dst_ip", "IP", checkGroup).later().meanwhile("adverts go to 224.0.0.18, and routers that use another group do not hear them").doc("that of vrrp_mcast_group4 or 6", "multicast group of the adverts"),
	inRange[instance]("unicast_ttl", 0, 255).later().meanwhile("the TTL is 255").doc("255", "TTL of unicast adverts"),
	plain[instance]("unicast_fault_no_peer", nil).later().doc("", "an instance with unicast_src_ip and without a peer is in fault"),
	plain[instance]("check_unicast_src", nil).later().doc("", "adverts of others than unicast_peer are dropped"),
	oneOrNone[instance]("old_unicast_checksum", "never").later().doc("off", "the checksum that keepalived before 1.3.7 sent"),
	boolean[instance]("v3_checksum_as_v2", nil).later().meanwhile("the checksum is that of RFC 9568, and a router with another one does not hear it").doc("off", "the checksum of version 3 leaves out the addresses of the packet"),
	plain[instance]("native_ipv6", nil).inert("the first virtual address says which family the instance is of").
		doc("", "the instance is one of IPv6"),
	boolean[instance]("skip_check_adv_addr", nil).
		inert("an advert with another list of addresses is reported and counts all the same").
		doc("that of vrrp_skip_check_adv_addr", "the addresses in the adverts of a known master are not compared"),
	number[instance, int]("kernel_rx_buf_size", 0, 1<<31-1, nil).
		inert("the socket holds adverts of more than a second of 255 instances already").
		doc("the kernel's", "bytes that the kernel keeps of received adverts"),
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
