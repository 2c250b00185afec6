// Package ipvs says what the kernel's virtual-server table shall hold and keeps
// it so (net/netfilter/ipvs/ip_vs_ctl.c, ipvsadm(8)). Table is the wish, Diff
// the pure way from one table to another, and the Reconciler its execution:
// it never edits from memory but reads, compares, writes and looks again, and
// touches no service that is not tandem's.
package ipvs

import (
	"net/netip"
	"time"
)

// Protocol is an IP protocol number.
type Protocol uint8

// The protocols that IPVS balances.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

// Family is the address family of a firewall-mark service, which no address tells.
type Family uint8

// The families.
const (
	IPv4 Family = 2  // AF_INET
	IPv6 Family = 10 // AF_INET6
)

// Key names a virtual service: an address, port and protocol, or a firewall
// mark and family. It is comparable; the unused half is zero.
type Key struct {
	Addr     netip.AddrPort
	Protocol Protocol
	FWMark   uint32
	Family   Family // set for both kinds
}

// Forwarding is how packets reach a real server.
type Forwarding uint8

// The methods; the zero value is the kernel's zero (IP_VS_CONN_F_MASQ).
const (
	NAT    Forwarding = 0
	Local  Forwarding = 1
	Tunnel Forwarding = 2
	DR     Forwarding = 3
)

// Flags of a virtual service that a user can set (linux/ip_vs.h); the kernel's
// HASHED bit is never among them.
type Flags uint32

// The flags. Sched1-3 mean what the scheduler makes of them.
const (
	Persistent Flags = 0x1
	OnePacket  Flags = 0x4
	Sched1     Flags = 0x8
	Sched2     Flags = 0x10
	Sched3     Flags = 0x20
)

// Service is what a virtual service shall be, without its destinations.
// It is comparable.
type Service struct {
	Scheduler string
	Flags     Flags
	Timeout   time.Duration // persistence; whole seconds; zero without Persistent
	// Granularity is the prefix length of client addresses that persist
	// together: 32 or 128 is one address.
	Granularity uint8
	PE          string // persistence engine; empty: none
}

// Server names a destination within a service.
type Server = netip.AddrPort

// Destination is what a real server shall be in one service. It is comparable.
type Destination struct {
	Weight     int32
	Forwarding Forwarding
	Upper      uint32 // connections above which no new one is sent; 0: no limit
	Lower      uint32 // connections below which it is used again
	Tunnel     TunnelOptions
}

// TunnelOptions describe the encapsulation of a Tunnel destination; zero is
// ipip.
type TunnelOptions struct {
	Type  TunnelType
	Port  uint16 // GUE: the UDP port that the real server takes it on
	Flags TunnelFlags
}

// TunnelType is how packets are wrapped (IP_VS_CONN_F_TUNNEL_TYPE_*).
type TunnelType uint8

// The types; GUE needs Linux 5.3, GRE 5.4.
const (
	IPIP TunnelType = 0
	GUE  TunnelType = 1
	GRE  TunnelType = 2
)

var tunnelTypes = [...]string{"ipip", "gue", "gre"}

// String is the type as a configuration file and ipvsadm spell it.
func (t TunnelType) String() string {
	if int(t) < len(tunnelTypes) {
		return tunnelTypes[t]
	}
	return "?"
}

// TunnelFlags are the checksum options of GUE and GRE
// (IP_VS_TUNNEL_ENCAP_FLAG_*).
type TunnelFlags uint16

// The flags; zero is nocsum.
const (
	TunnelCsum    TunnelFlags = 1
	TunnelRemcsum TunnelFlags = 2 // GUE only
)

// Entry is one service with its destinations.
type Entry struct {
	Service      Service
	Destinations map[Server]Destination
}

// Table is what IPVS holds or shall hold. Counters are no part of it: two
// tables with the same services are the same.
type Table map[Key]Entry

// Counts are live figures of one destination as the kernel tells them.
type Counts struct {
	Active, Inactive, Persistent uint32
	Stats                        Stats
}

// Stats are totals of a service or a destination since it was added; the
// kernel brings them up to date every 2 s.
type Stats struct {
	Connections, PacketsIn, PacketsOut, BytesIn, BytesOut uint64

	Rates Rates
}

// Rates are what the kernel estimates per second, over the last ten or so.
type Rates struct {
	Connections, PacketsIn, PacketsOut, BytesIn, BytesOut uint64
}

// Figures are the live figures of a whole table.
type Figures map[Key]Figure

// Figure is what the kernel tells of one service.
type Figure struct {
	Stats   Stats
	Servers map[Server]Counts
}
