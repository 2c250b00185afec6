package advert

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	src = netip.MustParseAddr("10.20.0.1")
	vip = netip.MustParseAddr("10.20.0.99")
)

func valid(version uint8) Advert {
	return Advert{Version: version, VRID: 51, Priority: 200, Interval: time.Second, Addresses: []netip.Addr{vip}}
}

func marshal(t *testing.T, a Advert) []byte {
	t.Helper()
	b, err := a.Marshal(src, Group4)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resum puts the right checksum on a message that a test has changed.
func resum(b []byte) []byte {
	b[6], b[7] = 0, 0
	s := Advert{Version: b[0] >> 4}.sum(b, src, Group4)
	b[6], b[7] = byte(s>>8), byte(s)
	return b
}

func TestParseDrops(t *testing.T) {
	unicast := netip.MustParseAddr("10.20.0.2")
	tests := []struct {
		name    string
		version uint8
		change  func(b []byte) []byte
		ttl     uint8
		dst     netip.Addr
		want    Drop
	}{
		{name: "control: nothing wrong", want: Accepted},
		{name: "control: version 2", version: 2, want: Accepted},
		{name: "R-01 P-05 a TTL of 254 is not heard", ttl: 254, want: TTL},
		{name: "R-01 a TTL of 1 is not heard", ttl: 1, want: TTL},
		{name: "K-04 K-14 unicast: the TTL does not matter, the checksum's destination does", ttl: 64, dst: unicast, want: Checksum},
		{name: "R-02 P-08 version 4 is not heard", change: func(b []byte) []byte { b[0] = 0x41; return resum(b) }, want: Version},
		{name: "R-03 nothing at all", change: func(b []byte) []byte { return nil }, want: Truncated},
		{name: "R-03 header cut", change: func(b []byte) []byte { return b[:7] }, want: Truncated},
		{name: "R-03 two addresses counted, one there", change: func(b []byte) []byte { b[3] = 2; return resum(b) }, want: Truncated},
		{name: "R-03 255 addresses counted, none there", change: func(b []byte) []byte { b[3] = 255; return resum(b[:8]) }, want: Truncated},
		{name: "R-03 P-20 version 2: authentication data missing", version: 2, change: func(b []byte) []byte { return b[:12] }, want: Truncated},
		{name: "C-06 R-04 O-11 a wrong checksum is not heard", change: func(b []byte) []byte { b[7]++; return b }, want: Checksum},
		{name: "C-05 version 2: the checksum spans the authentication data", version: 2, change: func(b []byte) []byte { b[19]++; return b }, want: Checksum},
		{name: "R-05 P-09 type 0 is not heard", change: func(b []byte) []byte { b[0] = 0x30; return resum(b) }, want: Type},
		{name: "R-05 P-09 type 2 is not heard", change: func(b []byte) []byte { b[0] = 0x32; return resum(b) }, want: Type},
		{name: "R-09 P-13 O-01 an advert without addresses is not heard", change: func(b []byte) []byte { b[3] = 0; return resum(b[:8]) }, want: NoAddresses},
		{name: "R-08 O-02 an interval of 0 is not heard", change: func(b []byte) []byte { b[4], b[5] = 0, 0; return resum(b) }, want: IntervalZero},
		{name: "R-08 nor beside reserved bits", change: func(b []byte) []byte { b[4], b[5] = 0xf0, 0; return resum(b) }, want: IntervalZero},
		{name: "P-14 O-03 reserved bits are not looked at", change: func(b []byte) []byte { b[4] |= 0xf0; return resum(b) }, want: Accepted},
		{name: "O-06 complete with bytes behind it is heard", change: func(b []byte) []byte { return append(b, 1, 2, 3) }, want: Accepted},
		{name: "P-11 priority 0 is no error", change: func(b []byte) []byte { b[2] = 0; return resum(b) }, want: Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.version == 0 {
				tt.version = 3
			}
			if tt.ttl == 0 {
				tt.ttl = 255
			}
			if !tt.dst.IsValid() {
				tt.dst = Group4
			}
			b := marshal(t, valid(tt.version))
			if tt.change != nil {
				b = tt.change(b)
			}
			if _, got := Parse(b, src, tt.dst, tt.ttl); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestParseOrder: a frame with several mistakes moves the counter of the first
// check that fails, in keepalived's order but that a checksum comes before
// what only the configuration can tell.
func TestParseOrder(t *testing.T) {
	mistakes := []struct {
		make func(b []byte)
		want Drop
	}{
		{func(b []byte) { b[7] ^= 1 }, Checksum},
		{func(b []byte) { b[4], b[5] = 0, 0 }, IntervalZero},
		{func(b []byte) { b[3] = 0 }, NoAddresses},
		{func(b []byte) { b[0] |= 2 }, Type},
		{func(b []byte) { b[3] = 9 }, Truncated},
		{func(b []byte) { b[0] |= 0x40 }, Version},
	}
	t.Run("K-13 length, TTL, version, list, type, count, interval, checksum", func(t *testing.T) {
		b := marshal(t, valid(3))
		for _, m := range mistakes {
			m.make(b)
			if _, got := Parse(b, src, Group4, 255); got != m.want {
				t.Errorf("got %s, want %s", got, m.want)
			}
		}
		if _, got := Parse(b, src, Group4, 1); got != TTL {
			t.Errorf("got %s, want %s", got, TTL)
		}
		if _, got := Parse(b[:7], src, Group4, 1); got != Truncated {
			t.Errorf("got %s, want %s", got, Truncated)
		}
	})
	t.Run("O-20 R-01 a hop limit of 254 is not heard", func(t *testing.T) {
		for _, c := range readCapture(t, "v3-ipv6-ka2.2.7") {
			if _, got := Parse(c.payload, c.src, c.dst, 254); got != TTL {
				t.Errorf("frame %d: %s", c.frame, got)
			}
		}
	})
}

// TestLayout pins the bytes of both versions (RFC 9568 section 5.2, RFC 3768
// section 5.3).
func TestLayout(t *testing.T) {
	v3 := Advert{Version: 3, VRID: 51, Priority: 150, Interval: 500 * time.Millisecond, Addresses: []netip.Addr{vip}}
	v2 := Advert{Version: 2, VRID: 51, Priority: 150, Interval: time.Second, Addresses: []netip.Addr{vip}, AuthType: AuthPass, Auth: password}
	for _, tt := range []struct {
		name string
		a    Advert
		want []byte
	}{
		{"P-08 P-09 P-14 P-15 version 3", v3, []byte{0x31, 51, 150, 1, 0, 50, 0x43, 0x7e, 10, 20, 0, 99}},
		{"P-08 P-20 P-22 version 2", v2, []byte{0x21, 51, 150, 1, 1, 1, 0xc4, 0xee, 10, 20, 0, 99, 't', 'a', 'n', 'd', 'e', 'm', '0', '1'}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := marshal(t, tt.a); !bytes.Equal(got, tt.want) {
				t.Errorf("got % x, want % x", got, tt.want)
			}
		})
	}
}

func TestMarshalRefuses(t *testing.T) {
	v6 := netip.MustParseAddr("fe80::1")
	tests := []struct {
		name     string
		change   func(*Advert)
		src, dst netip.Addr
	}{
		{name: "version 1", change: func(a *Advert) { a.Version = 1 }},
		{name: "K-01 version 2 over IPv6", change: func(a *Advert) { a.Version = 2; a.Addresses[0] = v6 }, src: v6, dst: Group6},
		{name: "P-13 no address", change: func(a *Advert) { a.Addresses = nil }},
		{name: "P-16 256 addresses", change: func(a *Advert) { a.Addresses = slices.Repeat(a.Addresses, 256) }},
		{name: "P-16 an address of the other family", change: func(a *Advert) { a.Addresses[0] = v6 }},
		{name: "source and destination of two families", dst: Group6},
		{name: "P-15 version 3: interval 0", change: func(a *Advert) { a.Interval = 0 }},
		{name: "P-15 version 3: interval over 12 bits", change: func(a *Advert) { a.Interval = 40960 * time.Millisecond }},
		{name: "P-15 K-44 version 3: interval finer than a centisecond", change: func(a *Advert) { a.Interval = 15 * time.Millisecond }},
		{name: "K-44 version 2: interval of half a second", change: func(a *Advert) { a.Version = 2; a.Interval /= 2 }},
		{name: "K-44 version 2: interval of 256 s", change: func(a *Advert) { a.Version = 2; a.Interval = 256 * time.Second }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := valid(3)
			if tt.change != nil {
				tt.change(&a)
			}
			if !tt.src.IsValid() {
				tt.src = src
			}
			if !tt.dst.IsValid() {
				tt.dst = Group4
			}
			if b, err := a.Marshal(tt.src, tt.dst); err == nil {
				t.Errorf("got % x, want an error", b)
			}
		})
	}
}

func authType(secret [8]byte) uint8 {
	if secret == [8]byte{} {
		return AuthNone
	}
	return AuthPass
}

func TestAuthenticate(t *testing.T) {
	other := [8]byte{'T', 'a', 'n', 'd', 'e', 'm', '0', '1'}
	tests := []struct {
		name   string
		a      Advert
		secret [8]byte
		want   Drop
	}{
		{"none asked, none given", Advert{Version: 2}, [8]byte{}, Accepted},
		{"right password", Advert{Version: 2, AuthType: AuthPass, Auth: password}, password, Accepted},
		{"R-15 K-07 wrong password", Advert{Version: 2, AuthType: AuthPass, Auth: other}, password, AuthFail},
		{"R-15 password missing", Advert{Version: 2, Auth: password}, password, AuthType},
		{"P-21 R-15 password where none is configured", Advert{Version: 2, AuthType: AuthPass, Auth: password}, [8]byte{}, AuthType},
		{"P-21 R-15 type 2, an IP authentication header", Advert{Version: 2, AuthType: 2}, password, AuthType},
		{"K-01 version 3 has none", Advert{Version: 3}, password, Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.a.Authenticate(authType(tt.secret), tt.secret); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDropNames(t *testing.T) {
	seen := make(map[string]bool)
	for d := Accepted; d < NumDrops; d++ {
		if name := d.String(); name == "" || seen[name] {
			t.Errorf("drop %d has no name of its own: %q", d, name)
		}
		seen[d.String()] = true
	}
}

// FuzzParse: whatever arrives, Parse does not panic, and what it accepts says
// the same when written and read again.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"v3-ipv4-ka2.4.3", "v2-auth-pass-ka2.4.3", "v3-ipv6-ka2.2.7", "ucast-v3-ka2.4.3", "vips-20-ka2.4.3", "v3-checksum-as-v2-ka2.4.3"} {
		for _, c := range readCapture(f, name) {
			f.Add(c.payload, c.src.AsSlice(), c.dst.AsSlice(), c.ttl, false)
		}
	}
	f.Fuzz(func(t *testing.T, payload, from, to []byte, ttl uint8, fix bool) {
		src, ok := netip.AddrFromSlice(from)
		dst, ok2 := netip.AddrFromSlice(to)
		if !ok || !ok2 || src.Unmap().Is4() != dst.Unmap().Is4() {
			return
		}
		if fix && len(payload) >= headerLen {
			payload[6], payload[7] = 0, 0
			s := Advert{Version: payload[0] >> 4}.sum(payload, src.Unmap(), dst.Unmap())
			payload[6], payload[7] = byte(s>>8), byte(s)
		}
		a, drop := Parse(payload, src, dst, ttl)
		if drop != Accepted {
			return
		}
		b, err := a.Marshal(src, dst)
		if err != nil {
			t.Fatalf("accepted but not marshalled: %+v: %v", a, err)
		}
		again, drop := Parse(b, src, dst, ttl)
		if drop != Accepted {
			t.Fatalf("our own message dropped: %s: % x", drop, b)
		}
		if diff := cmp.Diff(a, again, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatalf("parsed, written and parsed again differs:\n%s", diff)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	c := readCapture(b, "v3-ipv4-ka2.4.3")[0]
	b.ReportAllocs()
	for b.Loop() {
		Parse(c.payload, c.src, c.dst, c.ttl)
	}
}

func BenchmarkMarshal(b *testing.B) {
	a := valid(3)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Marshal(src, Group4); err != nil {
			b.Fatal(err)
		}
	}
}
