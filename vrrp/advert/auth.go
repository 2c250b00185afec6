package advert

import "crypto/subtle"

// The authentication types of VRRP version 2. RFC 3768 keeps only AuthNone;
// the others are those of RFC 2338 section 5.3.6.
const (
	AuthNone   = 0
	AuthPass   = 1 // a password in the message
	AuthHeader = 2 // an IP authentication header in front of it
)

// Authenticate compares the authentication of a version 2 advert with the
// configured type and, of AuthPass, the password filled with zeros. Version 3
// has none and passes (RFC 9568 section 9).
func (a Advert) Authenticate(want uint8, password [8]byte) Drop {
	if a.Version != 2 {
		return Accepted
	}
	// RFC 3768 section 7.1: the type must be the configured one.
	if a.AuthType != want {
		return AuthType
	}
	if want == AuthPass && subtle.ConstantTimeCompare(a.Auth[:], password[:]) != 1 {
		return AuthFail
	}
	return Accepted
}
