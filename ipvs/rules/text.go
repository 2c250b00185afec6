package rules

import (
	"fmt"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// String is the ruleset as nft -f reads it, with the notes as comments. A
// sender whose hardware address is not filled in is written as its address,
// which nft does not read.
func (r Ruleset) String() string {
	var b strings.Builder
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "# %s\n", n)
	}
	for _, t := range r.Tables {
		b.WriteString(t.String())
	}
	return b.String()
}

// String is the table as nft -f reads it.
func (t Table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "table %s %s {\n", familyWord(t.Family), TableName)
	for i, c := range t.Chains {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\tchain %s {\n", c.Name)
		if c.Hook != 0 {
			fmt.Fprintf(&b, "\t\ttype %s hook %s priority %d; policy accept;\n", c.Kind, c.Hook, c.Priority)
		}
		for _, r := range c.Rules {
			fmt.Fprintf(&b, "\t\t%s\n", r.Text(t.Family))
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// Text is the rule as nft spells it in a table of the family.
func (r Rule) Text(family ipvs.Family) string {
	words := append(r.When.words(family), "counter", r.Then.text())
	if r.Comment != "" {
		words = append(words, fmt.Sprintf("comment %q", r.Comment))
	}
	return strings.Join(words, " ")
}

func (c Condition) words(family ipvs.Family) (w []string) {
	ip := familyWord(family)
	add := func(format string, args ...any) { w = append(w, fmt.Sprintf(format, args...)) }
	switch {
	case c.Sender.IsValid() && c.Hardware == Hardware{}:
		add("ether saddr <%s>", c.Sender)
	case c.Sender.IsValid():
		add("ether saddr %s", c.Hardware)
	case c.Link != 0:
		add("meta iiftype %s", c.Link)
	}
	// It comes first: nft refuses proto-dst and dport before it.
	if c.Protocol != 0 {
		add("meta l4proto %s", protocolWord(c.Protocol))
	}
	if c.NotProtocol != 0 {
		add("meta l4proto != %s", protocolWord(ipvs.Protocol(c.NotProtocol)))
	}
	if c.Original.IsValid() {
		add("ct original %s daddr %s", ip, c.Original)
	}
	if c.OriginalPort != 0 {
		add("ct original proto-dst %d", c.OriginalPort)
	}
	if c.Mark != 0 {
		add("meta mark %#x", c.Mark)
	}
	if c.To.First.IsValid() {
		add("%s daddr %s", ip, c.To)
	}
	if c.NotTo.IsValid() {
		add("%s daddr != %s", ip, c.NotTo)
	}
	if c.Ports != (Ports{}) {
		add("%s dport %s", protocolWord(c.Protocol), c.Ports)
	}
	if c.Opens {
		add("tcp flags syn / syn,ack")
	}
	if c.Again {
		add("meta priority %x:%x", again>>16, again&0xffff)
	}
	if c.Share.Of != 0 {
		add("jhash %s saddr mod %d seed %#x %d", ip, c.Share.Of, ShareSeed, c.Share.Nth)
	}
	return w
}

// ShareSeed starts the hash that divides clients among ranges. It is the same
// on every director, so that a connection keeps its source when they change.
const ShareSeed = again

func (a Action) text() string {
	switch a.Verb {
	case Drop:
		return "drop"
	case Jump:
		return "jump " + a.Chain
	case SNAT:
		if a.To.First != a.To.Last {
			return "snat to " + a.To.String() + " persistent"
		}
		return "snat to " + a.To.String()
	case DNAT:
		return "dnat to " + a.To.String()
	case SetMark:
		return fmt.Sprintf("meta mark set %#x", a.Mark)
	case SetAgain:
		return fmt.Sprintf("meta priority set %x:%x", again>>16, again&0xffff)
	}
	return fmt.Sprintf("verb %d", uint8(a.Verb))
}

// String is "192.0.2.1" or "192.0.2.1-192.0.2.9".
func (r Range) String() string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "-" + r.Last.String()
}

// String is "80" or "8000-8010".
func (p Ports) String() string {
	if p.First == p.Last {
		return fmt.Sprint(p.First)
	}
	return fmt.Sprintf("%d-%d", p.First, p.Last)
}

// String is "02:00:5e:10:00:01".
func (h Hardware) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", h[0], h[1], h[2], h[3], h[4], h[5])
}

// String is the type's name in nft.
func (k Kind) String() string {
	switch k {
	case Filter:
		return "filter"
	case NAT:
		return "nat"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

var hookNames = [...]string{Prerouting: "prerouting", Input: "input", Forward: "forward", Output: "output", Postrouting: "postrouting"}

// String is the hook's name in nft.
func (h Hook) String() string {
	if int(h) < len(hookNames) && hookNames[h] != "" {
		return hookNames[h]
	}
	return fmt.Sprintf("hook %d", uint8(h))
}

// String is the type's name in nft, or its number.
func (l Link) String() string {
	switch l {
	case Ethernet:
		return "ether"
	case IPIP:
		return "ipip"
	case IP6:
		return "ipip6"
	case SIT:
		return "sit"
	case GRE:
		return "ipgre"
	}
	return fmt.Sprint(uint16(l))
}

func familyWord(f ipvs.Family) string {
	if f == ipvs.IPv6 {
		return "ip6"
	}
	return "ip"
}

func protocolWord(p ipvs.Protocol) string {
	switch p {
	case ipvs.TCP, ipvs.UDP, ipvs.SCTP:
		return strings.ToLower(p.String())
	case 1:
		return "icmp"
	case 58:
		return "ipv6-icmp"
	}
	return fmt.Sprint(uint8(p))
}
