// Package rules decides what tandem's own nftables table holds. IPVS forwards,
// but some of what a virtual service needs lies outside it: the source address
// of FULLNAT (ip_vs_nat.c leaves the client's), the firewall marks of a service
// that is known by one, and that a director which is itself a real server takes
// what the other director sends it instead of sending it back.
//
// It knows no kernel: Want is a function of the configuration and of what this
// host is, package netfilter makes the kernel's table equal to it.
package rules

import (
	"net/netip"

	"github.com/tandem-ha/tandem/ipvs"
)

// Service is what the configuration says of one virtual service, as far as it
// needs rules.
type Service struct {
	Key ipvs.Key // normal form

	// Match lists what a firewall-mark service consists of (mark_match); empty:
	// somebody else marks its packets.
	Match []Match

	// Sources are the addresses that FULLNAT connections get as their source
	// (snat_pool), of the family of the real servers.
	Sources []Range
	// FullNAT are the servers that are reached by FULLNAT: real servers and the
	// sorry server. The others of the service need no source.
	FullNAT []ipvs.Server

	// Servers are all of its real servers, by whatever method: a director that
	// finds itself among them must not forward what the others send it.
	Servers []Backend
}

// Backend is a real server as the loop rules see it.
type Backend struct {
	Addr       netip.Addr
	Forwarding ipvs.Forwarding
}

// Match is one line of mark_match: packets to this address and protocol, and
// to one of these ports, get the mark of the service.
type Match struct {
	Addr     netip.Addr
	Protocol ipvs.Protocol
	Ports    []Ports // empty: all
}

// Ports is a range of ports, both ends included.
type Ports struct{ First, Last uint16 }

// Range is a range of addresses of one family, both ends included.
type Range struct{ First, Last netip.Addr }
