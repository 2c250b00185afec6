// Package lab builds a small load-balanced network in network namespaces and
// breaks it: a client, a router, a director pair with an outside and an inside
// link, real servers, and a third host that watches.
//
//	client ── router ──┬── outside ──┬── director a ──┬── inside ──┬── s1 s2 s3
//	                   │             ├── director b ──┤            │
//	                   │             └── witness ─────┤            │
//	                   └──────────────────────────────┴────────────┘
//
// The directors are black boxes: any command that reads a keepalived.conf. The
// namespaces have no names, so that the end of the process that holds them,
// however it ends, is the end of the lab.
package lab

import (
	"net"
	"net/netip"
)

// Mode is a forwarding method of IPVS.
type Mode int

// The forwarding methods, as ip_vs(4) and keepalived.conf name them.
const (
	DR Mode = iota
	NAT
	TUN
)

// Director names one of the two directors.
type Director int

// The two directors. A has the higher priority.
const (
	A Director = iota + 1
	B
)

// Side is one of a director's two links.
type Side int

// The two links.
const (
	Outside Side = iota + 1
	Inside
)

// Interface names, the same in every host that has the link.
const (
	OutsideLink = "outside" // Router, directors, witness: the network of the VIPs.
	InsideLink  = "inside"  // Router, directors, witness, real servers.
	ClientLink  = "client"  // Client and router.
)

// The ports of the virtual services, the same at the VIP and at the real
// servers.
const (
	HTTPPort = 80   // Answers HTTP; checked by HTTP_GET or TCP_CHECK.
	EchoPort = 7000 // Answers each line with a line; checked by TCP_CHECK.
)

// HealthPath is the path that HTTP_GET asks for; it must answer 200.
const HealthPath = "/health"

// Leg is one attachment of a host to a network.
type Leg struct {
	Addr netip.Addr
	MAC  net.HardwareAddr
}

// Plan is the lab on paper: every address that a client, a real server, a
// configuration or a measurement needs.
type Plan struct {
	Mode Mode
	VIPs []netip.Addr // In the outside network.
	// Gateway is the virtual address inside by which the real servers route in
	// NAT mode. It exists only where the directors bring it up.
	Gateway netip.Addr

	ClientNet, OutsideNet, InsideNet netip.Prefix

	Client                      Leg
	RouterClient                Leg
	RouterOutside, RouterInside Leg
	Directors                   [2]DirectorLegs
	Witness                     DirectorLegs
	Servers                     []Leg
}

// DirectorLegs are the two links of a director or of the witness.
type DirectorLegs struct {
	Outside, Inside Leg
}

// NewPlan returns the plan of a lab with these options' mode and VIPs.
func NewPlan(mode Mode, vips []netip.Addr) Plan { panic("soon") }

// DefaultVIPs returns the first n of the outside network's virtual addresses.
func DefaultVIPs(n int) []netip.Addr { panic("soon") }

// Owner returns the director that has this hardware address on one of its
// links, or 0.
func (p Plan) Owner(mac net.HardwareAddr) Director { panic("soon") }

// Legs returns the links of a director.
func (p Plan) Legs(d Director) DirectorLegs { return p.Directors[d-1] }

// Other returns the peer.
func (d Director) Other() Director { return A + B - d }
