package link

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

const (
	// internetworkControl is precedence 6, as every implementation sends it.
	internetworkControl = 0xc0
	// defaultTTL is that of RFC 9568 sections 5.1.1.3 and 5.1.2.3: the TTL MUST
	// be 255.
	defaultTTL = 255
)

func ttl(out vrrp.Outgoing) byte {
	if out.TTL == 0 {
		return defaultTTL
	}
	return out.TTL
}

// appendPacket appends the IP packet of a message.
func appendPacket(b []byte, out vrrp.Outgoing) []byte {
	switch {
	case out.Header != nil:
		return append(append(b, out.Header...), out.Payload...)
	case out.Dst.Is4():
		return appendIPv4(b, out)
	}
	return appendIPv6(b, out)
}

// appendIPv4 appends an IPv4 header and the payload. The kernel fills in
// length, identification and checksum (raw(7), IP_HDRINCL).
func appendIPv4(b []byte, out vrrp.Outgoing) []byte {
	src, dst := out.Src.As4(), out.Dst.As4()
	b = append(b,
		ipv4.Version<<4|ipv4.HeaderLen/4,
		internetworkControl,
		0, 0, 0, 0, // length, identification
		0, 0, // no fragment bits
		ttl(out),
		protocol, //
		0, 0,     // checksum
	)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	return append(b, out.Payload...)
}

// appendIPv6 appends an IPv6 header (RFC 8200 section 3) and the payload.
func appendIPv6(b []byte, out vrrp.Outgoing) []byte {
	src, dst := out.Src.As16(), out.Dst.As16()
	b = append(b, ipv6.Version<<4|internetworkControl>>4, internetworkControl&0xf<<4, 0, 0) // no flow label
	b = binary.BigEndian.AppendUint16(b, uint16(len(out.Payload)))
	b = append(b, protocol, ttl(out))
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	return append(b, out.Payload...)
}

// appendFrame appends the Ethernet frame of a multicast message, for which the
// kernel does nothing. The identification tells packets of one source apart.
func appendFrame(b []byte, out vrrp.Outgoing, identification uint16) []byte {
	mac, kind := groupMAC(out.Dst)
	b = append(b, mac[:]...)
	b = append(b, out.MAC[:]...)
	b = binary.BigEndian.AppendUint16(b, kind)
	at := len(b)
	b = appendPacket(b, out)
	if kind == unix.ETH_P_IP {
		header := b[at : at+ipv4.HeaderLen]
		binary.BigEndian.PutUint16(header[2:], uint16(len(b)-at))
		if out.Header == nil {
			binary.BigEndian.PutUint16(header[4:], identification)
		}
		header[10], header[11] = 0, 0
		binary.BigEndian.PutUint16(header[10:], checksum(header))
	}
	return b
}

// groupMAC is where frames for a group go (RFC 1112 section 6.4, RFC 2464
// section 7), and their EtherType.
func groupMAC(group netip.Addr) (mac [6]byte, kind uint16) {
	if group.Is4() {
		ip := group.As4()
		return [6]byte{0x01, 0x00, 0x5e, ip[1] & 0x7f, ip[2], ip[3]}, unix.ETH_P_IP
	}
	ip := group.As16()
	return [6]byte{0x33, 0x33, ip[12], ip[13], ip[14], ip[15]}, unix.ETH_P_IPV6
}

// checksum is that of an IPv4 header (RFC 791 section 3.1).
func checksum(header []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(header); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(header[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// parseIPv4 takes an IPv4 packet of one of our protocols apart. The payload
// ends where the header says it does: an Ethernet frame may be padded. The
// header is returned where it is part of what is signed, in an AH.
func parseIPv4(b []byte) (f vrrp.Frame, ok bool) {
	if len(b) < ipv4.HeaderLen || b[0]>>4 != ipv4.Version {
		return f, false
	}
	header, total := int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	if header < ipv4.HeaderLen || total < header || total > len(b) {
		return f, false
	}
	switch b[9] {
	case protocol:
	case protocolAH:
		f.Header = b[:header]
	default:
		return f, false
	}
	f.Src = netip.AddrFrom4([4]byte(b[12:16]))
	f.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	f.TTL = b[8]
	f.Payload = b[header:total]
	return f, true
}
