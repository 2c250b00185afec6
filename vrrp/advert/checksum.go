package advert

import (
	"encoding/binary"
	"net/netip"
)

// sum returns the checksum of message b: what to store when its field is
// zero, and zero when the field holds the right one.
//
// RFC 9568 section 5.2.8 leaves the pseudo-header out over IPv4 where RFC 5798
// could be read either way. keepalived and FRR include it and drop an advert
// without it, so it is included here too, with the packet's real addresses
// even for unicast. Version 2 never had one (RFC 3768 section 5.3.8).
func (a Advert) sum(b []byte, src, dst netip.Addr) uint16 {
	var acc uint32
	if a.Version == 3 {
		acc = add(acc, src.AsSlice())
		acc = add(acc, dst.AsSlice())
		// The rest of the pseudo-header is zeros, protocol and length, which
		// add up alike in IPv4's layout and in that of RFC 8200 section 8.1.
		acc += Protocol + uint32(len(b))
	}
	acc = add(acc, b)
	for acc > 0xffff {
		acc = acc>>16 + acc&0xffff
	}
	return ^uint16(acc)
}

// add adds b to a ones' complement sum as big-endian words. The carries are
// folded in at the end: the 64 KB that IP carries cannot overflow 32 bits.
func add(acc uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		acc += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		acc += uint32(b[0]) << 8
	}
	return acc
}
