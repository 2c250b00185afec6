// Package advert is the wire format of VRRP.
package advert

import (
	"net/netip"
	"time"
)

// Advert is one VRRP ADVERTISEMENT.
type Advert struct {
	Version   uint8 // 2 (RFC 3768) or 3 (RFC 9568)
	VRID      uint8
	Priority  uint8
	Interval  time.Duration // v3: multiples of 10 ms up to 40.95 s; v2: whole seconds up to 255
	Addresses []netip.Addr  // at most 255, all of the family of the carrying IP header
	AuthType  uint8         // v2 only: AuthNone or AuthPass
	Auth      [8]byte       // v2 only
}
