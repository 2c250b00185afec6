package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
	"github.com/tandem-ha/tandem/vrrp"
)

// maxPool bounds the addresses of a snat_pool: each has some 60,000 connections
// to every port of every real server, and is announced by the director.
const maxPool = 256

// snatPool is snat_pool while it is read: the source addresses of FULLNAT.
type snatPool struct {
	pos    syntax.Pos // of the first one; zero: there is none
	ranges []poolRange
}

// poolRange is an address or a range of a snat_pool.
type poolRange struct {
	rules.Range
	pos syntax.Pos
	dev syntax.Word // the interface that it is set on; no text: not said
}

// addPool reads snat_pool: addresses and ranges, and the interface that those
// of this line are on. Several lines add up.
func (v *service) addPool(l *loader, s *syntax.Statement) {
	p := &v.pool
	if p.pos == (syntax.Pos{}) {
		p.pos = s.Pos
	}
	words, dev, ok := l.poolLine(s)
	for _, w := range words {
		if ok && l.shared(s.Keyword(), w) {
			p.add(l, w, dev)
		}
	}
}

// poolLine tells the addresses from the interface. A line whose dev cannot be
// is lost, as it is in virtual_ipaddress: its addresses belong elsewhere than
// without it.
func (l *loader) poolLine(s *syntax.Statement) (addresses []syntax.Word, dev syntax.Word, ok bool) {
	args := s.Args()
	for i := 0; i < len(args); i++ {
		w := args[i]
		if w.Text != "dev" {
			addresses = append(addresses, w)
			continue
		}
		why := ""
		if i++; i == len(args) {
			why = "dev lacks a value"
		} else if dev.Text != "" {
			why = "it has more than one dev"
		} else if filled, err := l.fill("dev", args[i]); err != nil {
			why = "dev " + quote(args[i].Text) + ": " + err.Error()
		} else if dev = filled; !interfaceName(dev.Text) {
			why = "dev " + quote(dev.Text) + ": " + badInterface
		}
		if why != "" {
			l.errorf(w.Pos, "", "snat_pool: the line is ignored: %s", why)
			return nil, dev, false
		}
	}
	if len(addresses) == 0 {
		l.errorf(s.Pos, "", "snat_pool: the line is ignored: it has no address")
	}
	return addresses, dev, true
}

// add takes one address or range in.
func (p *snatPool) add(l *loader, w, dev syntax.Word) {
	r, why := parseRange(w.Text)
	hint := hintFor(w.Text)
	if strings.Contains(w.Text, "/") {
		// The ends of a prefix mostly are no hosts.
		why, hint = "a pool takes addresses and ranges, no prefixes", "write the addresses as a range, A-B"
	}
	size := 0
	if why == "" {
		size = rangeSize(r, maxPool)
	}
	for _, o := range p.ranges {
		size += rangeSize(o.Range, maxPool)
		if why == "" && !o.Last.Less(r.First) && !r.Last.Less(o.First) {
			why = "it overlaps " + rangeName(o.Range)
		}
	}
	if size > maxPool && why == "" {
		why = fmt.Sprintf("the pool would have more than %d addresses", maxPool)
	}
	if why == "" {
		why = noPool(r)
	}
	if why != "" {
		l.errorf(w.Pos, hint, "snat_pool %s is ignored: %s", quote(w.Text), why)
		return
	}
	p.ranges = append(p.ranges, poolRange{r, w.Pos, dev})
}

// showPool are the addresses that the service uses, a range a line.
func (v *service) showPool() []Node {
	if !v.usesFullNAT() {
		return nil
	}
	var all []Node
	for _, r := range v.pool.ranges {
		values := []any{rangeName(r.Range)}
		if r.dev.Text != "" {
			values = append(values, "dev", r.dev.Text)
		}
		all = append(all, Node{Keyword: "snat_pool", Values: values, Pos: r.pos})
	}
	return all
}

// noPool says why the addresses of a range, which is not large, cannot move
// between directors; empty: they can.
func noPool(r rules.Range) string {
	for _, a := range addressesOf(r) {
		if why := noVirtual(a); why != "" && r.First != r.Last {
			return a.String() + ": " + why
		} else if why != "" {
			return why
		}
	}
	return ""
}

// filter leaves the ranges against which keep has no reason.
func (p *snatPool) filter(l *loader, keep func(rules.Range) string) {
	p.ranges = slices.DeleteFunc(p.ranges, func(r poolRange) bool {
		why := keep(r.Range)
		if why != "" {
			l.errorf(r.pos, "", "snat_pool %s is ignored: %s", rangeName(r.Range), why)
		}
		return why != ""
	})
}

// usesFullNAT tells whether one of the servers is reached by FULLNAT.
func (v *service) usesFullNAT() bool {
	return slices.ContainsFunc(v.servers, func(r *server) bool { return r.FullNAT }) || v.Sorry != nil && v.Sorry.FullNAT
}

// judgePool completes the pool of a FULLNAT service, and tells whether the
// service can run.
func (v *service) judgePool(l *loader, f floating, served map[netip.Addr]string) bool {
	p := &v.pool
	switch {
	case !v.usesFullNAT():
		if p.pos != (syntax.Pos{}) {
			l.warnf(p.pos, "write lb_kind FULLNAT", "snat_pool has no effect: no server is reached by FULLNAT")
		}
		return true
	case p.pos == (syntax.Pos{}):
		l.errorf(v.pos, "write snat_pool with addresses that float with the virtual address and serve nothing else",
			"the block is ignored: FULLNAT needs a snat_pool. A connection from the director's own address would be lost at a failover: "+
				"the other director cannot answer for this one's address, and replies would reach a director that resets them")
		return false
	}
	p.filter(l, func(r rules.Range) string {
		if ipvs.FamilyOf(r.First) != v.Key.Family {
			return "the real servers are " + v.Key.Family.String()
		}
		for _, a := range addressesOf(r) {
			if why := f.edges[a]; why != "" {
				return a.String() + ": " + why
			}
			if what := served[a]; what != "" {
				return a.String() + " is " + what + ", and a source address serves nothing else"
			}
		}
		return ""
	})
	in, ok := v.float(l, f)
	if !ok {
		return false
	}
	if len(p.ranges) == 0 {
		l.errorf(v.pos, "", "the block is ignored: its snat_pool has no address that can be used")
		return false
	}
	if !v.judgeRules(l) {
		return false
	}
	for _, r := range p.ranges {
		v.adopt(l, f, in, r)
	}
	return true
}

// float finds the instance that the pool moves with, nil where that is none of
// this file's: what comes back must reach the director that has the connection.
func (v *service) float(l *loader, f floating) (in *instance, ok bool) {
	p, holders := &v.pool, f.holders(v)
	if len(holders) == 0 {
		l.warnf(p.pos, "list the virtual address in a vrrp_instance; for a firewall mark, write mark_match",
			"the virtual address is in no vrrp_instance, so that snat_pool cannot float with it: somebody else must bring up both on one director")
		return nil, true
	}
	in = holders[0]
	for _, other := range holders[1:] {
		if !f.together(in, other) {
			l.errorf(v.pos, "write a vrrp_sync_group", "the block is ignored: vrrp_instance %s and %s hold its addresses and may be master on different directors, and snat_pool can be on one only",
				in.Name, other.Name)
			return nil, false
		}
	}
	p.filter(l, func(r rules.Range) string {
		for _, a := range addressesOf(r) {
			if h := f.holder[a]; h != nil && !f.together(in, h) {
				return a.String() + " is in vrrp_instance " + h.Name + ", which may be master on another director than " + in.Name
			}
		}
		return ""
	})
	return in, true
}

// adopt gives the addresses of a range to the instance, but those that it or one
// of its sync group lists already. Without dev they are on the interface that a
// virtual address of their network is on.
func (v *service) adopt(l *loader, f floating, in *instance, r poolRange) {
	if in == nil {
		return
	}
	added, on := 0, in.Interface
	for _, a := range addressesOf(r.Range) {
		if f.holder[a] != nil {
			continue
		}
		va := vrrp.Address{Prefix: netip.PrefixFrom(a, a.BitLen()), Dev: r.dev.Text}
		if va.Dev == "" {
			va.Dev = f.network(in, a)
		}
		in.pool = append(in.pool, va)
		f.holder[a] = in
		added, on = added+1, in.device(va)
	}
	if added == 0 {
		return
	}
	if dev := r.dev; dev.Text != "" && !slices.ContainsFunc(in.uses, func(u InterfaceUse) bool { return u.Pos == dev.Pos }) {
		in.uses = append(in.uses, InterfaceUse{Name: dev.Text, Keyword: "dev", By: v.scope, Pos: dev.Pos})
	}
	l.notef(r.pos, "", "snat_pool %s: tandem adds it to the addresses of vrrp_instance %s, on %s", rangeName(r.Range), in.Name, on)
}
