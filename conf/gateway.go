package conf

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// judgeGateway says what the gateway of the real servers must be where they are
// reached by NAT: IPVS puts its own address back into their replies, so these
// must pass through the active director (net/netfilter/ipvs/ip_vs_core.c,
// handle_response). One finding tells it for all the servers.
func (v *service) judgeGateway(l *loader, f floating) {
	if !v.usesNAT() {
		return
	}
	const must = "NAT: the default gateway of its real servers must be %s"
	holders := f.holders(v)
	if len(holders) == 0 {
		l.notef(v.pos, "", must, "this director, or an address that moves to the active one")
		return
	}
	var gateways []string
	for _, a := range v.natServers() {
		gateway, unclear := f.gateway(v, holders[0], a)
		switch {
		case gateway.IsValid() && slices.Contains(gateways, gateway.String()):
		case gateway.IsValid():
			gateways = append(gateways, gateway.String())
		case unclear:
			l.notef(v.pos, "write the prefix lengths of virtual addresses to have it named", must, "one that moves with the virtual address")
			return
		default:
			l.warnf(v.pos, "add one with its prefix length to the vrrp_instance, with dev, or to another one of its vrrp_sync_group",
				"NAT: no virtual address is in the network of real server %s: its default gateway cannot float", a)
			return
		}
	}
	which := gateways[0] + ", which moves"
	if len(gateways) > 1 {
		which = "the one in its network of " + strings.Join(gateways, ", ") + ", which move"
	}
	l.notef(v.pos, "", must, which+" with the virtual address")
}

// gateway finds the virtual address in the network of a server among those that
// move with an instance, one that serves nothing before the service's own.
// unclear says that there is none, but an address without a prefix length that
// might be it.
func (f floating) gateway(v *service, in *instance, server netip.Addr) (own netip.Addr, unclear bool) {
	clients := v.addresses()
	for _, va := range f.moving(in) {
		a := va.Prefix.Addr()
		switch {
		case a.Is4() != server.Is4():
		case va.Prefix.IsSingleIP():
			unclear = true
		case !va.Prefix.Masked().Contains(server):
		case slices.Contains(clients, a):
			own = a
		default:
			return a, false
		}
	}
	return own, unclear && !own.IsValid()
}

// natServers are the servers that NAT reaches, those of FULLNAT left out: their
// replies go to an address of the director by themselves.
func (v *service) natServers() []netip.Addr {
	var all []netip.Addr
	for _, r := range v.servers {
		if nat(r.Dest, r.FullNAT) {
			all = append(all, r.Addr.Addr())
		}
	}
	if s := v.Sorry; s != nil && nat(s.Dest, s.FullNAT) {
		all = append(all, s.Addr.Addr())
	}
	return all
}

// usesNAT tells whether there is one of natServers.
func (v *service) usesNAT() bool {
	return slices.ContainsFunc(v.servers, func(r *server) bool { return nat(r.Dest, r.FullNAT) }) ||
		v.Sorry != nil && nat(v.Sorry.Dest, v.Sorry.FullNAT)
}

func nat(d ipvs.Destination, full bool) bool { return d.Forwarding == ipvs.NAT && !full }
