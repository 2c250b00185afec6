package conf

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// mark is one mark_match while it is read.
type mark struct {
	rules.Match
	pos syntax.Pos
}

// addMatch reads mark_match IP tcp|udp|sctp [PORTS]. A line of which a word is
// wrong is lost whole: without its ports it would take in too much.
func (v *service) addMatch(l *loader, s *syntax.Statement) {
	if !v.byMark {
		l.errorf(s.Pos, "write virtual_server fwmark N", "mark_match is ignored: the service is not known by a firewall mark")
		return
	}
	args := s.Args()
	if !l.shared(s.Keyword(), args[0]) {
		return
	}
	a, ok := l.addr(s.Keyword(), args[0])
	if !ok {
		return
	}
	if why := noHost(a); why != "" {
		l.errorf(args[0].Pos, "", "mark_match %s is ignored: %s", a, why)
		return
	}
	protocol, ok := protocols[strings.ToUpper(args[1].Text)]
	if !ok {
		l.errorf(args[1].Pos, hintFor(args[1].Text), "mark_match %s is ignored: %s is no protocol: it takes tcp, udp or sctp", a, quote(args[1].Text))
		return
	}
	m := mark{Match: rules.Match{Addr: a, Protocol: protocol}, pos: s.Pos}
	if len(args) > 2 {
		// "80, 443" is as clear as "80,443".
		var list strings.Builder
		for _, w := range args[2:] {
			list.WriteString(w.Text)
		}
		var bad string
		if m.Ports, bad, ok = parsePorts(list.String()); !ok {
			l.errorf(args[2].Pos, "write PORT, PORT-PORT, or several with commas between", "mark_match %s is ignored: %s is no port from 1 to 65535", a, quote(bad))
			return
		}
	}
	v.matches = append(v.matches, m)
}

// showMatches are the packets that tandem marks.
func (v *service) showMatches() []Node {
	var all []Node
	for _, m := range v.matches {
		values := []any{m.Addr, strings.ToLower(m.Protocol.String())}
		var ports []string
		for _, p := range m.Ports {
			if ports = append(ports, strconv.Itoa(int(p.First))); p.First != p.Last {
				ports[len(ports)-1] += "-" + strconv.Itoa(int(p.Last))
			}
		}
		if len(ports) > 0 {
			values = append(values, strings.Join(ports, ","))
		}
		all = append(all, Node{Keyword: "mark_match", Values: values, Pos: m.pos})
	}
	return all
}

// parsePorts reads PORT[-PORT][,PORT[-PORT]...]; bad is the part that is none.
func parsePorts(text string) (ports []rules.Ports, bad string, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, dash := strings.Cut(part, "-")
		if !dash {
			to = from
		}
		first, ok1 := whole(from, 1, math.MaxUint16)
		last, ok2 := whole(to, first, math.MaxUint16)
		if !ok1 || !ok2 {
			return nil, part, false
		}
		ports = append(ports, rules.Ports{First: uint16(first), Last: uint16(last)})
	}
	return ports, "", true
}

// judgeMatches leaves the members of the service's family, which the kernel
// looks a mark up by too, and those that no service above marks: a packet has
// one mark.
func (v *service) judgeMatches(l *loader) {
	kept := v.matches[:0]
	for _, m := range v.matches {
		if ipvs.FamilyOf(m.Addr) != v.Key.Family {
			l.errorf(m.pos, "write ip_family, and a virtual_server for each family", "mark_match %s is ignored: the service is %s", m.Addr, v.Key.Family)
			continue
		}
		above := l.known.marks[m.Addr]
		if i := slices.IndexFunc(above, func(o mark) bool { return overlap(o.Match, m.Match) }); i >= 0 {
			l.seeing(Error, m.pos, above[i].pos, "", "mark_match %s is ignored: it overlaps the mark_match in %s, and a packet has one mark", m.Addr, above[i].pos.LineFrom(m.pos))
			continue
		}
		kept = append(kept, m)
	}
	v.matches = kept
}

// overlap tells whether one packet can be of both.
func overlap(a, b rules.Match) bool {
	switch {
	case a.Addr != b.Addr || a.Protocol != b.Protocol:
		return false
	case len(a.Ports) == 0 || len(b.Ports) == 0:
		return true
	}
	return slices.ContainsFunc(a.Ports, func(p rules.Ports) bool {
		return slices.ContainsFunc(b.Ports, func(q rules.Ports) bool { return p.First <= q.Last && q.First <= p.Last })
	})
}

// shadowed reports the services whose packets a mark takes away: IPVS looks for
// a service of the mark first (ip_vs_service_find in ip_vs_ctl.c). One on all
// ports keeps the others.
func (l *loader) shadowed() {
	for _, v := range l.services {
		for _, k := range v.keys() {
			port := k.Addr.Port()
			packets := rules.Match{Addr: k.Addr.Addr(), Protocol: k.Protocol, Ports: []rules.Ports{{First: port, Last: port}}}
			at := l.known.marks[packets.Addr]
			if i := slices.IndexFunc(at, func(m mark) bool { return overlap(m.Match, packets) }); i >= 0 && port != 0 {
				l.within(v.scope, func() {
					l.seeing(Warning, v.pos, at[i].pos, "", "%s gets no packet: the mark_match in %s takes them before", k, at[i].pos.LineFrom(v.pos))
				})
			}
		}
	}
}
