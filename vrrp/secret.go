package vrrp

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a key of some bytes that no log or dump shows.
type Secret string

// mask is what a secret looks like to everybody.
const mask = "********"

// String hides the secret, so that no log or dump can show it; none: empty.
func (s Secret) String() string { return masked(s == "") }

// String hides the password, so that no log or dump can show it; none: empty.
func (p Password) String() string { return masked(p == Password{}) }

func masked(none bool) string {
	if none {
		return ""
	}
	return mask
}

// Format hides the secret whatever the verb is: %x and %#v ask for no String.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Format hides the password likewise.
func (p Password) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// MarshalText hides the secret from JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText hides the password likewise.
func (p Password) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// LogValue hides the secret from every handler of a log.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue hides the password likewise.
func (p Password) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Format says which keys there are. A pointer in a struct is printed with all
// that it points to, the methods of that left aside, where the verb does not fit.
func (h HMAC) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "HMAC(%d keys, key %d signs)", len(h.Keys), h.Active)
}
