package conf

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// route is one line of virtual_routes or static_routes, in the words of ip
// route.
type route struct {
	kind    string       // "" is unicast
	to      netip.Prefix // the zero one is default
	family  int          // 4 or 6
	options []option
	hops    [][]option // of a route over several
	pos     syntax.Pos
}

// maxNumber is the largest of 32 bits.
const maxNumber = 1<<32 - 1

// routeKinds are what a route can do with a packet (linux/rtnetlink.h).
var routeKinds = []string{
	"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw",
}

// routeOptions are the options of a route, but for those with addresses.
var routeOptions = []optionKind{
	{name: "dev", other: []string{"oif"}, value: deviceName},
	{name: "table", value: named(maxNumber)},
	{name: "metric", other: []string{"priority", "preference"}, value: upTo(maxNumber)},
	{name: "scope", words: []string{"global", "site", "link", "host", "nowhere"}, value: upTo(255)},
	{name: "protocol", value: named(255)},
	{name: "tos", other: []string{"dsfield"}, value: dsfield},
	{name: "onlink"},
	{name: "expires", value: upTo(maxNumber), family: 6},
	{name: "mtu", value: upTo(maxNumber), lock: true},
	{name: "advmss", value: upTo(maxNumber), lock: true},
	{name: "rtt", value: duration, lock: true},
	{name: "rttvar", value: duration, lock: true},
	{name: "reordering", value: upTo(maxNumber), lock: true},
	{name: "cwnd", value: upTo(maxNumber), lock: true},
	{name: "ssthresh", value: upTo(maxNumber), lock: true},
	{name: "rto_min", value: duration, lock: true},
	{name: "hoplimit", value: upTo(255)},
	{name: "window", value: upTo(maxNumber)},
	{name: "initcwnd", value: upTo(maxNumber)},
	{name: "initrwnd", value: upTo(maxNumber)},
	{name: "realms", value: realms, family: 4},
	{name: "features", words: []string{"ecn"}},
	{name: "quickack", words: []string{"0", "1"}},
	{name: "congctl", value: anyWord, lock: true},
	{name: "pref", words: []string{"low", "medium", "high"}, family: 6},
	{name: "ttl-propagate", words: []string{"enabled", "disabled"}},
	{name: "fastopen_no_cookie", words: []string{"0", "1"}},
	// Where it goes among routes of the same key.
	{name: "add"},
	{name: "prepend"},
	{name: "append"},
	{name: "no_track"},
}

// routes reads a block of routes, and hands on each that is understood.
func (l *loader) routes(s *syntax.Statement, static bool, take func(route, vrrp.Route)) {
	for _, e := range l.entries(s) {
		if r, ok := l.route(e, static); ok {
			r.pos = e.Pos
			if v, ok := r.value(l, e.Words[0]); ok {
				take(r, v)
			}
		}
	}
}

// addRoutes reads virtual_routes.
func (in *instance) addRoutes(l *loader, s *syntax.Statement) {
	l.routes(s, false, func(r route, v vrrp.Route) {
		in.routes, in.Routes = append(in.routes, r), append(in.Routes, v)
		in.uses = append(in.uses, usesOf(v, s.Keyword(), "vrrp_instance "+in.Name, r.pos)...)
	})
}

// usesOf are the interfaces that a route names.
func usesOf(v vrrp.Route, keyword, by string, pos syntax.Pos) (list []InterfaceUse) {
	names := []string{v.Dev}
	for _, h := range v.Hops {
		names = append(names, h.Dev)
	}
	for _, name := range names {
		if name != "" {
			list = append(list, InterfaceUse{Name: name, Keyword: keyword, By: by, Pos: pos})
		}
	}
	return list
}

// node is the line as it is shown.
func (r route) node() Node { return Node{Values: anyOf(r.words()), Pos: r.pos} }

// linesOf shows a block of lines; an empty one is not shown.
func linesOf[T interface{ node() Node }](keyword string, lines []T) []Node {
	if len(lines) == 0 {
		return nil
	}
	block := make([]Node, len(lines))
	for i, line := range lines {
		block[i] = line.node()
	}
	return blockOf(keyword, nil, block)
}

func anyOf(words []string) []any {
	all := make([]any, len(words))
	for i, w := range words {
		all[i] = w
	}
	return all
}

// texts are the words without their places.
func texts(words []syntax.Word) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = w.Text
	}
	return all
}

// route reads one line.
func (l *loader) route(e *syntax.Statement, static bool) (route, bool) {
	p := newLine(l, "route", e, routeOptions)
	var r route
	to := false
	for {
		w, ok := p.word()
		if !ok {
			break
		}
		switch {
		case w.Text == "inet":
			p.of(w, 4)
		case w.Text == "inet6":
			p.of(w, 6)
		case w.Text == "via" || w.Text == "gw" || w.Text == "src":
			p.gateway(w)
		case w.Text == "from":
			p.source(w)
		case w.Text == "or":
			r.hops = p.or(w, r.hops)
		case w.Text == "encap":
			p.encap(w)
		case w.Text == "nexthop":
			if len(r.hops) > 0 {
				p.fail(w, "write all of them behind nexthop", "there are addresses behind or already")
			}
			r.hops = p.nexthops(w)
		case w.Text == "track_group" && static:
			p.trackGroup(w)
		case slices.Contains(routeKinds, w.Text):
			r.kind = w.Text
		default:
			if o, ok := p.find(w.Text); ok {
				p.read(w, o)
			} else if w.Text == "to" {
				if w, ok = p.argument(w); ok && slices.Contains(routeKinds, w.Text) {
					r.kind = w.Text
					w, ok = p.argument(w)
				}
				if ok {
					r.to, to = p.destination(w, to), true
				}
			} else {
				r.to, to = p.destination(w, to), true
			}
		}
	}
	if !to {
		p.fail(e.Words[0], "write the network that it leads to, or default", "it leads nowhere")
	}
	if p.failed {
		return r, false
	}
	p.judgeTrack(e.Words[0], "dev")
	if r.kind == "unicast" {
		r.kind = ""
	}
	r.options, r.family = p.options, p.family
	if r.family == 0 {
		r.family = 4
	}
	return r, true
}

// destination reads where a route leads. A word that is nothing else is taken
// for one.
func (p *optionLine) destination(w syntax.Word, again bool) netip.Prefix {
	if again {
		p.unknown(w, append([]string{"via", "src", "from", "nexthop", "encap", "to"}, routeKinds...)...)
		return netip.Prefix{}
	}
	if _, ok := parseNetwork(w.Text); !ok && w.Text != "default" && w.Text != "any" && w.Text != "all" && w.Text != "" && letter(w.Text[0]) {
		p.unknown(w, append([]string{"default", "via", "src", "from", "nexthop", "encap", "to"}, routeKinds...)...)
		return netip.Prefix{}
	}
	to, _ := p.prefix(w)
	return to
}

// gateway reads via [inet|inet6] IP, which was called gw, and src IP.
func (p *optionLine) gateway(w syntax.Word) {
	name := w.Text
	if name == "gw" {
		p.l.warnf(w.Pos, "write via", "%s: gw is the old name of via", p.what)
		name = "via"
	}
	arg, ok := p.argument(w)
	if ok && name == "via" && (arg.Text == "inet" || arg.Text == "inet6") {
		if !p.of(arg, map[string]int{"inet": 4, "inet6": 6}[arg.Text]) {
			return
		}
		arg, ok = p.argument(arg)
	}
	if !ok {
		return
	}
	if a, ok := p.addr(arg); ok {
		p.set(option{name, []string{a.String()}})
	}
}

// source reads from NETWORK: the route is for packets of it.
func (p *optionLine) source(w syntax.Word) {
	arg, ok := p.argument(w)
	if !ok || !p.of(w, 6) {
		return
	}
	if n, ok := p.prefix(arg); ok && n.IsValid() {
		p.set(option{"from", []string{n.String()}})
	}
}

// words are the line as it is written again.
func (r route) words() []string {
	var all []string
	if !r.to.IsValid() && r.family == 6 {
		all = append(all, "inet6")
	}
	if r.kind != "" {
		all = append(all, r.kind)
	}
	if r.to.IsValid() {
		all = append(all, r.to.String())
	} else {
		all = append(all, "default")
	}
	for _, o := range r.options {
		all = append(all, o.words()...)
	}
	for _, h := range r.hops {
		all = append(all, "nexthop")
		for _, o := range h {
			all = append(all, o.words()...)
		}
	}
	return all
}
