package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// directServers are the real servers that DR reaches, the sorry server too, each
// once: each must be a neighbour of the director, since DR changes the MAC address of
// a packet only (ip_vs_dr_xmit in net/netfilter/ipvs/ip_vs_xmit.c).
func (v *service) directServers() []netip.Addr {
	var all []netip.Addr
	seen := make(map[netip.Addr]bool)
	add := func(a netip.Addr, d ipvs.Destination) {
		if d.Forwarding == ipvs.DR && !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	for _, r := range v.servers {
		add(r.Addr.Addr(), r.Dest)
	}
	if v.Sorry != nil {
		add(v.Sorry.Addr.Addr(), v.Sorry.Dest)
	}
	return all
}

// networks are those that the file tells of, by the prefix lengths of its
// addresses, each once. Many files have thousands of them, and as many servers to
// look for in them.
type networks struct {
	v4, v6  []netip.Prefix // in the order of the file
	known   map[netip.Prefix]bool
	lengths map[int]bool // of their prefixes
}

func (l *loader) networks() networks {
	n := networks{known: make(map[netip.Prefix]bool), lengths: make(map[int]bool)}
	for _, in := range l.instances {
		for _, a := range in.addresses() {
			n.add(a.Prefix)
		}
	}
	for _, p := range l.static() {
		n.add(p)
	}
	return n
}

func (n *networks) add(p netip.Prefix) {
	p = p.Masked()
	switch {
	case p.IsSingleIP() || n.known[p]:
		return
	case p.Addr().Is4():
		n.v4 = append(n.v4, p)
	default:
		n.v6 = append(n.v6, p)
	}
	n.known[p], n.lengths[p.Bits()] = true, true
}

// of are those of the family of an address.
func (n networks) of(a netip.Addr) []netip.Prefix {
	if a.Is4() {
		return n.v4
	}
	return n.v6
}

// contain tells whether an address is in one of them.
func (n networks) contain(a netip.Addr) bool {
	for bits := range n.lengths {
		if p, err := a.Prefix(bits); err == nil && n.known[p] {
			return true
		}
	}
	return false
}

// static are the addresses of static_ipaddress, which each director that lists
// them keeps.
func (l *loader) static() []netip.Prefix {
	var all []netip.Prefix
	for _, a := range l.kept.addresses {
		all = append(all, a.Prefix)
	}
	return all
}

// judgeDirect notes real servers that DR may not reach. Only a file that tells of
// a network of their family gives a reason to doubt it; the host has others, and
// knows better where it is asked.
func (v *service) judgeDirect(l *loader, all networks) {
	if l.options.Host != nil {
		return
	}
	var far []netip.Addr
	for _, a := range v.directServers() {
		if len(all.of(a)) > 0 && !all.contain(a) {
			far = append(far, a)
		}
	}
	if len(far) == 0 {
		return
	}
	var known []string
	for i, p := range all.of(far[0]) {
		if i == 2 && len(all.of(far[0])) > 3 {
			known = append(known, fmt.Sprintf("%d more", len(all.of(far[0]))-i))
			break
		}
		known = append(known, p.String())
	}
	v.tooFar(&l.reporter, Note, v.met.at(v.pos, "lb_kind", "lvs_method"), far, fmt.Sprintf("that this file tells of (%s)", strings.Join(known, ", ")))
}

// tooFar says that DR does not reach some of the servers, as far as the file or
// the host knows.
func (v *service) tooFar(r *reporter, sev Severity, pos syntax.Pos, far []netip.Addr, networks string) {
	which := fmt.Sprintf("real server %s is", far[0])
	switch {
	case len(far) > 1:
		which = fmt.Sprintf("%d of its %d real servers, %s the first, are", len(far), len(v.directServers()), far[0])
	case !slices.ContainsFunc(v.servers, func(r *server) bool { return r.Addr.Addr() == far[0] }):
		which = fmt.Sprintf("sorry server %s is", far[0])
	}
	r.report(sev, pos, "where a router is between, write lb_kind TUN",
		"DR: %s in no network %s: the director needs an interface there, since DR changes only the MAC address and no router passes such a packet on", which, networks)
}
