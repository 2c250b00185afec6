// Package advert is the wire format of VRRP: bytes to an Advert, or to the
// reason why they are dropped, and back.
//
// It speaks version 2 (RFC 3768, with the password and the authentication
// header of RFC 2338) and version 3 (RFC 9568) over IPv4, and version 3 over
// IPv6, both with keepalived's HMAC trailer. It knows nothing of any
// configuration: what a router must compare with its own is left to the
// caller, which uses the same Drop reasons.
package advert

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Protocol is the IP protocol number of VRRP (RFC 9568 section 5.1.1.4).
const Protocol = 112

// The groups that multicast adverts are sent to (RFC 9568 sections 5.1.1.2
// and 5.1.2.2).
var (
	Group4 = netip.AddrFrom4([4]byte{224, 0, 0, 18})
	Group6 = netip.MustParseAddr("ff02::12")
)

// Advert is one VRRP ADVERTISEMENT, the only message that VRRP has.
type Advert struct {
	Version   uint8 // 2 (RFC 3768) or 3 (RFC 9568)
	VRID      uint8
	Priority  uint8
	Interval  time.Duration // v3: multiples of 10 ms up to 40.95 s; v2: whole seconds up to 255
	Addresses []netip.Addr  // at most 255, all of the family of the carrying IP header
	AuthType  uint8         // v2 only: AuthNone, AuthPass or AuthHeader
	Auth      [8]byte       // v2 only
	Sum       Sum           // v3 over IPv4 only: what its checksum spans
}

const (
	headerLen = 8 // both versions, up to the checksum
	authLen   = 8 // v2: always there, after the addresses (RFC 3768 section 5.3)

	typeAdvertisement = 1

	secondsV2      = 255
	centisecondsV3 = 1<<12 - 1
	centisecond    = 10 * time.Millisecond
)

// Size is the length of the message in bytes, without what may follow it.
func (a Advert) Size() int {
	size := headerLen
	for _, addr := range a.Addresses {
		size += addr.BitLen() / 8
	}
	if a.Version == 2 {
		size += authLen
	}
	return size
}

// Marshal returns the message for an IP packet from src to dst; both are part
// of the version 3 checksum. It fails for what the format cannot say.
func (a Advert) Marshal(src, dst netip.Addr) ([]byte, error) {
	b, err := a.marshal(src.Unmap(), dst.Unmap())
	if err != nil {
		return nil, err
	}
	a.putSum(b, src.Unmap(), dst.Unmap())
	return b, nil
}

// marshal returns the message without its checksum.
func (a Advert) marshal(src, dst netip.Addr) ([]byte, error) {
	if a.Version != 3 && (a.Version != 2 || src.Is6()) {
		return nil, fmt.Errorf("marshal advert of VRID %d: no version %d for source %s", a.VRID, a.Version, src)
	}
	if src.Is4() != dst.Is4() || !src.IsValid() || !dst.IsValid() {
		return nil, fmt.Errorf("marshal advert of VRID %d: source %s and destination %s do not match", a.VRID, src, dst)
	}
	if len(a.Addresses) == 0 || len(a.Addresses) > 255 {
		return nil, fmt.Errorf("marshal advert of VRID %d: %d addresses, not 1-255", a.VRID, len(a.Addresses))
	}

	b := make([]byte, headerLen, a.Size()+TrailerLen)
	b[0] = a.Version<<4 | typeAdvertisement
	b[1] = a.VRID
	b[2] = a.Priority
	b[3] = uint8(len(a.Addresses))
	if err := a.putInterval(b); err != nil {
		return nil, err
	}
	for _, addr := range a.Addresses {
		if addr.Is4() != src.Is4() {
			return nil, fmt.Errorf("marshal advert of VRID %d: address %s is not of the family of %s", a.VRID, addr, src)
		}
		b = append(b, addr.AsSlice()...)
	}
	if a.Version == 2 {
		b = append(b, a.Auth[:]...)
	}
	return b, nil
}

// putInterval writes bytes 4 and 5, where the versions differ.
func (a Advert) putInterval(b []byte) error {
	if a.Version == 2 {
		seconds := a.Interval / time.Second
		if a.Interval%time.Second != 0 || seconds < 1 || seconds > secondsV2 {
			return fmt.Errorf("marshal advert of VRID %d: interval %s is not 1-255 s", a.VRID, a.Interval)
		}
		b[4] = a.AuthType
		b[5] = uint8(seconds)
		return nil
	}
	cs := a.Interval / centisecond
	if a.Interval%centisecond != 0 || cs < 1 || cs > centisecondsV3 {
		return fmt.Errorf("marshal advert of VRID %d: interval %s is not 0.01-40.95 s", a.VRID, a.Interval)
	}
	// RFC 9568 section 5.2.6: the four bits before it are zero.
	binary.BigEndian.PutUint16(b[4:], uint16(cs))
	return nil
}

// Parse reads the payload of an IP packet and does every check that needs no
// configuration. The Advert is meaningful only with Accepted. The order of
// the checks is keepalived's, since the order decides which counter moves.
//
// sums are what the checksum of version 3 over IPv4 may span, tried in order;
// none: PseudoHeader.
//
// RFC 9568 section 7.1 asks that the packet hold the complete message, so
// bytes behind it, from Advert.Size on, are no reason to drop; keepalived
// drops them unless they are its own trailer.
func Parse(payload []byte, src, dst netip.Addr, ttl uint8, sums ...Sum) (Advert, Drop) {
	src, dst = src.Unmap(), dst.Unmap()
	if len(payload) < headerLen {
		return Advert{}, Truncated
	}
	// RFC 9568 section 7.1: the TTL MUST be 255, which only a neighbour can
	// achieve. A unicast peer may be routers away; keepalived does not check it.
	if dst.IsMulticast() && ttl != 255 {
		return Advert{}, TTL
	}
	a := Advert{Version: payload[0] >> 4, VRID: payload[1], Priority: payload[2]}
	if a.Version != 3 && (a.Version != 2 || src.Is6()) {
		return a, Version
	}
	count := int(payload[3])
	end := headerLen + count*src.BitLen()/8
	if a.Version == 2 {
		end += authLen
	}
	if len(payload) < end {
		return a, Truncated
	}
	if payload[0]&0xf != typeAdvertisement {
		return a, Type
	}
	// RFC 9568 erratum 8299.
	if count == 0 {
		return a, NoAddresses
	}
	a.getInterval(payload)
	// RFC 9568 erratum 8301: followed, it would fire every backup at once.
	if a.Interval == 0 {
		return a, IntervalZero
	}
	if !a.verifySum(payload, end, src, dst, sums) {
		return a, Checksum
	}
	a.getAddresses(payload[headerLen:], src.BitLen()/8, count)
	if a.Version == 2 {
		copy(a.Auth[:], payload[end-authLen:end])
	}
	return a, Accepted
}

// getAddresses reads count addresses of size bytes each.
func (a *Advert) getAddresses(b []byte, size, count int) {
	a.Addresses = make([]netip.Addr, count)
	for i := range a.Addresses {
		a.Addresses[i], _ = netip.AddrFromSlice(b[i*size : (i+1)*size])
	}
}

// getInterval reads bytes 4 and 5, where the versions differ.
func (a *Advert) getInterval(b []byte) {
	if a.Version == 2 {
		a.AuthType = b[4]
		a.Interval = time.Duration(b[5]) * time.Second
		return
	}
	// RFC 9568 section 5.2.6: the reserved bits are not looked at.
	a.Interval = time.Duration(binary.BigEndian.Uint16(b[4:])&centisecondsV3) * centisecond
}
