package conf

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// judgeReached says of all services whether packets come to them and whether
// somebody is there: an address needs an instance that moves it, a firewall mark
// somebody who sets it, and a real server a check.
func (l *loader) judgeReached(f floating) {
	l.judgeHeld(f)
	l.judgeMarked()
	l.judgeUnchecked()
}

// judgeHeld warns of virtual addresses that no instance has, each once. A file
// without instances leaves them to somebody else; a pool says so itself.
func (l *loader) judgeHeld(f floating) {
	if len(f.holder) == 0 {
		return
	}
	said := make(map[netip.Addr]bool)
	for _, p := range l.static() {
		said[p.Addr()] = true
	}
	for _, v := range l.services {
		if v.usesFullNAT() && len(f.holders(v)) == 0 {
			continue
		}
		var lost []netip.Addr
		for _, a := range v.addresses() {
			if f.holder[a] == nil && !said[a] {
				lost, said[a] = append(lost, a), true
			}
		}
		if len(lost) > 0 {
			l.within(v.scope, func() {
				l.warnf(v.pos, "list it in virtual_ipaddress, or in virtual_ipaddress_excluded",
					"no vrrp_instance holds %s%s: nothing moves it to the other director", lost[0], andMore(len(lost)-1))
			})
		}
	}
}

// judgeMarked notes that somebody else must set firewall marks, once.
func (l *loader) judgeMarked() {
	var first *service
	var mark uint32
	others := 0
	for _, v := range l.services {
		i := slices.IndexFunc(v.keys(), func(k ipvs.Key) bool { return k.FWMark != 0 })
		switch {
		case i < 0 || len(v.matches) > 0:
		case first != nil:
			others++
		default:
			first, mark = v, v.keys()[i].FWMark
		}
	}
	if first == nil {
		return
	}
	more, hint := "", "write mark_match, and tandem sets it on both directors"
	if others > 0 {
		more = fmt.Sprintf(", nor those of %s", otherServices(others))
	}
	if !first.byMark {
		hint = "a virtual_server fwmark has mark_match, with which tandem sets it"
	}
	l.within(first.scope, func() {
		l.notef(first.pos, hint, "nothing in this file sets the mark %d%s: packets come here only where rules of the host do, on both directors", mark, more)
	})
}

// judgeUnchecked notes real servers without a check, once. Those with one that
// is not built yet are reported as they are read.
func (l *loader) judgeUnchecked() {
	var first *service
	others, which := 0, ""
	for _, v := range l.services {
		n := 0
		for _, r := range v.servers {
			if len(r.checkers) == 0 && r.unbuilt == "" {
				n++
			}
		}
		switch {
		case n == 0:
		case first != nil:
			others++
		case n == len(v.servers):
			first, which = v, "none of its real servers has a check"
		case n == 1:
			first, which = v, fmt.Sprintf("1 of its %d real servers has no check", len(v.servers))
		default:
			first, which = v, fmt.Sprintf("%d of its %d real servers have no check", n, len(v.servers))
		}
	}
	if first == nil {
		return
	}
	if others > 0 {
		which += ", nor have some of " + otherServices(others)
	}
	l.within(first.scope, func() {
		l.notef(first.pos, "add a TCP_CHECK", "%s: without one a server gets connections whether it is alive or not", which)
	})
}

// otherServices counts services that a message does not name.
func otherServices(n int) string {
	if n == 1 {
		return "1 other virtual_server"
	}
	return fmt.Sprintf("%d other virtual_servers", n)
}
