package advert

import "time"

// Stamp is the time stamp of a signed advert: 32 bits of seconds since 1970,
// 16 of a fraction of a second, and a 16-bit counter. It grows with each advert
// of a sender. Stamps are ordered as serial numbers (RFC 1982), so that the
// wrap of 2106 is none.
type Stamp uint64

// StampAt is the stamp of a moment, with a counter of zero. t is a reading of
// the wall clock.
func StampAt(t time.Time) Stamp {
	fraction := uint64(t.Nanosecond()) << 16 / uint64(time.Second)
	return Stamp(uint64(uint32(t.Unix()))<<32 | fraction<<16)
}

// After reports whether s is later than other.
func (s Stamp) After(other Stamp) bool { return int64(s-other) > 0 }

// Ahead is by how much s is later than other, in whole seconds as keepalived
// counts; negative: earlier.
func (s Stamp) Ahead(other Stamp) time.Duration {
	return time.Duration(int32(uint32(s>>32)-uint32(other>>32))) * time.Second
}
