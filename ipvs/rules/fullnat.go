package rules

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/ipvs"
)

// fullNAT is the chain that gives FULLNAT connections their source and the one
// that keeps this host's own stack away from the replies.
//
// IPVS has put the server's address in place of the virtual one before
// postrouting, and with net.ipv4.vs.conntrack=1 told the connection tracker,
// which still knows where the client sent its first packet: that is what the
// rules match. A packet whose destination still is the virtual address was
// not forwarded by IPVS but routed to another director.
func fullNAT(services []Service) []Chain {
	source := Chain{Name: "fullnat", Kind: NAT, Hook: Postrouting, Priority: prioritySNAT}
	var pool []Range
	for _, s := range services {
		if len(s.FullNAT) == 0 || len(s.Sources) == 0 {
			continue
		}
		for _, c := range forwarded(s) {
			source.Rules = append(source.Rules, sources(s, c)...)
		}
		pool = append(pool, s.Sources...)
	}
	if len(source.Rules) == 0 {
		return nil
	}
	source.Rules = compact(source.Rules)
	return []Chain{source, guard(services[0].Key.Family, pool)}
}

// forwarded are the conditions that together say: IPVS sent this packet of the
// service to one of its FULLNAT servers.
func forwarded(s Service) (list []Condition) {
	if s.Key.FWMark != 0 {
		for _, server := range s.FullNAT {
			for _, protocol := range markProtocols(s, server) {
				list = append(list, Condition{Mark: s.Key.FWMark, Protocol: protocol,
					To: one(server.Addr()), Ports: single(server.Port())})
			}
		}
		return list
	}
	service := Condition{Protocol: s.Key.Protocol, Original: s.Key.Addr.Addr(), OriginalPort: s.Key.Addr.Port()}
	if !mixed(s) {
		service.NotTo = service.Original
		return []Condition{service}
	}
	for _, server := range s.FullNAT {
		c := service
		c.To, c.Ports = one(server.Addr()), single(server.Port())
		list = append(list, c)
	}
	return list
}

// mixed says whether some server is reached by NAT without a new source.
func mixed(s Service) bool {
	return slices.ContainsFunc(s.Servers, func(b Backend) bool {
		return b.Forwarding == ipvs.NAT &&
			!slices.ContainsFunc(s.FullNAT, func(server ipvs.Server) bool { return server.Addr() == b.Addr })
	})
}

// markProtocols are the protocols to tell a server's port by. A mark names no
// protocol; without a port none is needed.
func markProtocols(s Service, server ipvs.Server) []ipvs.Protocol {
	if server.Port() == 0 {
		return []ipvs.Protocol{0}
	}
	var list []ipvs.Protocol
	for _, m := range s.Match {
		if m.Protocol != 0 {
			list = append(list, m.Protocol)
		}
	}
	if list == nil {
		return []ipvs.Protocol{ipvs.TCP, ipvs.UDP, ipvs.SCTP}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// sources are the rules that give the packets of c a source from the pool. A
// rule holds one range, so the clients are divided among several.
func sources(s Service, c Condition) (list []Rule) {
	for i, r := range s.Sources {
		c.Share = Share{}
		if i < len(s.Sources)-1 { // the last one takes the rest
			c.Share = Share{Nth: uint32(i), Of: uint32(len(s.Sources))}
		}
		list = append(list, Rule{When: c, Then: Action{Verb: SNAT, To: r}, Comment: comment("%s%s", fullNATOf, s.Key)})
	}
	return list
}

// guard drops what reaches local input at an address of the pool. Replies of
// real servers are translated back before; one that arrives here belongs to a
// connection that this host does not know, mostly because the address moved
// here a moment ago, and the connection survives only if the server gets no
// reset and no port unreachable for it. ICMP may pass: the address can be
// pinged, and an IPv6 neighbour finds it.
func guard(family ipvs.Family, pool []Range) Chain {
	c := Chain{Name: "guard", Kind: Filter, Hook: Input, Priority: priorityFilter}
	for _, r := range normalRanges(pool, family) {
		c.Rules = append(c.Rules, Rule{
			When:    Condition{To: r, NotProtocol: icmp(family)},
			Then:    Action{Verb: Drop},
			Comment: "snat_pool: a reply to an unknown connection gets no answer",
		})
	}
	return c
}

// sourceless names the services that FULLNAT cannot work for.
func sourceless(services []Service) (notes []string) {
	for _, s := range services {
		if len(s.FullNAT) > 0 && len(s.Sources) == 0 {
			notes = append(notes, fmt.Sprintf("FULLNAT of %s: no snat_pool of its family, so clients keep their source address", s.Key))
		}
	}
	return notes
}

func icmp(family ipvs.Family) uint8 {
	if family == ipvs.IPv6 {
		return 58
	}
	return 1
}

// single is a range of one port, zero for none.
func single(port uint16) Ports { return Ports{port, port} }

// compact removes rules that were there already.
func compact(list []Rule) []Rule {
	seen := make(map[Rule]bool, len(list))
	return slices.DeleteFunc(list, func(r Rule) bool {
		was := seen[r]
		seen[r] = true
		return was
	})
}

// target is an address, protocol and ports that clients send to.
type target struct {
	Addr     netip.Addr
	Protocol ipvs.Protocol
	Ports    Ports // zero: all
}

// targets is what clients send to for a service; none when only somebody
// else's rules know.
func targets(s Service) (list []target) {
	if s.Key.FWMark == 0 {
		return []target{{s.Key.Addr.Addr(), s.Key.Protocol, single(s.Key.Addr.Port())}}
	}
	for _, m := range s.Match {
		if len(m.Ports) == 0 {
			list = append(list, target{Addr: m.Addr, Protocol: m.Protocol})
		}
		for _, p := range m.Ports {
			list = append(list, target{m.Addr, m.Protocol, p})
		}
	}
	return list
}

func (t target) condition() Condition {
	return Condition{Protocol: t.Protocol, To: one(t.Addr), Ports: t.Ports}
}
