package conf

import (
	"math"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Why some keywords about packet filters are missed by nobody.
const (
	noIPTables = "tandem writes its rules with nftables, beside those of iptables"
	ownTable   = "tandem keeps the rules of no_accept in an nftables table of its own, inet tandem_vrrp, which is there only while it is needed"
	ownPlace   = "the chains of inet tandem_vrrp are at -1 too, and what they drop is dropped at any priority"
	noMarks    = "the members of a group are one service without a firewall mark"
	noSwitch   = "IGMP is left to the kernel"
)

// firewallRows are the keywords of global_defs about packet filters.
var firewallRows = []row[globals]{
	custom("vrrp_iptables", "[CHAIN [CHAIN]]", checkWords).inert(noIPTables).
		doc("INPUT OUTPUT", "chains of iptables for no_accept and IGMP"),
	custom("vrrp_ipsets", "[NAME ...]", (*globals).checkIPSets).inert(noIPTables).
		doc("on", "names of the sets of addresses for those chains; nothing: no sets"),
	once(custom("nftables", "[TABLE]", checkWords).inert(ownTable)).
		doc("off; keepalived", "table of nftables for no_accept and IGMP"),
	inRange[globals]("nftables_priority", math.MinInt32, math.MaxInt32).inert(ownPlace).
		doc("-1", "priority of the chains in that table"),
	plain[globals]("nftables_counters", nil).inert("tandem's rules always count").
		doc("off", "let the rules count packets"),
	plain[globals]("nftables_ifindex", nil).inert("the sets of inet tandem_vrrp hold addresses alone, whatever their interface").
		doc("off", "name interfaces by their number in sets of IPv6"),
	once(custom("nftables_ipvs", "[TABLE]", checkWords).inert(noMarks)).
		doc("off; keepalived_ipvs", "table of nftables that marks the packets of a virtual_server_group"),
	inRange[globals]("nftables_ipvs_priority", math.MinInt32, math.MaxInt32).inert(noMarks).
		doc("-1", "priority of the chains in that table"),
	inRange[globals]("nftables_ipvs_start_fwmark", 1, math.MaxUint32).inert(noMarks).
		doc("1000", "the first mark of them"),
	plain[globals]("disable_local_igmp", nil).inert(noSwitch).
		doc("off", "let the kernel send no IGMP for groups of this link"),
}

// checkWords checks names that nothing uses.
func checkWords(_ *globals, l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		l.printable(s.Keyword(), w)
	}
}

// checkIPSets checks vrrp_ipsets: keepalived has six of them at most.
func (g *globals) checkIPSets(l *loader, s *syntax.Statement) {
	const most = 6
	checkWords(g, l, s)
	if len(s.Args()) > most {
		l.extra(s, most)
	}
}
