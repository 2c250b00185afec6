package vrrp

import (
	"strings"
	"testing"
	"time"
)

func TestValidateAuth(t *testing.T) {
	key := func(id uint8, size int) HMACKey { return HMACKey{id, Secret(strings.Repeat("k", size))} }
	signed := func(h HMAC) func(*Instance) { return func(in *Instance) { in.HMAC = &h } }
	tests := []struct {
		name   string
		change func(*Instance)
		want   string // empty: valid
	}{
		{"K-50 a key of 32 bytes and one of 64", signed(HMAC{Keys: []HMACKey{key(1, 32), key(255, 64)}, Active: 255, Window: time.Second}), ""},
		{"K-50 a key of 31", signed(HMAC{Keys: []HMACKey{key(1, 31)}, Active: 1}), "HMAC key 1 has 31 bytes, not 32-64"},
		{"K-50 a key of 65", signed(HMAC{Keys: []HMACKey{key(1, 65)}, Active: 1}), "HMAC key 1 has 65 bytes, not 32-64"},
		{"K-50 key 0", signed(HMAC{Keys: []HMACKey{key(0, 32)}}), "HMAC key 0 is not 1-255"},
		{"K-50 a key twice", signed(HMAC{Keys: []HMACKey{key(1, 32), key(1, 32)}, Active: 1}), "HMAC key 1 is there twice"},
		{"K-50 no such key to sign with", signed(HMAC{Keys: []HMACKey{key(1, 32)}, Active: 2}), "HMAC key 2, which is to sign, is not there"},
		{"K-50 a window of 301 s", signed(HMAC{Keys: []HMACKey{key(1, 32)}, Active: 1, Window: 301 * time.Second}), "HMAC time window 5m1s is not 1-300 whole seconds"},
		{"K-50 a password beside", func(in *Instance) { auth(in); signed(HMAC{Keys: []HMACKey{key(1, 32)}, Active: 1})(in) }, "adverts have either a password or an HMAC"},
		{"K-07 a password in version 3", func(in *Instance) { in.Auth = secret }, "a password is of VRRP version 2 only"},
		{"K-08 an authentication header without a key", func(in *Instance) { in.Version, in.AuthHeader = V2, true }, "an authentication header needs a password as its key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := vi(100, tt.change).Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != "instance VI_1: "+tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
