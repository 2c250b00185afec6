package conf

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// What a host makes of a virtual_server: whether its servers are where the
// forwarding method needs them.

// hop is a server of a service as the packets to it go.
type hop struct {
	addr    netip.Addr
	dest    ipvs.Destination
	fullNAT bool
	what    string // real_server or sorry_server
	pos     syntax.Pos
}

// hops are the servers of a service, but for addresses of this host itself: IPVS
// delivers those where they are.
func (g ground) hops(v *service) []hop {
	var all []hop
	add := func(h hop) {
		if g.host.owner(h.addr) == nil && !g.virtual[h.addr] && !h.addr.IsLoopback() {
			all = append(all, h)
		}
	}
	for _, r := range v.servers {
		add(hop{r.Addr.Addr(), r.Dest, r.FullNAT, "real_server", r.pos})
	}
	if s := v.Sorry; s != nil {
		add(hop{s.Addr.Addr(), s.Dest, s.FullNAT, "sorry_server", v.met.at(v.pos, "sorry_server")})
	}
	return all
}

func (g ground) service(r *reporter, v *service) {
	var direct, natted []hop
	var tunnel *hop
	for _, h := range g.hops(v) {
		near := g.host.neighbour(h.addr) != nil
		switch {
		case h.dest.Forwarding == ipvs.DR && !near:
			direct = append(direct, h)
		case nat(h.dest, h.fullNAT) && !near:
			natted = append(natted, h)
		case h.dest.Forwarding == ipvs.Tunnel && tunnel == nil:
			tunnel = &h
		}
	}
	if len(direct) > 0 {
		v.tooFar(r, Warning, direct[0].pos, far(direct), "of this host")
	}
	if len(natted) > 0 {
		r.notef(natted[0].pos, "FULLNAT has no such need",
			"NAT: %s is behind a router: it, and every router between, must send the replies to clients through this director", firstOf(natted))
	}
	if tunnel != nil {
		g.tunnel(r, v, *tunnel)
	}
}

// far are the addresses of some servers, each once.
func far(all []hop) (addrs []netip.Addr) {
	for _, h := range all {
		if !slices.Contains(addrs, h.addr) {
			addrs = append(addrs, h.addr)
		}
	}
	return addrs
}

// firstOf is the first of some servers, and how many more there are.
func firstOf(all []hop) string {
	return fmt.Sprintf("%s %s%s", all[0].what, all[0].addr, andMore(len(all)-1))
}

// ethernet is what clients send at most, as a rule.
const ethernet = 1500

// tunnel notes a tunnel in which a full packet of a client does not fit. IPVS
// then answers the client with "fragmentation needed" (ensure_mtu_is_adequate in
// net/netfilter/ipvs/ip_vs_xmit.c), which firewalls like to drop. Replies do not
// pass the tunnel, so that it shows in large uploads only, and late.
func (g ground) tunnel(r *reporter, v *service, h hop) {
	way, extra := g.host.way(h.addr), overhead(h.addr, h.dest.Tunnel)
	if way == nil || way.MTU == 0 || way.MTU >= ethernet+extra {
		return
	}
	room := way.MTU - extra
	headers := 20 + 20 // of IP and TCP
	if v.Key.Family == ipvs.IPv6 {
		headers = 40 + 20
	}
	r.notef(h.pos, fmt.Sprintf("an MTU of %d towards the servers, or advmss %d in their routes to clients", ethernet+extra, room-headers),
		"TUN: packets of more than %d bytes do not fit through the tunnel to %s %s by %s (MTU %d): large uploads hang where a firewall keeps that from the client",
		room, h.what, h.addr, way.Name, way.MTU)
}

// overhead is what a tunnel adds to a packet (ip_vs_tunnel_xmit in
// net/netfilter/ipvs/ip_vs_xmit.c).
func overhead(to netip.Addr, t ipvs.TunnelOptions) int {
	n := 20
	if to.Is6() {
		n = 40
	}
	switch t.Type {
	case ipvs.GUE: // UDP, and GUE with its option
		n += 8 + 4
		if t.Flags&ipvs.TunnelRemcsum != 0 {
			n += 4 + 4
		}
	case ipvs.GRE:
		n += 4
		if t.Flags&ipvs.TunnelCsum != 0 {
			n += 4
		}
	}
	return n
}
