package rules

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// deliver are the chains of a director that is a real server itself, by DR or
// TUN: what another director of the service has forwarded to it goes to the
// local socket and is not forwarded once more.
//
// Three ways to keep IPVS away from a packet do not work on a stock kernel.
// It ignores packets that are not PACKET_HOST, but nft sets the packet type in
// prerouting only (nft_meta_set_validate) and TCP then drops it. backup_only
// switches the active director off as well. Services by firewall mark, with
// the mark kept from what a fellow sends, leave the connection table, which
// IPVS asks first: two directors that disagree about a connection throw it at
// each other until the TTL ends.
//
// So the destination is translated to this host's own address, which is no
// virtual one: IPVS knows neither a service nor a connection for it. The
// socket must accept connections to that address, which health checks ask for
// already. Replies leave with the virtual address as their source, which need
// not even be on this host. The price is a tracked connection for each, and
// with a reason: a connection stays with its socket when the roles change,
// because its later packets are translated whoever sends them.
//
// The other way round, a connection that this director gave to its own socket
// while it was active has the virtual address there, and keeps it when a
// fellow forwards its later packets: only what opens a TCP connection is
// translated. (It must keep the virtual address for that, on lo.) IPVS may
// hand such a packet to a local socket; what it would forward is dropped.
func deliver(services []Service, own []netip.Addr) (chains []Chain, notes []string) {
	var groups []group
	for _, s := range services {
		g, here, ok := delivery(s, own)
		if !ok {
			continue
		}
		ts := targets(s)
		if ts == nil {
			notes = append(notes, fmt.Sprintf("%s: this host is one of its real servers, but what carries the mark is not listed "+
				"(mark_match), so packets from the other director cannot be told from a client's and may go round", s.Key))
			continue
		}
		if !here.IsValid() {
			notes = append(notes, fmt.Sprintf("%s: this host is one of its real servers, but has no address of the family "+
				"to deliver to: packets from the other director may go round", s.Key))
			continue
		}
		i := slices.IndexFunc(groups, func(o group) bool { return slices.Equal(o.from, g.from) })
		if i < 0 {
			i, groups = len(groups), append(groups, g)
		}
		groups[i].add(s, ts, here)
	}
	return loopChains(groups), notes
}

// group is the services whose fellow directors are the same.
type group struct {
	from      []from
	delivered []Rule // the destination becomes this host's own address
	stray     []Rule // untranslated ones
}

// from is a place where packets from another director come from, and what the
// rules say of it.
type from struct {
	when    Condition
	comment string
}

// delivery is where fellows send packets for s from, and the address to
// deliver them to; false when this host is no real server of s by DR or TUN.
func delivery(s Service, own []netip.Addr) (g group, here netip.Addr, ok bool) {
	at := slices.IndexFunc(s.Servers, func(b Backend) bool {
		return b.Forwarding != ipvs.NAT && slices.Contains(own, b.Addr)
	})
	if at < 0 {
		return g, here, false
	}
	me := s.Servers[at]
	if me.Forwarding == ipvs.Tunnel {
		g.from = tunnels(s.Key.Family)
	} else {
		g.from = fellows(s, own)
	}
	if len(g.from) == 0 {
		return g, here, false
	}
	if ipvs.FamilyOf(me.Addr) == s.Key.Family {
		return g, me.Addr, true
	}
	// A tunnel may carry one family in the other.
	for _, a := range own {
		if ipvs.FamilyOf(a) == s.Key.Family && !a.IsLinkLocalUnicast() {
			return g, a, true
		}
	}
	return g, netip.Addr{}, true
}

// fellows are the other real servers that hold the virtual address. Such a
// host answers for the address itself and is never a client of it on the wire,
// so what it sends there it has forwarded.
func fellows(s Service, own []netip.Addr) (list []from) {
	for _, b := range s.Servers {
		if b.Forwarding == ipvs.NAT || slices.Contains(own, b.Addr) || b.Addr.IsLoopback() {
			continue
		}
		f := from{Condition{Sender: b.Addr, Link: Ethernet}, comment("sent by %s", b.Addr)}
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list
}

// tunnels are the types of interface that packets of the family come out of.
func tunnels(family ipvs.Family) (list []from) {
	links := [...]Link{IPIP, IP6, GRE, GRE6}
	if family == ipvs.IPv6 {
		links = [...]Link{SIT, IP6, GRE, GRE6}
	}
	for _, l := range links {
		list = append(list, from{Condition{Link: l}, comment("out of a tunnel (%s)", l)})
	}
	return list
}

func (g *group) add(s Service, ts []target, here netip.Addr) {
	for _, t := range ts {
		if t.Addr == here {
			continue // the packets are for this host already
		}
		first := t.condition()
		first.Opens = t.Protocol == ipvs.TCP
		g.delivered = append(g.delivered, Rule{
			When:    first,
			Then:    Action{Verb: DNAT, To: one(here)},
			Comment: comment("%s%s", s.Key, servedHere),
		})
		// And the errors of its connections, which IPVS forwards like them.
		errors := Condition{To: one(t.Addr), Protocol: ipvs.Protocol(icmp(s.Key.Family))}
		for _, when := range [...]Condition{t.condition(), errors} {
			g.stray = append(g.stray, Rule{
				When:    when,
				Then:    Action{Verb: SetAgain},
				Comment: comment("%s is served here and not forwarded again", t.Addr),
			})
		}
	}
}

// loopChains are the hooks, which ask who sent a packet, and for each group
// the two chains that ask what it is for.
func loopChains(groups []group) []Chain {
	translate := Chain{Name: "deliver", Kind: NAT, Hook: Prerouting, Priority: priorityDNAT}
	input := Chain{Name: "stray-input", Kind: Filter, Hook: Input, Priority: priorityMangle}
	forward := Chain{Name: "stray-forward", Kind: Filter, Hook: Forward, Priority: priorityMangle}
	output := Chain{Name: "stray-output", Kind: Filter, Hook: Output, Priority: priorityFilter}
	var inner []Chain
	for _, g := range groups {
		if len(g.delivered) == 0 {
			continue
		}
		nth := len(inner)/2 + 1
		local, stray := fmt.Sprintf("deliver-%d", nth), fmt.Sprintf("stray-%d", nth)
		inner = append(inner, Chain{Name: local, Rules: compact(g.delivered)}, Chain{Name: stray, Rules: compact(g.stray)})
		for _, f := range g.from {
			translate.Rules = append(translate.Rules, Rule{f.when, Action{Verb: Jump, Chain: local}, f.comment})
			toStray := Rule{f.when, Action{Verb: Jump, Chain: stray}, f.comment}
			input.Rules = append(input.Rules, toStray)
			forward.Rules = append(forward.Rules, toStray)
		}
	}
	if inner == nil {
		return nil
	}
	drop := Rule{Condition{Again: true}, Action{Verb: Drop}, "would go round between the directors"}
	// Where the virtual address is not on this host its routing would send the
	// packet back; where it is, IPVS sends from the output hook.
	forward.Rules = append(forward.Rules, drop)
	output.Rules = []Rule{drop}
	return append(inner, translate, input, forward, output)
}
