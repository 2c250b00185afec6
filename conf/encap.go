package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// encapOptions are those behind encap, by the kind of tunnel.
var encapOptions = map[string][]optionKind{
	"ip": {
		{name: "id", value: upTo(1<<64 - 1)}, {name: "dst", value: addrOf(4)}, {name: "src", value: addrOf(4)},
		{name: "tos", value: dsfield}, {name: "ttl", value: upTo(255)}, {name: "flags", value: upTo(1<<16 - 1)},
	},
	"ip6": {
		{name: "id", value: upTo(1<<64 - 1)}, {name: "dst", value: addrOf(6)}, {name: "src", value: addrOf(6)},
		{name: "tc", value: dsfield}, {name: "hoplimit", value: upTo(255)}, {name: "flags", value: upTo(1<<16 - 1)},
	},
	"mpls": nil,
	"ila":  nil,
}

// addrOf is an address of one family.
func addrOf(family int) value {
	return func(text string) (string, string, bool) {
		a, ok := parseAddr(text)
		want := "an IPv4 address"
		if family == 6 {
			want = "an IPv6 address"
		}
		return a.String(), want, ok && ipVersion(a) == family
	}
}

// encap reads the tunnel that packets of the route are put in.
func (p *optionLine) encap(w syntax.Word) {
	kind, ok := p.argument(w)
	if !ok {
		return
	}
	known, ok := encapOptions[kind.Text]
	if !ok {
		p.fail(kind, "", "encap %s: it takes ip, ip6, mpls or ila", quote(kind.Text))
		return
	}
	values := []string{kind.Text}
	if known == nil {
		arg, ok := p.argument(kind)
		if ok && !labels(kind.Text, arg.Text) {
			p.fail(arg, "", "encap %s %s: it takes %s", kind.Text, quote(arg.Text), map[string]string{
				"mpls": "labels up to 1048575 with a / between them", "ila": "a locator of four groups, such as 1:2:3:4",
			}[kind.Text])
		}
		p.set(option{"encap", append(values, arg.Text)})
		return
	}
	inner := &optionLine{l: p.l, what: p.what, words: p.words, next: p.next, known: known, failed: p.failed}
	for inner.next < len(inner.words) {
		o, ok := inner.find(inner.words[inner.next].Text)
		if !ok {
			break
		}
		name, _ := inner.word()
		if inner.read(name, o); inner.failed {
			break
		}
	}
	p.next, p.failed = inner.next, inner.failed
	if !inner.has("id") && !inner.has("dst") {
		p.fail(kind, "", "encap %s lacks its dst or id", kind.Text)
	}
	for _, o := range inner.options {
		values = append(values, o.words()...)
	}
	p.set(option{"encap", values})
}

// labels tells whether text is what an MPLS or ILA encapsulation takes.
func labels(kind, text string) bool {
	sep, base, most, count := "/", 10, uint64(1<<20-1), 16
	if kind == "ila" {
		sep, base, most, count = ":", 16, 1<<16-1, 4
	}
	parts := strings.Split(text, sep)
	for _, part := range parts {
		if base == 16 {
			part = "0x" + part
		}
		if _, ok := unsigned(part, most); !ok {
			return false
		}
	}
	return len(parts) == count || base == 10 && len(parts) < count
}
