package advert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// TrailerLen is the length of the signature that keepalived's auth_hmac (since
// 2.4) puts behind the message: type, key, two zero bytes, time stamp and the
// first 16 bytes of an HMAC-SHA256. The IPv4 checksum of the message does not
// span it, that of IPv6 does.
const TrailerLen = 28

const (
	trailerType  = 1
	trailerStamp = 4
	trailerCheck = 12
)

// Trailer is a signature as it was read.
type Trailer struct {
	Key   uint8 // number of the key that made it
	Stamp Stamp
	check [TrailerLen - trailerCheck]byte
}

// ParseTrailer reads what follows a message.
func ParseTrailer(b []byte) (Trailer, Drop) {
	switch {
	case len(b) == 0:
		return Trailer{}, Unsigned
	case len(b) != TrailerLen || b[0] != trailerType || b[2] != 0 || b[3] != 0:
		return Trailer{}, Malformed
	}
	t := Trailer{Key: b[1], Stamp: Stamp(binary.BigEndian.Uint64(b[trailerStamp:]))}
	copy(t.check[:], b[trailerCheck:])
	return t, Accepted
}

// Verify reports whether the holder of the key signed the message for a packet
// from src. The destination is not signed.
func (t Trailer) Verify(message []byte, src netip.Addr, key []byte) bool {
	want := t.sign(message, src.Unmap(), key)
	return hmac.Equal(want[:], t.check[:])
}

// MarshalSigned is Marshal with a signature behind the message.
func (a Advert) MarshalSigned(src, dst netip.Addr, id uint8, key []byte, stamp Stamp) ([]byte, error) {
	src, dst = src.Unmap(), dst.Unmap()
	b, err := a.marshal(src, dst)
	if err != nil {
		return nil, err
	}
	t := Trailer{Key: id, Stamp: stamp}
	check := t.sign(b, src, key)
	b = append(append(b, t.head()...), check[:]...)
	a.putSum(b, src, dst)
	return b, nil
}

// head is the trailer without the signature.
func (t Trailer) head() []byte {
	return binary.BigEndian.AppendUint64([]byte{trailerType, t.Key, 0, 0}, uint64(t.Stamp))
}

// sign returns the signature of a message: over the family, version, VRID and
// source, so that it fits no other router, the message with a checksum of
// zero, which the kernel may have filled in, and the trailer with a signature
// of zero.
func (t Trailer) sign(message []byte, src netip.Addr, key []byte) (check [TrailerLen - trailerCheck]byte) {
	var pseudo [20]byte
	pseudo[0] = 4
	if src.Is6() {
		pseudo[0] = 6
	}
	pseudo[1], pseudo[2] = message[0]>>4, message[1]
	copy(pseudo[4:], src.AsSlice())

	sum := hmac.New(sha256.New, key)
	sum.Write(pseudo[:])
	sum.Write(message[:6])
	sum.Write([]byte{0, 0})
	sum.Write(message[headerLen:])
	sum.Write(t.head())
	sum.Write(check[:])
	copy(check[:], sum.Sum(nil))
	return check
}
