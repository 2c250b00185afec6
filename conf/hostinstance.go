package conf

import (
	"net/netip"
)

// What a host makes of a vrrp_instance.

func (g ground) instance(r *reporter, in *instance) {
	if g.host.Interface(in.Interface) == nil {
		return // that is said, and whatever else would be wrong follows from it
	}
	g.source(r, in)
	for _, p := range in.Peers {
		if own := g.host.owner(p); own != nil {
			r.warnf(in.peer[p].pos, "with unicast_src_ip "+p.String()+" it is left out by itself, so that one list serves both directors",
				"unicast_peer %s is an address of this host, on %s: adverts to it reach nobody else", p, own.Name)
		}
	}
	var names []string
	outside := make(map[string][]netip.Addr) // by interface
	for _, a := range in.addresses() {
		dev := in.device(a)
		at := g.host.Interface(dev)
		// A link-local address is in the network of every interface, also of one
		// that is down and has none itself (RFC 4291 section 2.8).
		if at == nil || at.Loopback || a.Prefix.Addr().IsLinkLocalUnicast() || at.network(a.Prefix.Addr()).IsValid() {
			continue
		}
		if outside[dev] == nil {
			names = append(names, dev)
		}
		outside[dev] = append(outside[dev], a.Prefix.Addr())
	}
	for _, dev := range names {
		g.outside(r, in, dev, outside[dev])
	}
}

// source warns of adverts without a source of this host. A source of another one
// leaves all the same, since the header is tandem's own; what then happens to it
// is for the kernel of the other director to say (fib_validate_source in
// net/ipv4/fib_frontend.c drops a packet from one of its own addresses).
func (g ground) source(r *reporter, in *instance) {
	at := g.host.Interface(in.Interface)
	switch {
	case in.Source.IsValid() && g.host.owner(in.Source) == nil && !g.virtual[in.Source]:
		hint := "write the address of this host"
		if at != nil && at.has(in.family()) {
			hint += ", or \"{{ GetInterfaceIP `" + in.Interface + "` }}\", which serves both directors"
		}
		r.warnf(in.met.at(in.pos, in.sourceKeyword), hint,
			"%s %s is no address of this host: adverts leave with it all the same, and a peer that has it drops them as its own and becomes master too", in.sourceKeyword, in.Source)
	case !in.Source.IsValid() && at != nil && in.family() == 6 && !at.linkLocal():
		// RFC 9568 section 5.1.2.1.
		r.warnf(in.met.at(in.pos, "interface"), "let it make one: ip link set "+at.Name+" addrgenmode eui64",
			"interface %s has no link-local address, which adverts over IPv6 come from: the instance stays in FAULT until it has one", in.Interface)
	case !in.Source.IsValid() && at != nil && !at.has(in.family()):
		r.warnf(in.met.at(in.pos, "interface"), "give it one, or write mcast_src_ip",
			"interface %s has no IPv%d address of its own to send adverts from: the instance stays in FAULT until it has one", in.Interface, in.family())
	}
}

// outside warns of virtual addresses that are in no network of their interface.
// That can be meant: a router may have a route to them.
func (g ground) outside(r *reporter, in *instance, dev string, all []netip.Addr) {
	first := all[0]
	family, asks := 4, "asks for it by ARP"
	if first.Is6() {
		family, asks = 6, "looks for it as a neighbour"
	}
	hint := "write its prefix length, unless a router has a route to it"
	if other := g.host.neighbour(first); other != nil {
		hint = "write dev " + other.Name + ": that is in its network"
	}
	r.warnf(in.addressAt(first), hint, "virtual address %s%s is in no network of %s (%s): no host there %s",
		first, andMore(len(all)-1), dev, g.host.Interface(dev).list(family), asks)
}
