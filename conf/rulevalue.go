package conf

import (
	"math"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// rulePreference is the first preference of rules that say none; it counts down,
// in each family.
const rulePreference = 16384

// ruleActions by their names, but for table.
var ruleActionValues = map[string]vrrp.RuleAction{
	"table": vrrp.Lookup, "goto": vrrp.GoTo, "l3mdev": vrrp.LookupVRF, "nop": vrrp.Nop,
	"blackhole": vrrp.RuleBlackhole, "prohibit": vrrp.RuleProhibit, "unreachable": vrrp.RuleUnreachable,
}

// value is the rule as the kernel shall have it.
func (r policyRule) value(l *loader, line syntax.Word) (vrrp.Rule, bool) {
	names := &resolver{host: l.options.Host}
	v := vrrp.Rule{
		IPv6: r.family == 6, Not: r.not, From: r.from, To: r.to,
		Preference: math.MaxUint32, Action: ruleActionValues[r.action.name],
	}
	said := false
	for _, o := range r.options {
		text := ""
		if len(o.values) > 0 {
			text = o.values[0]
		}
		switch o.name {
		case "preference":
			v.Preference, said = number32(text), true
		case "tos":
			v.TOS = names.dsfield(text)
		case "fwmark":
			mark, mask, masked := strings.Cut(text, "/")
			m := vrrp.MarkMask{Mark: number32(mark), Mask: math.MaxUint32}
			if masked {
				m.Mask = number32(mask)
			}
			v.Mark = vrrp.Say(m)
		case "realms":
			v.Realms = names.realms(text)
		case "iif":
			v.IIF = text
		case "oif":
			v.OIF = text
		case "suppress_prefixlength":
			v.SuppressPrefix = vrrp.Say(uint8(number32(text)))
		case "suppress_ifgroup":
			v.SuppressGroup = vrrp.Say(names.group(text))
		case "tunnel-id":
			v.TunnelID, _ = strconv.ParseUint(text, 10, 64)
		case "uidrange":
			v.UIDs = vrrp.Say(spanValue(text))
		case "protocol":
			v.Protocol = names.protocol(text)
		case "ipproto":
			v.IPProto = names.transport(text)
		case "sport":
			v.SPort = vrrp.Say(spanValue(text))
		case "dport":
			v.DPort = vrrp.Say(spanValue(text))
		case "no_track":
			v.NoTrack = true
		}
	}
	switch v.Action {
	case vrrp.Lookup:
		v.Table = names.table(r.action.values[0])
	case vrrp.GoTo:
		v.Goto = number32(r.action.values[0])
	}
	if !l.resolved(names, "rule "+quote(strings.Join(r.words(), " ")), line) {
		return v, false
	}
	if !said {
		count := &l.rulesWithout[r.family/6]
		v.Preference = rulePreference - *count
		*count++
	}
	return v, true
}

// spanValue reads N or N-M.
func spanValue(text string) vrrp.Span {
	first, last, both := strings.Cut(text, "-")
	s := vrrp.Span{First: number32(first), Last: number32(last)}
	if !both {
		s.Last = s.First
	}
	return s
}
