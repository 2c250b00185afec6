package conf

import (
	"fmt"
	"math"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// What names a virtual server: an address and a port, a firewall mark, or a
// group of both.

// header reads it from the line of the block.
func (v *service) header(l *loader, s *syntax.Statement) bool {
	switch args := s.Args(); args[0].Text {
	case "group":
		if len(args) == 1 || args[1].Text == "" {
			l.errorf(s.Pos, "", "virtual_server group is ignored: it lacks the name of the group")
			return false
		}
		v.group, v.Name = args[1], "group "+args[1].Text
	case "fwmark":
		mark := args[min(1, len(args)-1)]
		n, ok := whole(mark.Text, 1, math.MaxUint32)
		if !ok {
			l.errorf(mark.Pos, "", "virtual_server fwmark %s is ignored: a mark is a number from 1 to %d", quote(mark.Text), uint32(math.MaxUint32))
			return false
		}
		v.Key.FWMark, v.byMark = uint32(n), true
		v.Name = v.Key.String()
	default:
		a, ok := l.server(s)
		if !ok {
			return false
		}
		v.Key.Addr, v.Key.Family = a, ipvs.FamilyOf(a.Addr())
		v.Name = serverName(a)
	}
	v.scope = "virtual_server " + v.Name
	return true
}

// setFamily reads ip_family, which a firewall mark needs where its real servers
// are of the other family.
func (v *service) setFamily(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	f, ok := families[w.Text]
	switch {
	case !ok:
		l.invalid(s.Keyword(), w, "it takes inet or inet6")
	case v.Key.Family != 0 && v.Key.Family != f:
		l.errorf(w.Pos, "", "ip_family %s is ignored: the service is %s", w.Text, v.Key.Family)
	default:
		v.family = f
	}
}

// judgeKey completes what IPVS knows the service by: a protocol, or the family
// of a firewall mark. It tells whether the service has a key left that no
// service above has: the kernel has one service of a key, and a second block
// would replace the servers of the first.
func (v *service) judgeKey(l *loader) bool {
	members := []ipvs.Key{v.Key}
	if v.group.Text != "" {
		g := l.groupOf(v)
		if g == nil {
			return false
		}
		members = g.members
		if f := g.family(); f != 0 {
			if v.family != 0 && v.family != f {
				l.errorf(v.met.at(v.pos, "ip_family"), "", "ip_family is ignored: the group is %s", f)
			}
			v.family = f
		}
	}
	v.judgeProtocol(l, members)
	keys := v.complete(members)
	if keys = l.freeKeys(v, keys); len(keys) == 0 {
		return false
	}
	v.Key, v.also = keys[0], keys[1:]
	v.Name = v.Key.String()
	if v.group.Text != "" {
		v.Name = "group " + v.group.Text
		if v.Key.Protocol != 0 {
			v.Name += " " + v.Key.Protocol.String()
		}
	}
	return true
}

// groupOf finds the group that the service names.
func (l *loader) groupOf(v *service) *vsGroup {
	g := l.known.serverGroups[v.group.Text]
	if g == nil {
		l.errorf(v.group.Pos, "", "the block is ignored: there is no virtual_server_group %s", quote(v.group.Text))
		return nil
	}
	g.used = true
	if len(g.members) == 0 {
		l.errorf(v.group.Pos, "", "the block is ignored: virtual_server_group %s has no member", g.name)
		return nil
	}
	return g
}

// judgeProtocol completes the protocol, which an address needs and a firewall
// mark has not.
func (v *service) judgeProtocol(l *loader, members []ipvs.Key) {
	addressed := slices.ContainsFunc(members, func(k ipvs.Key) bool { return k.FWMark == 0 })
	switch {
	case !addressed && v.protocol != 0:
		l.warnf(v.met.at(v.pos, "protocol"), "", "protocol has no effect on a firewall mark")
		v.protocol = 0
	case addressed && v.protocol == 0:
		v.protocol = defaultProtocol
		hint := "write protocol TCP or protocol UDP"
		if slices.ContainsFunc(v.servers, func(r *server) bool { return len(r.checkers) > 0 }) {
			hint = "its checks speak TCP: write protocol TCP"
		}
		l.errorf(v.pos, hint, "it has no protocol: %s is used, and a TCP connection finds no service here", v.protocol)
	}
}

// complete gives every member its protocol or its family. The family of a mark
// that names none is the one of the members that have one, of ip_family, of
// mark_match, or of the real servers.
func (v *service) complete(members []ipvs.Key) []ipvs.Key {
	family := v.family
	switch {
	case family != 0:
	case len(v.matches) > 0:
		family = ipvs.FamilyOf(v.matches[0].Addr)
	default:
		family = ipvs.FamilyOf(v.servers[0].Addr.Addr())
	}
	keys := make([]ipvs.Key, len(members))
	for i, k := range members {
		if k.FWMark == 0 {
			k.Protocol = v.protocol
		} else if k.Family == 0 {
			k.Family = family
		}
		keys[i] = k.Normal()
	}
	return keys
}

// freeKeys leaves the keys that no service above has. Of a group the others
// still serve.
func (l *loader) freeKeys(v *service, keys []ipvs.Key) []ipvs.Key {
	var free []ipvs.Key
	var owners []*service
	taken, met := make(map[*service][]ipvs.Key), make(map[ipvs.Key]bool)
	for _, k := range keys {
		if o := l.owner[k]; o != nil {
			if taken[o] == nil {
				owners = append(owners, o)
			}
			taken[o] = append(taken[o], k)
		} else if !met[k] { // "fwmark 1" beside "fwmark 1 inet" is the same
			met[k] = true
			free = append(free, k)
		}
	}
	for _, o := range owners {
		if v.group.Text == "" {
			l.seeing(Error, v.pos, o.pos, "", "the block is ignored: the service is defined already, in %s", o.pos.LineFrom(v.pos))
			continue
		}
		lost := taken[o]
		l.seeing(Error, v.pos, o.pos, "", "%s%s: left out, for the virtual_server in %s has it already", lost[0], andMore(len(lost)-1), o.pos.LineFrom(v.pos))
	}
	if len(free) == 0 && v.group.Text != "" {
		l.errorf(v.pos, "", "the block is ignored: no member of the group is left")
	}
	return free
}

// keys are all that the service is known by.
func (v *service) keys() []ipvs.Key { return append([]ipvs.Key{v.Key}, v.also...) }

// port is the port that all members have; 0: they have none, or several.
func (v *service) port() uint16 {
	for _, k := range v.also {
		if k.Addr.Port() != v.Key.Addr.Port() {
			return 0
		}
	}
	return v.Key.Addr.Port()
}

// andMore says how many things a message does not name.
func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}
