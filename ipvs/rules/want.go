package rules

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// Host is what the rules must know of this host.
type Host struct {
	Addresses []netip.Addr // its own, without the virtual ones
}

// Want is the Ruleset for these services on this host. The order of neither
// matters.
func Want(services []Service, host Host) Ruleset {
	services = normal(services)
	var own []netip.Addr
	for _, a := range host.Addresses {
		if a = plain(a); a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() {
			own = append(own, a)
		}
	}
	slices.SortFunc(own, netip.Addr.Compare)
	own = slices.Compact(own)

	var set Ruleset
	for _, family := range [...]ipvs.Family{ipvs.IPv4, ipvs.IPv6} {
		var of []Service
		for _, s := range services {
			if s.Key.Family == family {
				of = append(of, s)
			}
		}
		delivery, notes := deliver(of, own)
		set.Notes = append(set.Notes, notes...)
		set.Notes = append(set.Notes, sourceless(of)...)
		var chains []Chain
		chains = append(chains, fullNAT(of)...)
		chains = append(chains, marks(of)...)
		chains = append(chains, delivery...)
		if len(chains) > 0 {
			set.Tables = append(set.Tables, Table{Family: family, Chains: chains})
		}
	}
	slices.Sort(set.Notes)
	set.Notes = slices.Compact(set.Notes)
	return set
}

// needsNone says that a service needs no rule whatever the host and the other
// services are: most services of a large configuration, which is looked at
// every few seconds.
func (s Service) needsNone() bool {
	return len(s.Match)+len(s.FullNAT) == 0 &&
		!slices.ContainsFunc(s.Servers, func(b Backend) bool { return b.Forwarding != ipvs.NAT })
}

// normal is the services that may need rules in an order of their own, each
// with its lists sorted, so that the same configuration in another order is the
// same Ruleset.
func normal(services []Service) []Service {
	var list []Service
	for _, s := range services {
		if s.needsNone() {
			continue
		}
		s.Key = s.Key.Normal()
		s.Match = normalMatch(s.Match, s.Key.Family)
		s.Sources = normalRanges(s.Sources, s.Key.Family)
		s.FullNAT = normalServers(s.FullNAT, s.Key.Family)
		s.Servers = normalBackends(s.Servers)
		if s.Key.FWMark != 0 || s.Key.Addr.Addr().IsValid() && s.Key.Protocol != 0 {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Service) int {
		if c := a.Key.Compare(b.Key); c != 0 {
			return c
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return list
}

func normalMatch(list []Match, family ipvs.Family) (n []Match) {
	for _, m := range list {
		m.Addr = plain(m.Addr)
		if !m.Addr.IsValid() || ipvs.FamilyOf(m.Addr) != family || m.Protocol == 0 && len(m.Ports) > 0 {
			continue // no packet has ports and no protocol
		}
		m.Ports = slices.Clone(m.Ports)
		slices.SortFunc(m.Ports, Ports.compare)
		m.Ports = slices.Compact(m.Ports)
		n = append(n, m)
	}
	slices.SortFunc(n, func(a, b Match) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		if c := int(a.Protocol) - int(b.Protocol); c != 0 {
			return c
		}
		return slices.CompareFunc(a.Ports, b.Ports, Ports.compare)
	})
	return n
}

// normalRanges sorts ranges and joins those that touch: the kernel takes one
// range in a rule.
func normalRanges(list []Range, family ipvs.Family) (n []Range) {
	sorted := make([]Range, 0, len(list))
	for _, r := range list {
		r = Range{plain(r.First), plain(r.Last)}
		if r.First.IsValid() && ipvs.FamilyOf(r.First) == family &&
			r.First.BitLen() == r.Last.BitLen() && !r.Last.Less(r.First) {
			sorted = append(sorted, r)
		}
	}
	slices.SortFunc(sorted, func(a, b Range) int { return a.First.Compare(b.First) })
	for _, r := range sorted {
		last := len(n) - 1
		if last < 0 || n[last].Last.Less(r.First) && n[last].Last.Next() != r.First {
			n = append(n, r)
		} else if n[last].Last.Less(r.Last) {
			n[last].Last = r.Last
		}
	}
	return n
}

func normalServers(list []ipvs.Server, family ipvs.Family) (n []ipvs.Server) {
	for _, s := range list {
		if a := plain(s.Addr()); a.IsValid() && ipvs.FamilyOf(a) == family {
			n = append(n, netip.AddrPortFrom(a, s.Port()))
		}
	}
	slices.SortFunc(n, netip.AddrPort.Compare)
	return slices.Compact(n)
}

func normalBackends(list []Backend) (n []Backend) {
	for _, b := range list {
		if b.Addr = plain(b.Addr); b.Addr.IsValid() {
			n = append(n, b)
		}
	}
	slices.SortFunc(n, func(a, b Backend) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return int(a.Forwarding) - int(b.Forwarding)
	})
	return slices.Compact(n)
}

func (p Ports) compare(o Ports) int {
	if p.First != o.First {
		return int(p.First) - int(o.First)
	}
	return int(p.Last) - int(o.Last)
}

// plain is the address as packets carry it: neither IPv4-mapped nor zoned.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// one is the range of a single address.
func one(a netip.Addr) Range { return Range{a, a} }

// comment cuts a comment to what nft prints.
func comment(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	return text[:min(len(text), MaxComment)]
}
