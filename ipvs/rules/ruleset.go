package rules

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// TableName is the name of tandem's tables, one per family at most.
const TableName = "tandem"

// Ruleset is what tandem's tables hold, in normal form: two of them that mean
// the same are equal by go-cmp. String writes it as nft(8) reads it.
type Ruleset struct {
	Tables []Table  // IPv4 before IPv6; none without a rule
	Notes  []string // what the configuration leaves open, sorted
}

// Table is the one of a family.
type Table struct {
	Family ipvs.Family
	Chains []Chain
}

// Chain is a list of rules at a hook; without a hook it is one that others
// jump to.
type Chain struct {
	Name     string
	Kind     Kind
	Hook     Hook
	Priority int // as linux/netfilter_ipv4.h counts: the lower, the earlier
	Rules    []Rule
}

// Rule is one rule: each counts what it matches. It is comparable.
type Rule struct {
	When    Condition
	Then    Action
	Comment string // at most MaxComment bytes
}

// MaxComment is the longest comment in bytes that nft prints
// (NFTNL_UDATA_COMMENT_MAXLEN).
const MaxComment = 128

// Condition is what a packet must be; a zero field asks nothing. It is
// comparable.
type Condition struct {
	Sender   netip.Addr // the neighbour that sent the frame
	Hardware Hardware   // its address, which Resolve fills in
	Link     Link       // type of the interface that it came in on

	Protocol    ipvs.Protocol
	NotProtocol uint8 // any other protocol than this one

	// Original and OriginalPort are where the connection's first packet was
	// sent to, before IPVS chose a server. They need Protocol.
	Original     netip.Addr
	OriginalPort uint16

	To    Range      // destination address
	NotTo netip.Addr // any other destination address
	Ports Ports      // destination port; they need Protocol
	Opens bool       // TCP with SYN and without ACK; it needs Protocol
	Mark  uint32     // firewall mark
	Again bool       // an earlier rule did SetAgain
	Share Share      // of the clients
}

// Share is one of Of equal parts of the client addresses, counted from 0. A
// client is in the same part on every director.
type Share struct{ Nth, Of uint32 }

// Hardware is an Ethernet address.
type Hardware [6]byte

// Action is what happens to the packet. It is comparable.
type Action struct {
	Verb  Verb
	To    Range  // SNAT and DNAT
	Mark  uint32 // SetMark
	Chain string // Jump
}

// Verb is a kind of Action.
type Verb uint8

// The verbs.
const (
	_        Verb = iota
	Drop          // for good
	Jump          // to Chain, and back at its end
	SNAT          // another source address for the connection; the port stays when it is free
	DNAT          // another destination address for the connection; the port stays
	SetMark       // firewall mark, which IPVS looks services up by
	SetAgain      // remember that no director may forward this packet once more
)

// again is the skb->priority that SetAgain gives and Again asks for: "tand". A
// priority passes through IPVS with the packet, and unlike the firewall mark
// nothing that forwards reads it unless a traffic class of that very number,
// 7461:6e64, exists.
const again uint32 = 0x74616e64

// AgainPriority is the packet priority that SetAgain stands for.
func AgainPriority() uint32 { return again }

// Kind is the type of a base chain.
type Kind uint8

// The kinds; a chain without a hook has none.
const (
	Filter Kind = iota + 1
	NAT
)

// Hook is where a base chain is called from; the values are one more than
// enum nf_inet_hooks.
type Hook uint8

// The hooks.
const (
	Prerouting Hook = iota + 1
	Input
	Forward
	Output
	Postrouting
)

// Priorities of netfilter's own work (linux/netfilter_ipv4.h), which tandem's
// chains come before or after.
const (
	priorityMangle = -150
	priorityDNAT   = -100
	priorityFilter = 0
	prioritySNAT   = 100 // IPVS looks at local input just before: 98 and 99
)

// Link is a type of interface (linux/if_arp.h).
type Link uint16

// The types that matter: Ethernet, and what a tunnel ends in.
const (
	Ethernet Link = 1
	IPIP     Link = 768 // ARPHRD_TUNNEL: IPv4 in IPv4, and what fou takes out of GUE
	IP6      Link = 769 // ARPHRD_TUNNEL6: anything in IPv6
	SIT      Link = 776 // IPv6 in IPv4
	GRE      Link = 778 // ARPHRD_IPGRE
	GRE6     Link = 823 // ARPHRD_IP6GRE
)

// Empty says whether there is nothing to keep in the kernel.
func (r Ruleset) Empty() bool { return len(r.Tables) == 0 }

// Table is the table of a family, false when there is none.
func (r Ruleset) Table(f ipvs.Family) (Table, bool) {
	for _, t := range r.Tables {
		if t.Family == f {
			return t, true
		}
	}
	return Table{}, false
}

// Rules counts the rules of the table.
func (t Table) Rules() (n int) {
	for _, c := range t.Chains {
		n += len(c.Rules)
	}
	return n
}

// Senders are the neighbours whose hardware address the table needs, in order.
func (t Table) Senders() []netip.Addr {
	var list []netip.Addr
	for _, c := range t.Chains {
		for _, r := range c.Rules {
			if r.When.Sender.IsValid() {
				list = append(list, r.When.Sender)
			}
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	return slices.Compact(list)
}

// Resolve is the table with the hardware addresses of the senders filled in,
// one rule for each that a sender has. Rules for a sender without any are left
// out.
func (t Table) Resolve(hardware map[netip.Addr][]Hardware) Table {
	resolved := Table{Family: t.Family, Chains: slices.Clone(t.Chains)}
	for i, c := range t.Chains {
		var list []Rule
		for _, r := range c.Rules {
			if !r.When.Sender.IsValid() {
				list = append(list, r)
				continue
			}
			for _, h := range hardware[r.When.Sender] {
				r.When.Hardware = h
				list = append(list, r)
			}
		}
		resolved.Chains[i].Rules = list
	}
	return resolved
}
