package ipvsadm

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// numbersAndDots reads the forms of an IPv4 address that inet_aton(3) takes:
// one to four numbers, decimal, octal or hexadecimal, of which the last fills
// the bytes that are left. Blanks end it.
func numbersAndDots(s string) (netip.Addr, bool) {
	if i := strings.IndexAny(s, blanks); i >= 0 {
		s = s[:i]
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, part := range parts {
		room := 8
		if i == len(parts)-1 {
			room = 8 * (5 - len(parts))
		}
		if strings.ContainsAny(part, "_+-") || strings.HasPrefix(part, "0b") || strings.HasPrefix(part, "0o") {
			return netip.Addr{}, false
		}
		n, err := strconv.ParseUint(part, 0, room)
		if err != nil {
			return netip.Addr{}, false
		}
		sum = sum<<room | n
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(sum)))), true
}

// plainIPv6 is an IPv6 address without a zone.
func plainIPv6(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Is6() && a.Zone() == ""
}

// hostPort reads HOST[:PORT]. What is in brackets must have a port behind it,
// which however is ignored where it turns out to be no IPv6 address: so does
// the original. Given tells that there was a port.
func (p *parser) hostPort(s string, proto ipvs.Protocol) (ap netip.AddrPort, given, ok bool) {
	if a, ok := plainIPv6(s); ok {
		return netip.AddrPortFrom(a, 0), false, true
	}
	if rest, found := strings.CutPrefix(s, "["); found {
		host, port, found := strings.Cut(rest, "]:")
		if !found || strings.ContainsAny(port, "]") {
			return ap, false, false
		}
		if a, ok := plainIPv6(host); ok {
			n, ok := p.port(port, proto)
			return netip.AddrPortFrom(a, n), true, ok
		}
		a, ok := p.host4(host)
		return netip.AddrPortFrom(a, 0), false, ok
	}
	host, port, given := strings.Cut(s, ":")
	a, ok := p.host4(host)
	if !ok || !given {
		return netip.AddrPortFrom(a, 0), false, ok
	}
	n, ok := p.port(port, proto)
	return netip.AddrPortFrom(a, n), true, ok
}

// host4 is an IPv4 address or a name that has one.
func (p *parser) host4(host string) (netip.Addr, bool) {
	if a, ok := numbersAndDots(host); ok {
		return a, true
	}
	if host == "" || strings.ContainsAny(host, blanks) {
		return netip.Addr{}, false
	}
	return p.names.address(host)
}

// port is a number or the name of a service of the protocol.
func (p *parser) port(s string, proto ipvs.Protocol) (uint16, bool) {
	if n, ok := number(s, 0, 65535); ok {
		return uint16(n), true
	}
	return p.names.port(s, proto)
}
