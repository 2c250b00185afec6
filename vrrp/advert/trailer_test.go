package advert

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// longKey is the longest key that keepalived takes.
var longKey = func() (key []byte) {
	for i := range byte(64) {
		key = append(key, i)
	}
	return key
}()

// TestSignedVectors pins what the captures have none of. The bytes were
// computed by hand from the description of the format.
func TestSignedVectors(t *testing.T) {
	v6 := Advert{Version: 3, VRID: 51, Priority: 150, Interval: 500 * time.Millisecond,
		Addresses: []netip.Addr{netip.MustParseAddr("fe80::99"), netip.MustParseAddr("2001:db8:20::99")}}
	v2 := Advert{Version: 2, VRID: 51, Priority: 150, Interval: time.Second, Addresses: []netip.Addr{vip}}
	const stamp = 0x6b031394_3b15_0007
	tests := []struct {
		name     string
		a        Advert
		src, dst netip.Addr
		want     string
	}{
		{"K-06 K-50 IPv6: the checksum spans the trailer", v6, netip.MustParseAddr("fe80::a"), Group6, "313396020032928ffe80000000000000000000000000009920010db800200000000000000000009901c800006b0313943b1500073fe5064fadef35d11eb58c32b8d130fe"},
		{"K-50 version 2: behind the authentication data", v2, src, Group4, "2133960100013e530a140063000000000000000001c800006b0313943b150007ccabc173147875891eba6f758b4f9461"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.a.MarshalSigned(tt.src, tt.dst, 200, longKey, stamp)
			if err != nil {
				t.Fatal(err)
			}
			if want := unhex(t, tt.want); !bytes.Equal(got, want) {
				t.Errorf("got\n%x, want\n%x", got, want)
			}
			a, drop := Parse(got, tt.src, tt.dst, 255)
			if drop != Accepted || a.Size() != len(got)-TrailerLen {
				t.Fatalf("%s, size %d of %d", drop, a.Size(), len(got))
			}
			s, drop := ParseTrailer(got[a.Size():])
			if drop != Accepted || s.Key != 200 || s.Stamp != stamp || !s.Verify(got[:a.Size()], tt.src, longKey) {
				t.Errorf("%s: %+v", drop, s)
			}
		})
	}
}

// TestSignedCopiesAreEqual: the destination is not signed.
func TestSignedCopiesAreEqual(t *testing.T) {
	t.Run("K-50 unicast copies differ by their checksum only", func(t *testing.T) {
		var copies [2][]byte
		for i, dst := range []string{"10.20.0.2", "10.20.0.3"} {
			b, err := valid(3).MarshalSigned(src, netip.MustParseAddr(dst), 1, hmacKey, 1)
			if err != nil {
				t.Fatal(err)
			}
			copies[i] = b
		}
		if !bytes.Equal(copies[0][8:], copies[1][8:]) || bytes.Equal(copies[0][6:8], copies[1][6:8]) {
			t.Errorf("% x\n% x", copies[0], copies[1])
		}
	})
}

func TestTrailer(t *testing.T) {
	const size = 12 // of the message
	other := netip.MustParseAddr("10.20.0.2")
	tests := []struct {
		name   string
		change func(b []byte) []byte
		src    netip.Addr
		key    []byte
		want   Drop
	}{
		{name: "K-50 control", want: Accepted},
		{name: "K-51 none", change: func(b []byte) []byte { return b[:size] }, want: Unsigned},
		{name: "K-51 cut", change: func(b []byte) []byte { return b[:len(b)-1] }, want: Malformed},
		{name: "K-51 longer", change: func(b []byte) []byte { return append(b, 0) }, want: Malformed},
		{name: "K-51 another type", change: func(b []byte) []byte { b[size] = 2; return b }, want: Malformed},
		{name: "K-51 reserved bits", change: func(b []byte) []byte { b[size+3] = 1; return b }, want: Malformed},
		{name: "K-51 another key", key: longKey, want: BadHMAC},
		{name: "K-51 another source", src: other, want: BadHMAC},
		{name: "K-51 another priority", change: func(b []byte) []byte { b[2] = 255; return b }, want: BadHMAC},
		{name: "K-51 another VRID", change: func(b []byte) []byte { b[1] = 52; return b }, want: BadHMAC},
		{name: "K-51 another stamp", change: func(b []byte) []byte { b[size+11]++; return b }, want: BadHMAC},
		{name: "K-51 another key number", change: func(b []byte) []byte { b[size+1]++; return b }, want: BadHMAC},
		{name: "K-51 another signature", change: func(b []byte) []byte { b[len(b)-1]++; return b }, want: BadHMAC},
		{name: "K-50 the checksum is not signed", change: func(b []byte) []byte { b[6]++; return b }, want: Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := valid(3).MarshalSigned(src, Group4, 1, hmacKey, 0x6b031394_3b150000)
			if err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				b = tt.change(b)
			}
			if !tt.src.IsValid() {
				tt.src = src
			}
			if tt.key == nil {
				tt.key = hmacKey
			}
			s, got := ParseTrailer(b[size:])
			if got == Accepted && !s.Verify(b[:size], tt.src, tt.key) {
				got = BadHMAC
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestStamp(t *testing.T) {
	at := time.Unix(0x6b031394, int64(time.Second/2))
	s := StampAt(at)
	if s != 0x6b031394_8000_0000 {
		t.Errorf("got %x", uint64(s))
	}
	last := StampAt(time.Unix(1<<32-1, 999_999_999)) // in the year 2106
	for _, tt := range []struct {
		name        string
		early, late Stamp
		ahead       time.Duration
	}{
		{"K-50 a count on", s, s + 1, 0},
		{"K-50 a second on", s, StampAt(at.Add(time.Second)), time.Second},
		{"K-50 the smallest fraction", s, StampAt(at.Add(16 * time.Microsecond)), 0},
		{"K-50 across the wrap of the seconds", last, StampAt(time.Unix(1<<32+1, 0)), 2 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.late.After(tt.early) || tt.early.After(tt.late) || tt.early.After(tt.early) {
				t.Errorf("%x is not after %x", uint64(tt.late), uint64(tt.early))
			}
			if got, back := tt.late.Ahead(tt.early), tt.early.Ahead(tt.late); got != tt.ahead || back != -tt.ahead {
				t.Errorf("ahead by %s, back by %s", got, back)
			}
		})
	}
}

// FuzzTrailer: whatever follows a message, only the holder's signature is
// believed, and it says the same when made again.
func FuzzTrailer(f *testing.F) {
	for _, c := range readCapture(f, "hmac-v3-ka2.4.3") {
		f.Add(c.payload, c.src.AsSlice())
	}
	f.Fuzz(func(t *testing.T, payload, from []byte) {
		src, ok := netip.AddrFromSlice(from)
		if !ok || src.Unmap().Is6() {
			return
		}
		a, drop := Parse(payload, src, Group4, 255)
		if drop != Accepted {
			return
		}
		s, drop := ParseTrailer(payload[a.Size():])
		if drop != Accepted || !s.Verify(payload[:a.Size()], src, hmacKey) {
			return
		}
		again, err := a.MarshalSigned(src, Group4, s.Key, hmacKey, s.Stamp)
		if err != nil {
			t.Fatal(err)
		}
		// What is reserved is not read and not written.
		payload = slices.Clone(payload)
		if a.Version == 3 && payload[4]&0xf0 != 0 {
			return
		}
		if !bytes.Equal(again, payload) {
			t.Fatalf("believed\n% x, would have sent\n% x", payload, again)
		}
	})
}

func BenchmarkMarshalSigned(b *testing.B) {
	a := valid(3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.MarshalSigned(src, Group4, 1, hmacKey, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	header, payload := sealed(b, Group4, 255)
	b.ReportAllocs()
	for b.Loop() {
		Seal(header, payload[ahLen:], 1, password)
	}
}
