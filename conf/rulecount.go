package conf

import (
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// FULLNAT needs rules of nftables for every member of a service. The first packet
// of a connection passes them one by one; 16,000 take seconds to load, and with
// 65,000 loading fails.
const (
	maxRuleMembers = 1 << 10 // of one service
	maxRules       = 1 << 11 // of all services
)

// judgeRules refuses a FULLNAT service with too many members, or that makes too
// many rules together with those above it.
func (v *service) judgeRules(l *loader) bool {
	const hint = "smaller groups make as many rules; a firewall mark makes one for each real server, and mark_match sets it for all ports of an address, a rule of your own for a whole prefix"
	if n := len(v.keys()); n > maxRuleMembers {
		l.errorf(v.pos, hint, "the block is ignored: FULLNAT needs a rule of nftables for each member, and can have at most %d, not %d", maxRuleMembers, n)
		return false
	}
	n := v.ruleCount()
	if l.rules+n > maxRules {
		l.errorf(v.pos, hint, "the block is ignored: with it, FULLNAT would need %d rules of nftables, more than %d", l.rules+n, maxRules)
		return false
	}
	l.rules += n
	return true
}

// ruleCount is how many rules give the service its source addresses. Members
// with an address make as many each, and so do marks.
func (v *service) ruleCount() int {
	n, keys := 0, v.keys()
	isMark := func(k ipvs.Key) bool { return k.FWMark != 0 }
	marks := 0
	for _, k := range keys {
		if isMark(k) {
			marks++
		}
	}
	one := v.rules()
	for _, kind := range [...]struct{ at, members int }{
		{slices.IndexFunc(keys, isMark), marks},
		{slices.IndexFunc(keys, func(k ipvs.Key) bool { return !isMark(k) }), len(keys) - marks},
	} {
		if kind.at < 0 {
			continue
		}
		one.Key = keys[kind.at]
		for _, table := range rules.Want([]rules.Service{one}, rules.Host{}).Tables {
			for _, chain := range table.Chains {
				if chain.Kind == rules.NAT { // The others do not grow with the members.
					n += len(chain.Rules) * kind.members
				}
			}
		}
	}
	return n
}
