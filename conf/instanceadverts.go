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
		doc("none", "authentication of version 2"),
	custom("auth_hmac", "{ }", (*instance).readHMAC).shown((*instance).showHMAC).holding(hmacBlock).only().
		doc("none", "sign adverts, as keepalived does since 2.4"),
	custom("mcast_dst_ip", "IP", (*instance).setGroup).
		shown(func(in *instance) []Node { return unlessZero("mcast_dst_ip", in.Wire.Group) }).
		doc("that of vrrp_mcast_group4 or 6", "multicast group of the adverts"),
	number("unicast_ttl", 1, 255, func(in *instance) *uint8 { return &in.Wire.UnicastTTL }).
		shown(func(in *instance) []Node { return unlessZero("unicast_ttl", in.Wire.UnicastTTL) }).
		doc("255", "TTL of unicast adverts"),
	plain("unicast_fault_no_peer", func(in *instance) *bool { return &in.Manners.FaultWithoutPeer }).
		doc("", "an instance without a peer is in fault, where otherwise its adverts are multicast"),
	plain("check_unicast_src", func(in *instance) *bool { return &in.checkSource }).
		shown(func(in *instance) []Node { return switched("check_unicast_src", in.Wire.CheckSource) }).
		doc("that of vrrp_check_unicast_src; on where a peer has min_ttl or max_ttl", "adverts of others than unicast_peer are dropped, and those with a TTL that the peer's min_ttl and max_ttl exclude"),
	custom("old_unicast_checksum", "[never]", (*instance).setOldChecksum).shown((*instance).showOldChecksum).
		doc("off", "send the checksum that keepalived before 1.3.7 sent; never: nor understand it"),
	boolean("v3_checksum_as_v2", func(in *instance) *bool { return &in.messageOnly }).
		shown((*instance).showMessageOnly).
		departing("received checksums are verified all the same").
		doc("that of global_defs", "the checksum of version 3 leaves out the addresses of the packet, as in RFC 9568"),
	plain[instance]("native_ipv6", nil).inert("the first virtual address says which family the instance is of").
		doc("", "the instance is one of IPv6"),
	boolean[instance]("skip_check_adv_addr", nil).
		inert("an advert with another list of addresses is reported and counts all the same").
		doc("that of vrrp_skip_check_adv_addr", "the addresses in the adverts of a known master are not compared"),
	number[instance, int]("kernel_rx_buf_size", 0, 1<<31-1, nil).
		inert("the socket holds adverts of more than a second of 255 instances already").
		doc("the kernel's", "bytes that the kernel keeps of received adverts"),
}

// setGroup reads mcast_dst_ip. Adverts of IPv6 stay on their link, and so does
// their group (RFC 9568 section 5.1.2.2).
func (in *instance) setGroup(l *loader, s *syntax.Statement) {
	a, ok := l.addr("mcast_dst_ip", s.Words[1])
	switch {
	case !ok:
		return
	case !a.IsMulticast():
		l.errorf(s.Words[1].Pos, "", "mcast_dst_ip %s is ignored: it is no multicast group", a)
		return
	case a.Is6() && !a.IsLinkLocalMulticast():
		l.errorf(s.Words[1].Pos, "write a group in ff02::/16", "mcast_dst_ip %s is ignored: it is not one of the link", a)
		return
	case a.Is4() && !linkGroups.Contains(a):
		l.warnf(s.Words[1].Pos, "write a group in 224.0.0.0/24", "mcast_dst_ip %s: switches may keep it from routers that do not ask for it", a)
	}
	in.group = a
}

// linkGroups are the groups that no switch or router holds back (RFC 5771
// section 4).
var linkGroups = netip.MustParsePrefix("224.0.0.0/24")
