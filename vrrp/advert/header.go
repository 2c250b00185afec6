package advert

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net/netip"
)

// HeaderProtocol is the IP protocol number of the authentication header (RFC
// 4302), which carries adverts of AuthHeader.
const HeaderProtocol = 51

// The authentication header as VRRP has it: next header, length, reserved, SPI,
// sequence number and the first 12 bytes of an HMAC-MD5 (RFC 2403).
const (
	ahLen      = 24
	ahSequence = 8
	ahCheck    = 12

	ipv4HeaderLen = 20
	ipv4TTL       = 8
	ipv4Sum       = 10
)

// IPv4Header returns the header of the packet that shall carry size bytes in
// an authentication header. It is complete but for its checksum, which the
// kernel fills in: what a signature spans must not be left to the kernel. id
// is not 0, which the kernel would replace.
func IPv4Header(src, dst netip.Addr, ttl uint8, id uint16, size int) []byte {
	b := make([]byte, ipv4HeaderLen)
	b[0] = 4<<4 | ipv4HeaderLen/4
	b[1] = 0xc0 // precedence 6, internetwork control, as every implementation sends it
	binary.BigEndian.PutUint16(b[2:], uint16(ipv4HeaderLen+size))
	binary.BigEndian.PutUint16(b[4:], id)
	b[ipv4TTL] = ttl
	b[9] = HeaderProtocol
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	return b
}

// Seal returns what follows the IPv4 header: an authentication header with
// this sequence number, and the message. Its SPI is the sender's address, as
// in keepalived. header is that of IPv4Header.
func Seal(header, message []byte, sequence uint32, key [8]byte) []byte {
	b := make([]byte, ahLen, ahLen+len(message))
	b[0] = Protocol
	b[1] = ahLen/4 - 2 // RFC 4302 section 2.2: in words, less two
	copy(b[4:8], header[12:16])
	binary.BigEndian.PutUint32(b[ahSequence:], sequence)
	b = append(b, message...)
	check := checkValue(header, b, key)
	copy(b[ahCheck:ahLen], check[:])
	return b
}

// SealedLen is the length of what Seal returns for a message of that length.
func SealedLen(message int) int { return ahLen + message }

// Unseal takes the authentication header off what followed an IPv4 header. It
// checks nothing but the layout; VerifySeal does the rest.
func Unseal(payload []byte) (message []byte, sequence uint32, ok bool) {
	// RFC 4302 section 2: the reserved bits are zero.
	if len(payload) < ahLen || payload[0] != Protocol || payload[1] != ahLen/4-2 || payload[2] != 0 || payload[3] != 0 {
		return nil, 0, false
	}
	return payload[ahLen:], binary.BigEndian.Uint32(payload[ahSequence:]), true
}

// VerifySeal reports whether header and payload, which Unseal has accepted,
// are what the holder of the key sent. IPv4 options, which no implementation
// sends, are refused: which of them may change on the way is beyond VRRP.
func VerifySeal(header, payload []byte, key [8]byte) bool {
	if len(header) != ipv4HeaderLen || len(payload) < ahLen {
		return false
	}
	// The SPI is the sender's address, in keepalived as here.
	if string(payload[4:8]) != string(header[12:16]) {
		return false
	}
	check := checkValue(header, payload, key)
	return hmac.Equal(check[:], payload[ahCheck:ahLen])
}

// checkValue is the integrity check value of RFC 4302 section 3.3.3: over the
// packet with those fields as zero that change on the way. keepalived counts
// the TTL among them for unicast only: a multicast advert keeps its 255.
func checkValue(header, payload []byte, key [8]byte) (check [12]byte) {
	var ip [ipv4HeaderLen]byte
	copy(ip[:], header)
	ip[1] = 0
	ip[6], ip[7] = 0, 0
	ip[ipv4Sum], ip[ipv4Sum+1] = 0, 0
	if ip[16]>>4 != 0xe { // no multicast address
		ip[ipv4TTL] = 0
	}
	sum := hmac.New(md5.New, key[:])
	sum.Write(ip[:])
	sum.Write(payload[:ahCheck])
	sum.Write(check[:]) // The field itself counts as zero.
	sum.Write(payload[ahLen:])
	copy(check[:], sum.Sum(nil))
	return check
}
