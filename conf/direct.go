package conf

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

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
// addresses, each once and in its order.
func (l *loader) networks() []netip.Prefix {
	var all []netip.Prefix
	add := func(p netip.Prefix) {
		if p = p.Masked(); !p.IsSingleIP() && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for _, in := range l.instances {
		for _, a := range in.addresses() {
			add(a.Prefix)
		}
	}
	for _, p := range l.static() {
		add(p)
	}
	return all
}

// static are the addresses of static_ipaddress, which keepalived sets on both
// directors and tandem leaves to the host.
func (l *loader) static() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range l.root.idle {
		if s.Keyword() != "static_ipaddress" {
			continue
		}
		for _, e := range s.Block {
			text, _, slash := strings.Cut(e.Keyword(), "/")
			if p, err := netip.ParsePrefix(e.Keyword()); slash && err == nil {
				all = append(all, p)
			} else if a, ok := parseAddr(text); ok {
				all = append(all, netip.PrefixFrom(a, a.BitLen()))
			}
		}
	}
	return all
}

// judgeDirect notes real servers that DR may not reach. Only a file that tells of
// a network of their family gives a reason to doubt it; the host has others, and
// knows better where it is asked.
func (v *service) judgeDirect(l *loader, networks []netip.Prefix) {
	if l.options.Host != nil {
		return
	}
	var known []string
	var far []netip.Addr
	direct := v.directServers()
	for _, a := range direct {
		near := false
		same := 0
		for _, p := range networks {
			near = near || p.Contains(a)
			if p.Addr().Is4() == a.Is4() {
				if same++; !slices.Contains(known, p.String()) {
					known = append(known, p.String())
				}
			}
		}
		if same > 0 && !near {
			far = append(far, a)
		}
	}
	if len(far) == 0 {
		return
	}
	which := fmt.Sprintf("real server %s is", far[0])
	if len(far) > 1 {
		which = fmt.Sprintf("%d of its %d real servers, %s the first, are", len(far), len(direct), far[0])
	}
	if len(known) > 3 {
		known = append(known[:2], fmt.Sprintf("%d more", len(known)-2))
	}
	l.notef(v.met.at(v.pos, "lb_kind", "lvs_method"), "where a router is between, write lb_kind TUN",
		"DR: %s in no network that this file tells of (%s): the director needs an interface there, since DR changes only the MAC address and no router passes such a packet on",
		which, strings.Join(known, ", "))
}
