package advert

import (
	"encoding/binary"
	"net/netip"
)

// Sum is what the checksum of a version 3 advert over IPv4 spans. Version 2
// sums the message alone (RFC 3768 section 5.3.8), and over IPv6 there is a
// pseudo-header always (RFC 9568 section 5.2.8).
type Sum uint8

// The forms.
const (
	// PseudoHeader spans source and destination too. RFC 5798 could be read so,
	// and keepalived and FRR do: they drop an advert without it.
	PseudoHeader Sum = iota
	// MessageOnly is what RFC 9568 section 5.2.8 says.
	MessageOnly
	// OldUnicast is PseudoHeader with the multicast group for the destination of
	// a unicast advert, as keepalived sent it up to 1.3.6.
	OldUnicast
)

// putSum writes the checksum of packet payload b, whose field is zero.
func (a Advert) putSum(b []byte, src, dst netip.Addr) {
	binary.BigEndian.PutUint16(b[6:], a.sum(a.summed(b, a.Size(), src), src, dst))
}

// verifySum reports whether the checksum is right by one of the forms, and
// notes which; none: PseudoHeader. The message ends at end.
func (a *Advert) verifySum(b []byte, end int, src, dst netip.Addr, sums []Sum) bool {
	b = a.summed(b, end, src)
	if len(sums) == 0 || a.Version == 2 || src.Is6() {
		return a.sum(b, src, dst) == 0
	}
	for _, a.Sum = range sums {
		if a.sum(b, src, dst) == 0 {
			return true
		}
	}
	return false
}

// summed is the part of a payload that its checksum spans. Over IPv6 the kernel
// sums all that follows the IP header (RFC 8200 section 8.1), a trailer too.
func (a Advert) summed(b []byte, end int, src netip.Addr) []byte {
	if src.Is6() {
		return b
	}
	return b[:end]
}

// sum returns the checksum of b: what to store when its field is zero, and
// zero when the field holds the right one.
func (a Advert) sum(b []byte, src, dst netip.Addr) uint16 {
	var acc uint32
	if a.Version == 3 && (src.Is6() || a.Sum != MessageOnly) {
		if src.Is4() && a.Sum == OldUnicast {
			dst = Group4
		}
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
