package conf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// policyRule is one line of virtual_rules or static_rules, in the words of ip
// rule: which packets it is for, and what becomes of them.
type policyRule struct {
	not      bool
	from, to netip.Prefix // the zero ones are all
	family   int          // 4 or 6
	options  []option
	action   option // table, goto, l3mdev, nop, blackhole, prohibit or unreachable
	pos      syntax.Pos
}

// ruleOptions are the options of a rule, but for those with addresses and the
// actions.
var ruleOptions = []optionKind{
	{name: "preference", other: []string{"order", "priority"}, value: upTo(maxNumber)},
	{name: "tos", other: []string{"dsfield"}, value: dsfield},
	{name: "fwmark", value: mask},
	{name: "realms", value: realms, family: 4},
	{name: "iif", other: []string{"dev"}, value: deviceName},
	{name: "oif", value: deviceName},
	{name: "suppress_prefixlength", other: []string{"sup_pl"}, value: between(0, 128)},
	{name: "suppress_ifgroup", other: []string{"sup_group"}, value: named(maxNumber)},
	{name: "tunnel-id", value: upTo(1<<64 - 1)},
	{name: "uidrange", value: span(maxNumber, true)},
	{name: "protocol", value: named(255)},
	{name: "ipproto", value: named(255)},
	{name: "sport", value: span(1<<16-1, false)},
	{name: "dport", value: span(1<<16-1, false)},
	{name: "no_track"},
}

// ruleActions are the options that say what becomes of a packet: there is one
// of them.
var ruleActions = []optionKind{
	{name: "table", other: []string{"lookup"}, value: named(maxNumber)},
	{name: "goto", value: upTo(maxNumber)},
	{name: "l3mdev"},
	{name: "nop"},
	{name: "blackhole"},
	{name: "prohibit"},
	{name: "unreachable"},
}

// mask is M[/MASK] of a firewall mark.
func mask(text string) (string, string, bool) {
	mark, bits, masked := strings.Cut(text, "/")
	m, ok := unsigned(mark, maxNumber)
	again := strconv.FormatUint(m, 10)
	if masked {
		b, good := unsigned(bits, maxNumber)
		again, ok = again+"/"+strconv.FormatUint(b, 10), ok && good
	}
	return again, "MARK or MARK/MASK", ok
}

// span is A-B; unless both must be said, A alone is one of that.
func span(most uint64, both bool) value {
	return func(text string) (string, string, bool) {
		first, last, dash := strings.Cut(text, "-")
		a, ok := unsigned(first, most)
		b, good := a, true
		if dash {
			b, good = unsigned(last, most)
		}
		want := "N or N-M, up to " + strconv.FormatUint(most, 10)
		if both {
			want = "N-M, up to " + strconv.FormatUint(most, 10)
		}
		again := strconv.FormatUint(a, 10)
		if dash {
			again += "-" + strconv.FormatUint(b, 10)
		}
		return again, want, ok && good && a <= b && (dash || !both)
	}
}

// policyRules reads a block of rules, and hands on each that is understood.
func (l *loader) policyRules(s *syntax.Statement, static bool, take func(policyRule, vrrp.Rule)) {
	for _, e := range l.entries(s) {
		if r, ok := l.policyRule(e, static); ok {
			r.pos = e.Pos
			if v, ok := r.value(l, e.Words[0]); ok {
				take(r, v)
			}
		}
	}
}

// addRules reads virtual_rules.
func (in *instance) addRules(l *loader, s *syntax.Statement) {
	l.policyRules(s, false, func(r policyRule, v vrrp.Rule) {
		in.rules, in.Rules = append(in.rules, r), append(in.Rules, v)
	})
}

// node is the line as it is shown.
func (r policyRule) node() Node { return Node{Values: anyOf(r.words()), Pos: r.pos} }

// policyRule reads one line.
func (l *loader) policyRule(e *syntax.Statement, static bool) (policyRule, bool) {
	p := newLine(l, "rule", e, ruleOptions)
	var r policyRule
	var acts syntax.Word
	for {
		w, ok := p.word()
		if !ok {
			break
		}
		switch {
		case w.Text == "not":
			r.not = true
		case w.Text == "inet":
			p.of(w, 4)
		case w.Text == "inet6":
			p.of(w, 6)
		case w.Text == "from" || w.Text == "to":
			if arg, ok := p.argument(w); ok {
				n, _ := p.prefix(arg)
				if w.Text == "from" {
					r.from = n
				} else {
					r.to = n
				}
			}
		case w.Text == "track_group" && static:
			p.trackGroup(w)
		case w.Text == "ip_proto":
			p.fail(w, "write ipproto", "unknown option %s", quote(w.Text))
		default:
			if o, ok := p.find(w.Text); ok {
				p.read(w, o)
			} else if !p.act(w, &r.action) {
				p.unknown(w, "from", "to", "not", "table", "lookup", "goto", "nop", "blackhole", "prohibit", "unreachable", "l3mdev", "type")
			} else {
				acts = w
			}
		}
	}
	r.family, r.options = p.family, p.options
	if r.family == 0 {
		r.family = 4
	}
	if p.failed || !p.judgeRule(e.Words[0], acts, r) {
		return r, false
	}
	p.judgeTrack(e.Words[0], "iif")
	r.options = p.options
	return r, true
}

// act reads what becomes of a packet; false: the word is nothing of that.
func (p *optionLine) act(w syntax.Word, action *option) bool {
	at := w
	if w.Text == "type" {
		var ok bool
		if w, ok = p.argument(w); !ok {
			return true
		}
	}
	i := slices.IndexFunc(ruleActions, func(o optionKind) bool { return o.name == w.Text || slices.Contains(o.other, w.Text) })
	switch {
	case i < 0 && at.Text == "type":
		p.fail(w, "", "type %s: it takes goto, nop, blackhole, prohibit or unreachable", quote(w.Text))
		return true
	case i < 0:
		return false
	case action.name != "":
		p.fail(at, "one of them for each rule", "there are both %s and %s", action.name, ruleActions[i].name)
		return true
	}
	before := p.options
	p.options = nil
	if p.read(w, ruleActions[i]); !p.failed {
		*action = p.options[0]
	}
	p.options = before
	if action.name == "table" && (action.values[0] == "0" || action.values[0] == "unspec") {
		p.fail(w, "", "table 0 is none")
	}
	return true
}

// judgeRule reports a rule that means nothing.
func (p *optionLine) judgeRule(line, acts syntax.Word, r policyRule) bool {
	preference := p.index("preference")
	switch {
	case r.action.name == "":
		p.fail(line, "write table and its name or number", "it does not say what becomes of the packets")
	case r.action.name == "goto" && preference < 0:
		p.fail(acts, "write preference N", "goto needs a preference to go on from")
	case r.action.name == "goto" && !less(p.options[preference].values[0], r.action.values[0]):
		p.fail(acts, "", "goto %s leads back: its preference is %s", r.action.values[0], p.options[preference].values[0])
	case r.action.name != "table" && r.action.name != "l3mdev":
		for _, name := range [...]string{"realms", "suppress_prefixlength", "suppress_ifgroup"} {
			if p.has(name) {
				p.fail(line, "", "%s is for rules with a table only", name)
			}
		}
	}
	if preference < 0 && !p.failed {
		p.l.warnf(line.Pos, "write preference N, the same on all routers", "%s has no preference: it gets the next one from 16384 downwards", p.what)
	}
	return !p.failed
}

// less compares decimal numbers without leading zeros.
func less(a, b string) bool {
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// words are the line as it is written again.
func (r policyRule) words() []string {
	var all []string
	if r.family == 6 && !r.from.IsValid() && !r.to.IsValid() {
		all = append(all, "inet6")
	}
	if r.not {
		all = append(all, "not")
	}
	for _, n := range [...]struct {
		name   string
		prefix netip.Prefix
	}{{"from", r.from}, {"to", r.to}} {
		if n.prefix.IsValid() {
			all = append(all, n.name, n.prefix.String())
		}
	}
	for _, o := range r.options {
		all = append(all, o.words()...)
	}
	return append(all, r.action.words()...)
}
