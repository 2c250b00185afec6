package advert

// Drop says why a received message was not taken. Each is a counter of its
// own (RFC 6527 in spirit).
type Drop uint8

// The reasons. Parse gives those up to Checksum; the others need a
// configuration to compare with and are given by the router.
const (
	Accepted Drop = iota

	Truncated    // shorter than its header, or than the addresses it counts
	TTL          // multicast with another TTL than 255: from beyond this link
	Version      // a version that is not spoken here
	Type         // not an ADVERTISEMENT
	NoAddresses  // no virtual address at all
	IntervalZero // an advertisement interval of zero
	Checksum

	VRID             // no such virtual router on this interface
	OwnAddress       // from our own address: a loop, or the address is used twice
	CastMismatch     // multicast to a unicast instance, or the reverse
	AuthType         // another authentication type than the configured one
	AuthFail         // wrong password, or an authentication header of another key
	IntervalMismatch // version 2 with another interval than ours
	UnknownPeer      // unicast from an address that is no peer, where that is checked
	Owner            // we own the addresses and hear nobody

	// Of the authentication header.
	HeaderMalformed // it is none that VRRP has
	HeaderReplay    // its sequence number has been seen

	// Of the HMAC trailer.
	Unsigned   // there is none
	Malformed  // something else is in its place
	UnknownKey // no key of that number is configured
	BadHMAC    // the signature is not that of the key
	Stale      // too far from our clock
	Replay     // its stamp has been seen

	NumDrops // how many reasons there are
)

var dropNames = [NumDrops]string{
	Accepted:         "accepted",
	Truncated:        "truncated",
	TTL:              "ttl",
	Version:          "version",
	Type:             "type",
	NoAddresses:      "no-addresses",
	IntervalZero:     "interval-zero",
	Checksum:         "checksum",
	VRID:             "vrid",
	OwnAddress:       "own-address",
	CastMismatch:     "multicast-unicast",
	AuthType:         "auth-type",
	AuthFail:         "auth-fail",
	IntervalMismatch: "interval-mismatch",
	UnknownPeer:      "unknown-peer",
	Owner:            "owner",
	HeaderMalformed:  "ah-malformed",
	HeaderReplay:     "ah-replay",
	Unsigned:         "hmac-missing",
	Malformed:        "hmac-malformed",
	UnknownKey:       "hmac-unknown-key",
	BadHMAC:          "hmac-bad",
	Stale:            "hmac-stale",
	Replay:           "hmac-replay",
}

// String returns the name that counters and logs use.
func (d Drop) String() string {
	if d < NumDrops {
		return dropNames[d]
	}
	return "?"
}
