package vrrp

import (
	"fmt"
	"net/netip"
	"strings"
)

// Rule is a policy rule as the kernel shall hold it (ip-rule(8),
// linux/fib_rules.h). It is comparable: two equal values are the same wish.
type Rule struct {
	IPv6       bool
	Not        bool         // for packets that do not fit
	From, To   netip.Prefix // zero: all
	Preference uint32       // said always
	TOS        uint8
	Mark       Said[MarkMask]
	Realms     uint32 // from<<16 | to, IPv4
	IIF, OIF   string
	// SuppressPrefix ignores what the table says of networks of this length or
	// shorter, SuppressGroup by interfaces of a group.
	SuppressPrefix Said[uint8]
	SuppressGroup  Said[uint32]
	TunnelID       uint64
	UIDs           Said[Span]
	IPProto        uint8
	SPort, DPort   Said[Span]
	Protocol       uint8 // who made it; 0: tandem, RouteProtocol

	Action RuleAction
	Table  uint32 // of Lookup
	Goto   uint32 // of GoTo: a preference
	// NoTrack leaves the rule alone once somebody else has removed it.
	NoTrack bool
}

// MarkMask is a firewall mark and the bits of it that count.
type MarkMask struct{ Mark, Mask uint32 }

// Span are numbers from the first to the last.
type Span struct{ First, Last uint32 }

// RuleAction is what becomes of a packet that a rule is for.
type RuleAction uint8

// The actions (FR_ACT_ in linux/fib_rules.h; LookupVRF is FRA_L3MDEV).
const (
	Lookup RuleAction = iota
	GoTo
	LookupVRF
	Nop
	RuleBlackhole
	RuleUnreachable
	RuleProhibit
)

var ruleActionNames = [...]string{"lookup", "goto", "l3mdev", "nop", "blackhole", "unreachable", "prohibit"}

// String names the action as ip rule does.
func (a RuleAction) String() string {
	if int(a) < len(ruleActionNames) {
		return ruleActionNames[a]
	}
	return "?"
}

// String names the rule as a log line does: "100: from 10.0.0.0/8 lookup 5".
func (r Rule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d:", r.Preference)
	if r.Not {
		b.WriteString(" not")
	}
	if b.WriteString(" from "); r.From.IsValid() {
		b.WriteString(r.From.String())
	} else {
		b.WriteString("all")
	}
	if r.To.IsValid() {
		b.WriteString(" to " + r.To.String())
	}
	if r.Mark.Is {
		fmt.Fprintf(&b, " fwmark %#x", r.Mark.Value.Mark)
	}
	if r.IIF != "" {
		b.WriteString(" iif " + r.IIF)
	}
	if r.OIF != "" {
		b.WriteString(" oif " + r.OIF)
	}
	b.WriteString(" " + r.Action.String())
	switch r.Action {
	case Lookup:
		fmt.Fprintf(&b, " %d", r.Table)
	case GoTo:
		fmt.Fprintf(&b, " %d", r.Goto)
	}
	return b.String()
}
