package conf

import "net/netip"

// noHost says why no host can have the address; empty: one can. The kernel
// refuses such a server when it is added, and takes some of them as an address:
// what is wrong then shows during a takeover, so it is said here.
func noHost(a netip.Addr) string {
	switch {
	case a.IsMulticast():
		return "it is a multicast address"
	case a.Is4() && a.As4()[0] == 0, a.IsUnspecified():
		// RFC 1122 section 3.2.1.3: "this host on this network" is a source
		// of one that has no address yet, RFC 4291 section 2.5.2 for IPv6.
		return "it is the address of a host that has none"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "it is the broadcast address"
	}
	return ""
}

// noVirtual says why an address cannot move between directors; empty: it can.
func noVirtual(a netip.Addr) string {
	if why := noHost(a); why != "" {
		return why
	}
	if a.IsLoopback() {
		return "a loopback address never leaves its host"
	}
	return ""
}

// edgeOf says what an address is to the hosts of its network, if they do not
// take it for one of a host.
func edgeOf(p netip.Prefix) string {
	a := p.Addr()
	switch {
	case a.Is6() || p.Bits() >= 31:
		// A /31 has two hosts and nothing else (RFC 3021), and IPv6 has no
		// broadcast.
	case a == p.Masked().Addr():
		return "it is the network address of " + p.Masked().String()
	case a == lastAddr(p):
		return "it is the broadcast address of " + p.Masked().String()
	}
	return ""
}
