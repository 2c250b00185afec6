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
	"bytes"
	"net"
	"net/netip"
	"strconv"
)

// Mode is a forwarding method of IPVS.
type Mode int

// The forwarding methods, as ipvsadm(8) and keepalived.conf(5) name them.
const (
	DR Mode = iota
	NAT
	TUN
	// All is a lab for tests that bring their own services: its real servers
	// take every method at once, over IPv4 and IPv6 and with every tunnel. It
	// is always dual stack, and its directors' kernels are as they come: what
	// forwarding needs there is the directors' to set.
	All
)

// String returns the name that lb_kind takes.
func (m Mode) String() string { return name([]string{"DR", "NAT", "TUN", "all"}, int(m)) }

// Director names one of the two directors.
type Director int

// The two directors. A has the higher priority.
const (
	A Director = iota + 1
	B
)

// String returns the name of the director's host.
func (d Director) String() string { return name([]string{"none", "a", "b"}, int(d)) }

// Other returns the peer.
func (d Director) Other() Director { return A + B - d }

// Side is one of a director's two links.
type Side int

// The two links.
const (
	Outside Side = iota + 1
	Inside
)

// String returns the name of the side's interface.
func (s Side) String() string { return name([]string{"none", OutsideLink, InsideLink}, int(s)) }

func name(names []string, i int) string {
	if i >= 0 && i < len(names) {
		return names[i]
	}
	return "invalid " + strconv.Itoa(i)
}

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
	Addr  netip.Addr
	Addr6 netip.Addr // Only where the lab is dual stack.
	MAC   net.HardwareAddr
}

// DirectorLegs are the two links of a director or of the witness.
type DirectorLegs struct {
	Outside, Inside Leg
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

	// VIPs6 and Gateway6 are those of a dual-stack lab. They float with the
	// others: VRRP for IPv4 carries them as excluded addresses.
	VIPs6    []netip.Addr
	Gateway6 netip.Addr

	Client                      Leg
	RouterClient                Leg
	RouterOutside, RouterInside Leg
	Directors                   [2]DirectorLegs
	Witness                     DirectorLegs
	Servers                     []Leg
	// Summed are second addresses of the real servers in mode All, at which
	// they take GRE with checksums and no other.
	Summed []Leg
}

// The networks: of RFC 5737 outside, of RFC 1918 inside. Never changed.
var (
	clientNet  = netip.MustParsePrefix("198.51.100.0/24")
	outsideNet = netip.MustParsePrefix("192.0.2.0/24")
	insideNet  = netip.MustParsePrefix("10.77.0.0/24")
)

// The last byte of each host's addresses.
const (
	hostRouter   = 1
	hostClient   = 10
	hostDirector = 11 // And the next for B.
	hostWitness  = 13
	hostServer   = 21 // And the next ones.
	hostSummed   = 31 // And the next ones.
	hostVIP      = 100
	hostGateway  = 254
)

// serverCount is the number of real servers.
const serverCount = 3

// NewPlan returns the plan of a lab with this mode and these VIPs, nil for
// DefaultVIPs(1).
func NewPlan(mode Mode, vips []netip.Addr) Plan {
	if vips == nil {
		vips = DefaultVIPs(1)
	}
	p := Plan{
		Mode: mode, VIPs: vips, Gateway: host(insideNet, hostGateway),
		ClientNet: clientNet, OutsideNet: outsideNet, InsideNet: insideNet,
		Client:        leg(clientNet, hostClient),
		RouterClient:  leg(clientNet, hostRouter),
		RouterOutside: leg(outsideNet, hostRouter),
		RouterInside:  leg(insideNet, hostRouter),
		Witness:       DirectorLegs{leg(outsideNet, hostWitness), leg(insideNet, hostWitness)},
	}
	for i := range p.Directors {
		p.Directors[i] = DirectorLegs{leg(outsideNet, hostDirector+i), leg(insideNet, hostDirector+i)}
	}
	for i := range serverCount {
		p.Servers = append(p.Servers, leg(insideNet, hostServer+i))
	}
	if mode == All {
		for i, s := range p.Servers {
			p.Summed = append(p.Summed, Leg{Addr: host(insideNet, hostSummed+i), MAC: s.MAC})
		}
		return p.DualStack()
	}
	return p
}

// DefaultVIPs returns the first n of the outside network's virtual addresses.
func DefaultVIPs(n int) []netip.Addr {
	var vips []netip.Addr
	for i := range n {
		vips = append(vips, host(outsideNet, hostVIP+i))
	}
	return vips
}

// host returns an address in one of the lab's /24 networks.
func host(network netip.Prefix, last int) netip.Addr {
	b := network.Addr().As4()
	b[3] = byte(last)
	return netip.AddrFrom4(b)
}

// leg gives a host an address and a locally administered hardware address that
// tells its network and number to whoever reads a capture.
func leg(network netip.Prefix, last int) Leg {
	a := host(network, last)
	b := a.As4()
	return Leg{Addr: a, MAC: net.HardwareAddr{0x02, 0, b[0], b[1], b[2], b[3]}}
}

// Legs returns the links of a director.
func (p Plan) Legs(d Director) DirectorLegs { return p.Directors[d-1] }

// Owner returns the director that has this hardware address on one of its
// links, or 0.
func (p Plan) Owner(mac net.HardwareAddr) Director {
	for _, d := range []Director{A, B} {
		if legs := p.Legs(d); bytes.Equal(mac, legs.Outside.MAC) || bytes.Equal(mac, legs.Inside.MAC) {
			return d
		}
	}
	return 0
}
