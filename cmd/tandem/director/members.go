package director

import (
	"net/netip"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// members are the keys that a service has in the kernel: one, or all those of
// its virtual_server_group.
func members(s conf.Service) []ipvs.Key {
	return append([]ipvs.Key{s.Key}, s.Also...)
}

// memberServer is the address that a real server has under one of its
// service's keys. A server of a group may be configured without a port: it has
// that of the member, and so has one whose packets are not rewritten.
func memberServer(key ipvs.Key, server ipvs.Server, how ipvs.Forwarding) ipvs.Server {
	if key.FWMark != 0 || server.Port() != 0 && how == ipvs.NAT {
		return server
	}
	return netip.AddrPortFrom(server.Addr(), key.Addr.Port())
}

// memberEntry is what the table holds under one of the keys of a service. Most
// services have one key, and servers that have their own port.
func memberEntry(key ipvs.Key, e ipvs.Entry) ipvs.Entry {
	same := true
	for server, d := range e.Destinations {
		same = same && memberServer(key, server, d.Forwarding) == server
	}
	if same {
		return e // and its map: nobody changes that of a wish
	}
	servers := make(map[ipvs.Server]ipvs.Destination, len(e.Destinations))
	for server, d := range e.Destinations {
		servers[memberServer(key, server, d.Forwarding)] = d
	}
	return ipvs.Entry{Service: e.Service, Destinations: servers}
}

// ruleServices are the services as package rules wants them: each member of a
// group is one of its own.
func ruleServices(services []conf.Service) []rules.Service {
	list := make([]rules.Service, 0, len(services))
	for _, s := range services {
		for _, key := range members(s) {
			r := s.Rules
			r.Key = key
			r.FullNAT = make([]ipvs.Server, len(s.Rules.FullNAT))
			for i, server := range s.Rules.FullNAT {
				r.FullNAT[i] = memberServer(key, server, ipvs.NAT)
			}
			list = append(list, r)
		}
	}
	return list
}
