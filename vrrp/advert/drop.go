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
	AuthFail         // wrong password
	IntervalMismatch // version 2 with another interval than ours

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
}

// String returns the name that counters and logs use.
func (d Drop) String() string {
	if d < NumDrops {
		return dropNames[d]
	}
	return "?"
}
