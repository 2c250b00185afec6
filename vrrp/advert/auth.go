package advert

import "crypto/subtle"

// The authentication types of VRRP version 2. RFC 3768 keeps only None; the
// password is that of RFC 2338 section 5.3.6.
const (
	AuthNone = 0
	AuthPass = 1
)

// Authenticate compares the authentication of a version 2 advert with the
// configured secret, filled with zeros; a zero secret means none is asked
// for. Version 3 has no authentication and passes (RFC 9568 section 9).
func (a Advert) Authenticate(secret [8]byte) Drop {
	if a.Version != 2 {
		return Accepted
	}
	var want uint8 = AuthNone
	if secret != ([8]byte{}) {
		want = AuthPass
	}
	// RFC 3768 section 7.1: the type must be the configured one.
	if a.AuthType != want {
		return AuthType
	}
	if want == AuthPass && subtle.ConstantTimeCompare(a.Auth[:], secret[:]) != 1 {
		return AuthFail
	}
	return Accepted
}
