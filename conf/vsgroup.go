package conf

import (
	"math"
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// maxMembers bounds a virtual_server_group: each member is a service of the
// kernel with all the real servers, and a prefix is easily mistyped.
const maxMembers = 1 << 16

// vsGroup is a virtual_server_group. The services that use it may stand above
// it.
type vsGroup struct {
	name    string
	pos     syntax.Pos
	members []ipvs.Key // without a protocol; Family 0: a mark that names none
	entries []entry
	seen    map[ipvs.Key]bool
	used    bool
}

// entry is a line of the group.
type entry struct {
	first int // of members; the next entry's first ends it
	pos   syntax.Pos
}

// readServerGroup reads a virtual_server_group: an address, a range, a prefix
// or a firewall mark a line.
func readServerGroup(_ *none, l *loader, s *syntax.Statement) {
	g := &vsGroup{name: s.Words[1].Text, pos: s.Pos, seen: make(map[ipvs.Key]bool)}
	if !l.named(s) {
		return
	}
	if first := l.known.serverGroups[g.name]; first != nil {
		l.defined(s, g.name, first.pos)
		return
	}
	l.within("virtual_server_group "+g.name, func() {
		for _, e := range l.entries(s) {
			if e.Keyword() == "fwmark" {
				g.addMark(l, e)
			} else {
				g.addAddresses(l, e)
			}
		}
	})
	l.serverGroups = append(l.serverGroups, g)
	put(&l.known.serverGroups, g.name, g)
}

// addMark reads fwmark N [inet|inet6].
func (g *vsGroup) addMark(l *loader, e *syntax.Statement) {
	args := e.Args()
	if len(args) == 0 {
		l.errorf(e.Pos, "", "fwmark lacks its number")
		return
	}
	n, ok := whole(args[0].Text, 1, math.MaxUint32)
	if !ok {
		l.errorf(args[0].Pos, hintFor(args[0].Text), "fwmark %s is ignored: a mark is a number from 1 to %d", quote(args[0].Text), uint32(math.MaxUint32))
		return
	}
	key := ipvs.Key{FWMark: uint32(n)}
	if len(args) > 1 {
		if key.Family = families[args[1].Text]; key.Family == 0 {
			l.errorf(args[1].Pos, hintFor(args[1].Text), "fwmark %d is ignored: its family is inet or inet6, not %s", n, quote(args[1].Text))
			return
		}
	}
	if len(args) > 2 {
		l.extra(e, 2)
	}
	g.add(l, e, []ipvs.Key{key})
}

// addAddresses reads an address, a range or a prefix, and a port.
func (g *vsGroup) addAddresses(l *loader, e *syntax.Statement) {
	w, args := e.Words[0], e.Args()
	if !l.shared("member", w) {
		return
	}
	r, why := parseMembers(w.Text)
	if why == "" {
		why = noHost(r.First)
	}
	if why == "" {
		why = noHost(r.Last)
	}
	if why != "" {
		hint := hintFor(w.Text)
		if _, err := netip.ParseAddrPort(w.Text); err == nil {
			hint = "write a blank between the address and the port"
		}
		l.errorf(w.Pos, hint, "%s is ignored: %s", quote(w.Text), why)
		return
	}
	port := 0
	if len(args) > 0 {
		var ok bool
		if port, ok = whole(args[0].Text, 0, math.MaxUint16); !ok {
			l.errorf(args[0].Pos, hintFor(args[0].Text), "%s is ignored: the port %s is not a number from 1 to 65535", w.Text, quote(args[0].Text))
			return
		}
	}
	if len(args) > 1 {
		l.extra(e, 1)
	}
	if len(g.members)+rangeSize(r, maxMembers) > maxMembers {
		l.errorf(w.Pos, "use a firewall mark for so many", "%s is ignored: the group would have more than %d members", w.Text, maxMembers)
		return
	}
	var keys []ipvs.Key
	for _, a := range addressesOf(r) {
		keys = append(keys, ipvs.Key{Addr: netip.AddrPortFrom(a, uint16(port)), Family: ipvs.FamilyOf(a)})
	}
	g.add(l, e, keys)
}

// parseMembers reads what names the addresses of an entry.
func parseMembers(text string) (rules.Range, string) {
	if strings.Contains(text, "/") {
		return parsePrefix(text)
	}
	return parseRange(text)
}

// families are those of a firewall mark as the file spells them.
var families = map[string]ipvs.Family{"inet": ipvs.IPv4, "inet6": ipvs.IPv6}

// add takes members in, but those that the group has already. The real servers
// are of one family, so the members are too; keepalived mixes them where every
// real server is reached through a tunnel.
func (g *vsGroup) add(l *loader, e *syntax.Statement, keys []ipvs.Key) {
	if f := g.family(); f != 0 && keys[0].Family != 0 && keys[0].Family != f {
		l.errorf(e.Pos, "write a virtual_server_group for each family", "%s%s is ignored: the members above are %s", memberName(keys[0]), andMore(len(keys)-1), f)
		return
	}
	g.entries = append(g.entries, entry{len(g.members), e.Pos})
	twice, first := 0, ipvs.Key{}
	for _, k := range keys {
		if g.seen[k] {
			if twice == 0 {
				first = k
			}
			twice++
			continue
		}
		g.seen[k] = true
		g.members = append(g.members, k)
	}
	if twice > 0 {
		l.warnf(e.Pos, "", "%s is listed twice%s", memberName(first), andMore(twice-1))
	}
}

// node is the group as it is, with the members of a line as ranges.
func (g *vsGroup) node() Node {
	n := Node{Keyword: "virtual_server_group", Values: []any{g.name}, Braced: true, Pos: g.pos}
	for i, e := range g.entries {
		end := len(g.members)
		if i+1 < len(g.entries) {
			end = g.entries[i+1].first
		}
		for rest := g.members[e.first:end]; len(rest) > 0; {
			run := 1
			for run < len(rest) && follows(rest[run-1], rest[run]) {
				run++
			}
			n.Block = append(n.Block, Node{Values: memberValues(rest[0], rest[run-1]), Pos: e.pos})
			rest = rest[run:]
		}
	}
	if len(n.Block) == 0 {
		return Node{}
	}
	return n
}

// follows tells whether two members can be in one range.
func follows(a, b ipvs.Key) bool {
	return a.FWMark == 0 && b.FWMark == 0 && a.Addr.Port() == b.Addr.Port() && a.Addr.Addr().Next() == b.Addr.Addr()
}

// memberValues are the words that name the members from one to another.
func memberValues(first, last ipvs.Key) []any {
	if first.FWMark != 0 {
		values := []any{"fwmark", int(first.FWMark)}
		for name, f := range families {
			if f == first.Family {
				values = append(values, name)
			}
		}
		return values
	}
	values := []any{rangeName(rules.Range{First: first.Addr.Addr(), Last: last.Addr.Addr()})}
	if port := first.Addr.Port(); port != 0 {
		values = append(values, int(port))
	}
	return values
}

// family is that of the first member that has one, 0 where none has.
func (g *vsGroup) family() ipvs.Family {
	for _, k := range g.members {
		if k.Family != 0 {
			return k.Family
		}
	}
	return 0
}

// memberName is a member as messages call it.
func memberName(k ipvs.Key) string {
	if k.FWMark != 0 {
		return ipvs.Key{FWMark: k.FWMark, Family: ipvs.IPv4}.String()
	}
	return serverName(k.Addr)
}

// finishServerGroups reports the groups that are empty or that no service uses.
func (l *loader) finishServerGroups() {
	for _, g := range l.serverGroups {
		switch {
		case len(g.members) == 0:
			l.errorf(g.pos, "", "virtual_server_group %s is ignored: it has no member", g.name)
		case !g.used:
			l.warnf(g.pos, "write virtual_server group "+g.name, "virtual_server_group %s is used by no virtual_server", g.name)
		}
	}
}
