package realserver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Method is how the directors forward to this host: ipvsadm(8),
// packet-forwarding-method and tun-type.
type Method string

// The methods. FULLNAT needs nothing of a real server.
const (
	DR  Method = "dr"  // The frame is sent on as it is: --gatewaying.
	TUN Method = "tun" // IP in IP: --ipip.
	GUE Method = "gue" // IP in GUE in UDP: --ipip --tun-type gue.
	GRE Method = "gre" // IP in GRE: --ipip --tun-type gre.
	NAT Method = "nat" // The destination is rewritten: --masquerading. For verify only.
)

// tunnels says whether the packets come wrapped.
func (m Method) tunnels() bool { return m == TUN || m == GUE || m == GRE }

// ARP is what keeps this host silent about the VIP.
type ARP string

// The ways. IPv6 needs none: the kernel answers a neighbour solicitation only
// for an address of the interface on which it came (ndisc_recv_ns).
const (
	Sysctl ARP = "sysctl" // arp_ignore and arp_announce.
	NFT    ARP = "nft"    // A table of the arp family.
	Static ARP = "static" // Nothing here; a permanent neighbour entry at the router.
)

// family is an IP version, 4 or 6.
type family int

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return 4
	}
	return 6
}

// Wish says what kind of real server this host shall be.
type Wish struct {
	VIPs   []netip.Addr `json:"vips"`
	Method Method       `json:"method"`
	// Device carries the VIPs: lo, or a dummy that is made where it is absent.
	Device string `json:"device"`
	ARP    ARP    `json:"arp"`
	Port   uint16 `json:"port,omitempty"` // UDP port of GUE.
	// Outer is the IP version of the wrapping, 4 or 6; 0 means each VIP's own.
	Outer family `json:"outer,omitempty"`

	// What follows only verify knows, and Plan where it is given.
	From    netip.Addr `json:"-"` // A director, as it is seen from here.
	Gateway netip.Addr `json:"-"` // NAT: the directors' floating inside address.
	Client  netip.Addr `json:"-"` // Whom replies go to; where invalid, somebody far away.
	Listen  []Socket   `json:"-"` // Ports that shall be served.
}

// Check returns what is wrong with the wish.
func (w Wish) Check() error {
	var errs []error
	if len(w.VIPs) == 0 && w.Method != NAT {
		errs = append(errs, errors.New("--vip is missing: the address of the virtual service"))
	}
	for _, vip := range w.VIPs {
		if vip.IsUnspecified() || vip.IsMulticast() || vip.IsLoopback() || vip.Zone() != "" || vip.Is4In6() {
			errs = append(errs, fmt.Errorf("--vip %s: not an address that clients could use", vip))
		}
		if w.Method != NAT && vip == w.From {
			errs = append(errs, fmt.Errorf("--from %s: that is the VIP; name an address of the director's own", w.From))
		}
	}
	if !slices.Contains([]Method{DR, TUN, GUE, GRE, NAT}, w.Method) {
		errs = append(errs, fmt.Errorf("--method %q: want dr, tun, gue or gre", w.Method))
	}
	if w.Device != "lo" && (!strings.HasPrefix(w.Device, "dummy") || len(w.Device) > 15 || strings.ContainsAny(w.Device, "/. '\"")) {
		errs = append(errs, fmt.Errorf("--dev %q: want lo or a dummy such as dummy0", w.Device))
	}
	if !slices.Contains([]ARP{Sysctl, NFT, Static}, w.ARP) {
		errs = append(errs, fmt.Errorf("--arp %q: want sysctl, nft or static", w.ARP))
	}
	if w.Method == GUE && w.Port == 0 {
		errs = append(errs, errors.New("--tun-port is missing: the UDP port of GUE, tun_port at the director"))
	}
	if w.Outer != 0 && w.Outer != 4 && w.Outer != 6 {
		errs = append(errs, fmt.Errorf("--outer %d: want 4 or 6", w.Outer))
	}
	if w.Method != GUE && w.Port != 0 {
		errs = append(errs, fmt.Errorf("--tun-port is for --method gue: %s has no UDP port", w.Method))
	}
	if !w.Method.tunnels() && w.Outer != 0 {
		errs = append(errs, fmt.Errorf("--outer is for --method tun, gue and gre: with %s nothing is wrapped", w.Method))
	}
	if w.Method != NAT && w.ARP != Sysctl && len(w.VIPs) > 0 && !slices.ContainsFunc(w.VIPs, netip.Addr.Is4) {
		errs = append(errs, fmt.Errorf("--arp %s is for IPv4: the kernel is silent about an IPv6 address of %s anyway", w.ARP, w.Device))
	}
	return errors.Join(errs...)
}

// tunnel is the kernel's device that unwraps, and what unwrapping costs.
type tunnel struct {
	Device   string
	Type     string // Of the device, as ip-link(8) names it.
	Local    bool   // It must be bound to an address of this host.
	Overhead int    // Bytes that the wrapping adds.
}

// inIP6 is the device for both versions in IPv6. The kernel's ip6tnl0 takes IPv6
// alone, and not from the VIP, which a director's kernel may well choose as the
// outer source where real servers are in the VIP's network: the VIP is an
// address of the real server too, and ip6_tnl_rcv_ctl drops what seems to come
// from itself. A second device for any address is refused, so this one has a
// local address.
const inIP6 = "tandem-in6"

// tunnelOf returns the device for a VIP. The fallback devices take what no
// other tunnel wants, from whichever director.
func (w Wish) tunnelOf(vip netip.Addr) tunnel {
	outer, inner := w.outer(vip), familyOf(vip)
	overhead := map[family]int{4: 20, 6: 40}[outer]
	switch w.Method {
	case GRE:
		if outer == 6 {
			return tunnel{Device: "ip6gre0", Type: "ip6gre", Overhead: overhead + 4}
		}
		return tunnel{Device: "gre0", Type: "gre", Overhead: overhead + 4}
	case GUE:
		overhead += 8 + 4 // UDP, and GUE without options.
	}
	switch {
	case outer == 4 && inner == 4:
		return tunnel{Device: "tunl0", Type: "ipip", Overhead: overhead}
	case outer == 4:
		return tunnel{Device: "sit0", Type: "sit", Overhead: overhead}
	}
	return tunnel{Device: inIP6, Type: "ip6tnl", Local: true, Overhead: overhead}
}

func (w Wish) outer(vip netip.Addr) family {
	if w.Outer != 0 {
		return w.Outer
	}
	return familyOf(vip)
}

// client is whom the replies to a VIP's clients go to.
func (w Wish) client(f family) netip.Addr {
	if w.Client.IsValid() && familyOf(w.Client) == f {
		return w.Client
	}
	if f == 4 {
		return netip.AddrFrom4([4]byte{192, 0, 2, 1}) // RFC 5737: nobody, far away.
	}
	return netip.MustParseAddr("2001:db8::1") // RFC 3849.
}
