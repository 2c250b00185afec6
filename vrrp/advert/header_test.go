package advert

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
)

// sealed is an advert in an authentication header, as it is sent to dst.
func sealed(t testing.TB, dst netip.Addr, ttl uint8) (header, payload []byte) {
	t.Helper()
	a := valid(2)
	a.AuthType = AuthHeader
	b, err := a.Marshal(src, dst)
	if err != nil {
		t.Fatal(err)
	}
	header = IPv4Header(src, dst, ttl, 7, SealedLen(len(b)))
	return header, Seal(header, b, 1000, password)
}

func TestVerifySeal(t *testing.T) {
	other := netip.MustParseAddr("10.20.0.2")
	tests := []struct {
		name   string
		dst    netip.Addr // invalid: multicast
		change func(header, payload []byte)
		key    [8]byte // zero: the right one
		want   bool
	}{
		{name: "K-08 control: multicast", want: true},
		{name: "K-08 control: unicast", dst: other, want: true},
		{name: "R-15 K-08 another key", key: [8]byte{'x'}},
		{name: "K-08 the type of service may change", change: func(h, _ []byte) { h[1] = 0 }, want: true},
		{name: "K-08 the fragment bits may change", change: func(h, _ []byte) { h[6] = 0x40 }, want: true},
		{name: "K-08 the header checksum may change", change: func(h, _ []byte) { h[10]++ }, want: true},
		{name: "K-08 unicast: the TTL may change", dst: other, change: func(h, _ []byte) { h[8] = 64 }, want: true},
		{name: "K-08 multicast: the TTL may not", change: func(h, _ []byte) { h[8] = 64 }},
		{name: "K-08 the identification may not", change: func(h, _ []byte) { h[5]++ }},
		{name: "K-08 the length may not", change: func(h, _ []byte) { h[3]++ }},
		{name: "K-08 the source may not", change: func(h, p []byte) { h[15]++; p[7]++ }},
		{name: "K-08 the SPI is the source", change: func(_, p []byte) { p[7]++ }},
		{name: "K-08 the destination may not", change: func(h, _ []byte) { h[19]++ }},
		{name: "K-09 the sequence number may not", change: func(_, p []byte) { p[11]++ }},
		{name: "K-08 nor the check value", change: func(_, p []byte) { p[23]++ }},
		{name: "K-08 nor the message", change: func(_, p []byte) { p[26] = 255 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.dst.IsValid() {
				tt.dst = Group4
			}
			header, payload := sealed(t, tt.dst, 255)
			if tt.change != nil {
				tt.change(header, payload)
			}
			if tt.key == [8]byte{} {
				tt.key = password
			}
			if got := VerifySeal(header, payload, tt.key); got != tt.want {
				t.Errorf("right: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestVerifySealRefusesIPv4Options(t *testing.T) {
	header, payload := sealed(t, Group4, 255)
	if header = append(header, 1, 1, 1, 1); VerifySeal(header, payload, password) {
		t.Error("believed with options")
	}
}

func TestUnseal(t *testing.T) {
	_, payload := sealed(t, Group4, 255)
	tests := []struct {
		name   string
		change func(b []byte) []byte
		want   bool
	}{
		{"K-08 control", func(b []byte) []byte { return b }, true},
		{"K-08 nothing", func([]byte) []byte { return nil }, false},
		{"K-08 cut within", func(b []byte) []byte { return b[:23] }, false},
		{"K-08 another protocol inside", func(b []byte) []byte { b[0] = 6; return b }, false},
		{"K-08 another length", func(b []byte) []byte { b[1] = 5; return b }, false},
		{"K-08 reserved bits", func(b []byte) []byte { b[3] = 1; return b }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			message, sequence, ok := Unseal(tt.change(slices.Clone(payload)))
			if ok != tt.want {
				t.Fatalf("read: %v, want %v", ok, tt.want)
			}
			if ok && (sequence != 1000 || !bytes.Equal(message, payload[24:])) {
				t.Errorf("sequence %d, message % x", sequence, message)
			}
		})
	}
}

// FuzzSeal: whatever arrives, nothing panics, and only what was sealed with the
// key is believed.
func FuzzSeal(f *testing.F) {
	for _, name := range []string{"v2-auth-ah-ka2.2.7", "ucast-v2-ah-ka2.2.7"} {
		for _, c := range readCapture(f, name) {
			f.Add(c.header, c.payload)
		}
	}
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		message, sequence, ok := Unseal(payload)
		if !ok || !VerifySeal(header, payload, password) {
			return
		}
		if again := Seal(header, message, sequence, password); !bytes.Equal(again, payload) {
			t.Fatalf("believed % x, would have sent % x", payload, again)
		}
	})
}
