package link

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Actions of rules (FR_ACT_ in linux/fib_rules.h), by vrrp.RuleAction.
var ruleActions = [...]uint8{
	vrrp.Lookup: 1, vrrp.GoTo: 2, vrrp.LookupVRF: 1, vrrp.Nop: 3,
	vrrp.RuleBlackhole: 6, vrrp.RuleUnreachable: 7, vrrp.RuleProhibit: 8,
}

// Attributes of rules that x/sys does not name (linux/fib_rules.h).
const (
	fraSuppressIfgroup   = 13
	fraSuppressPrefixlen = 14
	fraProtocol          = 21
	invert               = 2 // FIB_RULE_INVERT
	fraUnspec            = math.MaxUint32
)

// canonical is the rule as parseRule gives it.
func canonicalRule(r vrrp.Rule) vrrp.Rule {
	r.NoTrack = false
	if r.Protocol == 0 {
		r.Protocol = vrrp.RouteProtocol
	}
	all := func(p netip.Prefix) netip.Prefix {
		if p.IsValid() && p.Bits() == 0 {
			return netip.Prefix{}
		}
		return p
	}
	r.From, r.To = all(r.From), all(r.To)
	return r
}

// ruleRequest is the request that adds or deletes a rule. The kernel deletes the
// one that has all that the request says.
func ruleRequest(kind int, r vrrp.Rule) *nl.NetlinkRequest {
	r = canonicalRule(r)
	msg := &nl.RtMsg{} // struct fib_rule_hdr has the same layout
	msg.Family = unix.AF_INET
	if r.IPv6 {
		msg.Family = unix.AF_INET6
	}
	msg.Tos, msg.Type = r.TOS, ruleActions[r.Action]
	if r.Not {
		msg.Flags |= invert
	}
	attrs := []nl.NetlinkRequestData{msg}
	bytes := func(kind int, value []byte) { attrs = append(attrs, nl.NewRtAttr(kind, value)) }
	number := func(kind int, n uint32) { bytes(kind, nl.Uint32Attr(n)) }
	number(nl.FRA_PRIORITY, r.Preference)
	if r.From.IsValid() {
		msg.Src_len = uint8(r.From.Bits())
		bytes(nl.FRA_SRC, r.From.Addr().AsSlice())
	}
	if r.To.IsValid() {
		msg.Dst_len = uint8(r.To.Bits())
		bytes(nl.FRA_DST, r.To.Addr().AsSlice())
	}
	if r.Mark.Is {
		number(nl.FRA_FWMARK, r.Mark.Value.Mark)
		number(nl.FRA_FWMASK, r.Mark.Value.Mask)
	}
	if r.Realms != 0 {
		number(nl.FRA_FLOW, r.Realms)
	}
	if r.IIF != "" {
		bytes(nl.FRA_IIFNAME, nl.ZeroTerminated(r.IIF))
	}
	if r.OIF != "" {
		bytes(nl.FRA_OIFNAME, nl.ZeroTerminated(r.OIF))
	}
	if r.TunnelID != 0 {
		bytes(nl.FRA_TUN_ID, binary.BigEndian.AppendUint64(nil, r.TunnelID))
	}
	if r.UIDs.Is {
		bytes(nl.FRA_UID_RANGE, append(nl.Uint32Attr(r.UIDs.Value.First), nl.Uint32Attr(r.UIDs.Value.Last)...))
	}
	if r.IPProto != 0 {
		bytes(nl.FRA_IP_PROTO, []byte{r.IPProto})
	}
	ports := func(kind int, s vrrp.Said[vrrp.Span]) {
		if s.Is {
			bytes(kind, append(nl.Uint16Attr(uint16(s.Value.First)), nl.Uint16Attr(uint16(s.Value.Last))...))
		}
	}
	ports(nl.FRA_SPORT_RANGE, r.SPort)
	ports(nl.FRA_DPORT_RANGE, r.DPort)
	switch r.Action {
	case vrrp.Lookup:
		number(nl.FRA_TABLE, r.Table)
		if r.SuppressPrefix.Is {
			number(fraSuppressPrefixlen, uint32(r.SuppressPrefix.Value))
		}
		if r.SuppressGroup.Is {
			number(fraSuppressIfgroup, r.SuppressGroup.Value)
		}
	case vrrp.GoTo:
		number(nl.FRA_GOTO, r.Goto)
	case vrrp.LookupVRF:
		bytes(nl.FRA_L3MDEV, []byte{1})
	}
	bytes(fraProtocol, []byte{r.Protocol})
	flags := 0
	if kind == unix.RTM_NEWRULE {
		flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	}
	return newRequest(kind, flags, attrs...)
}

// rules reads all policy rules. The kernel has few.
func (k *kernel) rules() ([]vrrp.Rule, error) {
	var list []vrrp.Rule
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		msg := &nl.RtMsg{}
		msg.Family = family
		answers, err := k.read(unix.RTM_GETRULE, unix.NLM_F_DUMP, unix.RTM_NEWRULE, msg)
		if err != nil {
			return nil, fmt.Errorf("read policy rules: %w", err)
		}
		for _, m := range answers {
			if r, ok := parseRule(m); ok {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// parseRule decodes an RTM_NEWRULE payload.
func parseRule(b []byte) (vrrp.Rule, bool) {
	if len(b) < unix.SizeofRtMsg {
		return vrrp.Rule{}, false
	}
	attrs, err := attributes(b[unix.SizeofRtMsg:])
	if err != nil || b[0] != unix.AF_INET && b[0] != unix.AF_INET6 {
		return vrrp.Rule{}, false
	}
	r := vrrp.Rule{
		IPv6: b[0] == unix.AF_INET6, TOS: b[3], Table: uint32(b[4]),
		Not: binary.NativeEndian.Uint32(b[8:])&invert != 0,
	}
	for action, n := range ruleActions {
		if n == b[7] && action != int(vrrp.LookupVRF) {
			r.Action = vrrp.RuleAction(action)
		}
	}
	for _, a := range attrs {
		v := a.Value
		switch a.Attr.Type {
		case nl.FRA_SRC:
			r.From = prefixOf(v, b[2])
		case nl.FRA_DST:
			r.To = prefixOf(v, b[1])
		case nl.FRA_PRIORITY:
			r.Preference = number32(v)
		case nl.FRA_FWMARK:
			r.Mark.Is, r.Mark.Value.Mark = true, number32(v)
		case nl.FRA_FWMASK:
			r.Mark.Is, r.Mark.Value.Mask = true, number32(v)
		case nl.FRA_FLOW:
			r.Realms = number32(v)
		case nl.FRA_IIFNAME:
			r.IIF = unix.ByteSliceToString(v)
		case nl.FRA_OIFNAME:
			r.OIF = unix.ByteSliceToString(v)
		case nl.FRA_TUN_ID:
			if len(v) == 8 {
				r.TunnelID = binary.BigEndian.Uint64(v)
			}
		case nl.FRA_UID_RANGE:
			if len(v) == 8 {
				r.UIDs = vrrp.Say(vrrp.Span{First: number32(v), Last: number32(v[4:])})
			}
		case nl.FRA_IP_PROTO:
			r.IPProto = first(v)
		case nl.FRA_SPORT_RANGE:
			r.SPort = portSpan(v)
		case nl.FRA_DPORT_RANGE:
			r.DPort = portSpan(v)
		case nl.FRA_TABLE:
			r.Table = number32(v)
		case nl.FRA_GOTO:
			r.Goto = number32(v)
		case nl.FRA_L3MDEV:
			if first(v) == 1 {
				r.Action = vrrp.LookupVRF
			}
		case fraSuppressPrefixlen:
			if n := number32(v); n != fraUnspec {
				r.SuppressPrefix = vrrp.Say(uint8(n))
			}
		case fraSuppressIfgroup:
			if n := number32(v); n != fraUnspec {
				r.SuppressGroup = vrrp.Say(n)
			}
		case fraProtocol:
			r.Protocol = first(v)
		}
	}
	if r.Action != vrrp.Lookup {
		r.Table = 0
	}
	return r, true
}

func portSpan(v []byte) vrrp.Said[vrrp.Span] {
	if len(v) != 4 {
		return vrrp.Said[vrrp.Span]{}
	}
	return vrrp.Say(vrrp.Span{First: uint32(binary.NativeEndian.Uint16(v)), Last: uint32(binary.NativeEndian.Uint16(v[2:]))})
}

func first(v []byte) uint8 {
	if len(v) == 0 {
		return 0
	}
	return v[0]
}
