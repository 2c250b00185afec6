package vrrp

import (
	"fmt"
	"slices"
	"time"
)

// The sizes of an HMAC key in bytes, as keepalived takes them.
const minKey, maxKey = 32, 64

// validateAuth returns what is wrong with the authentication of an instance. No
// message shows a secret.
func (in Instance) validateAuth() (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("instance %s: "+format, append([]any{in.Name}, args...)...))
	}
	if in.Auth != (Password{}) && in.Version != V2 {
		bad("a password is of VRRP version 2 only")
	}
	if in.AuthHeader && in.Auth == (Password{}) {
		bad("an authentication header needs a password as its key")
	}
	h := in.HMAC
	if h == nil {
		return errs
	}
	if in.Auth != (Password{}) {
		bad("adverts have either a password or an HMAC")
	}
	for i, k := range h.Keys {
		if k.ID == 0 {
			bad("HMAC key 0 is not 1-255")
		}
		if len(k.Secret) < minKey || len(k.Secret) > maxKey {
			bad("HMAC key %d has %d bytes, not %d-%d", k.ID, len(k.Secret), minKey, maxKey)
		}
		if slices.ContainsFunc(h.Keys[:i], func(other HMACKey) bool { return other.ID == k.ID }) {
			bad("HMAC key %d is there twice", k.ID)
		}
	}
	if _, known := h.secret(h.Active); !known {
		bad("HMAC key %d, which is to sign, is not there", h.Active)
	}
	if h.Window < 0 || h.Window > 300*time.Second || h.Window%time.Second != 0 {
		bad("HMAC time window %s is not 1-300 whole seconds", h.Window)
	}
	return errs
}
