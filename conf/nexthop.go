package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// hopOptions are those behind nexthop.
var hopOptions = []optionKind{
	{name: "dev", value: deviceName},
	{name: "weight", value: between(1, 256)},
	{name: "onlink"},
	{name: "realms", value: realms, family: 4},
}

// or reads a second gateway in keepalived's old way: it and the first one are
// the hops of the route.
func (p *optionLine) or(w syntax.Word, hops [][]option) [][]option {
	p.l.warnf(w.Pos, "write nexthop via IP nexthop via IP", "%s: or is the old way to say nexthop", p.what)
	p.is("via", "gw")
	arg, ok := p.argument(w)
	if !ok {
		return nil
	}
	a, ok := p.addr(arg)
	via, first := p.take("via")
	switch {
	case !ok:
		return nil
	case len(hops) > 0:
		p.fail(w, "write nexthop for each", "there is an or before it")
		return nil
	case !first:
		p.fail(w, "", "there is no via before it")
		return nil
	}
	return [][]option{{via}, {{"via", []string{a.String()}}}}
}

// nexthops reads the rest of the line: nexthop, and the options of each.
func (p *optionLine) nexthops(first syntax.Word) [][]option {
	var hops [][]option
	outer, known := p.options, p.known
	p.known = hopOptions
	for name, more := first, true; more && !p.failed; {
		p.options = nil
		for more = false; ; {
			w, ok := p.word()
			if !ok {
				break
			}
			if w.Text == "nexthop" {
				name, more = w, true
				break
			}
			if o, ok := p.find(w.Text); ok {
				p.read(w, o)
			} else if w.Text == "via" {
				p.gateway(w)
			} else if w.Text == "encap" {
				p.encap(w)
			} else {
				p.unknown(w, "via", "encap", "nexthop")
			}
		}
		if !p.has("via") && !p.has("dev") {
			p.fail(name, "", "nexthop lacks its via or dev")
		}
		hops = append(hops, p.options)
	}
	p.options, p.known = outer, known
	return hops
}
