package advert

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var password = [8]byte{'t', 'a', 'n', 'd', 'e', 'm', '0', '1'}

// TestCaptures reads what other implementations sent and writes it again.
func TestCaptures(t *testing.T) {
	tests := []struct {
		capture    string
		version    uint8
		priorities []uint8 // in order, repetitions left out
		interval   time.Duration
		addresses  int
		secret     [8]byte
		trailer    int // bytes behind the message
	}{
		{capture: "v3-ipv4-ka2.4.3", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 1},
		{capture: "v2-plain-ka2.2.7", version: 2, priorities: []uint8{150, 0, 100, 0}, interval: time.Second, addresses: 1},
		{capture: "v2-auth-pass-ka2.4.3", version: 2, priorities: []uint8{150, 0, 100, 0}, interval: time.Second, addresses: 1, secret: password},
		{capture: "ucast-v3-ka2.4.3", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 1},
		{capture: "ucast-v3-two-peers-ka2.4.3", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 1},
		{capture: "ucast-v2-ka2.4.3", version: 2, priorities: []uint8{150, 0, 100, 0}, interval: time.Second, addresses: 1},
		{capture: "frr-v2-master-frr-ka2.2.7", version: 2, priorities: []uint8{200, 0, 100, 0}, interval: time.Second, addresses: 1},
		{capture: "frr-v3-ipv4-master-frr-ka2.4.3", version: 3, priorities: []uint8{200, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 1},
		{capture: "frr-v3-ipv6-master-frr-ka2.2.7", version: 3, priorities: []uint8{200, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 2},
		{capture: "v3-ipv6-ka2.2.7", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 2},
		{capture: "ucast-ipv6-ka2.2.7", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 2},
		{capture: "advert-int-001-ka2.4.3", version: 3, priorities: []uint8{150, 100, 0}, interval: 10 * time.Millisecond, addresses: 1},
		{capture: "vips-20-ka2.4.3", version: 3, priorities: []uint8{150, 0}, interval: 500 * time.Millisecond, addresses: 20},
		{capture: "vips-20-v2-auth-ka2.2.7", version: 2, priorities: []uint8{150, 0}, interval: time.Second, addresses: 20, secret: password},
		{capture: "prio0-on-stop-ka2.2.7", version: 3, priorities: []uint8{200, 0, 100, 200, 0, 100}, interval: time.Second, addresses: 1},
		{capture: "hmac-v3-ka2.4.3", version: 3, priorities: []uint8{150, 0, 100, 0}, interval: 500 * time.Millisecond, addresses: 1, trailer: 28},
	}
	for _, tt := range tests {
		t.Run(tt.capture, func(t *testing.T) {
			var priorities []uint8
			for i, c := range readCapture(t, tt.capture) {
				a, drop := Parse(c.payload, c.src, c.dst, c.ttl)
				if drop != Accepted {
					t.Fatalf("message %d dropped: %s", i, drop)
				}
				if a.Version != tt.version || a.VRID != 51 || a.Interval != tt.interval || len(a.Addresses) != tt.addresses {
					t.Errorf("message %d: %+v", i, a)
				}
				if drop := a.Authenticate(authType(tt.secret), tt.secret); drop != Accepted {
					t.Errorf("message %d: authentication: %s", i, drop)
				}
				if n := len(priorities); n == 0 || priorities[n-1] != a.Priority {
					priorities = append(priorities, a.Priority)
				}
				b, err := a.Marshal(c.src, c.dst)
				if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				if diff := cmp.Diff(c.payload[:len(c.payload)-tt.trailer], b); diff != "" {
					t.Errorf("message %d differs when written again (-captured +ours):\n%s", i, diff)
				}
			}
			if !slices.Equal(priorities, tt.priorities) {
				t.Errorf("priorities %v, want %v", priorities, tt.priorities)
			}
		})
	}
}

// TestChecksumWithoutPseudoHeader: keepalived's v3_checksum_as_v2 sends what
// RFC 9568 asks for, which keepalived's own default refuses, as do we.
func TestChecksumWithoutPseudoHeader(t *testing.T) {
	for i, c := range readCapture(t, "v3-checksum-as-v2-ka2.4.3") {
		if _, drop := Parse(c.payload, c.src, c.dst, c.ttl); drop != Checksum {
			t.Errorf("message %d: %s, want %s", i, drop, Checksum)
		}
	}
}

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
		{name: "RFC 9568 7.1: TTL 254", ttl: 254, want: TTL},
		{name: "RFC 9568 7.1: TTL 1", ttl: 1, want: TTL},
		{name: "unicast: the TTL does not matter, the checksum's destination does", ttl: 64, dst: unicast, want: Checksum},
		{name: "RFC 9568 7.1: version 4", change: func(b []byte) []byte { b[0] = 0x41; return resum(b) }, want: Version},
		{name: "RFC 9568 7.1: empty", change: func(b []byte) []byte { return nil }, want: Truncated},
		{name: "RFC 9568 7.1: header cut", change: func(b []byte) []byte { return b[:7] }, want: Truncated},
		{name: "RFC 9568 7.1: two addresses counted, one there", change: func(b []byte) []byte { b[3] = 2; return resum(b) }, want: Truncated},
		{name: "RFC 9568 7.1: 255 addresses counted, none there", change: func(b []byte) []byte { b[3] = 255; return resum(b[:8]) }, want: Truncated},
		{name: "RFC 3768 5.3: authentication data missing", version: 2, change: func(b []byte) []byte { return b[:12] }, want: Truncated},
		{name: "RFC 9568 5.2.8: checksum", change: func(b []byte) []byte { b[7]++; return b }, want: Checksum},
		{name: "RFC 3768 5.3.8: the checksum spans the authentication data", version: 2, change: func(b []byte) []byte { b[19]++; return b }, want: Checksum},
		{name: "RFC 9568 7.1: type 0", change: func(b []byte) []byte { b[0] = 0x30; return resum(b) }, want: Type},
		{name: "RFC 9568 7.1: type 2", change: func(b []byte) []byte { b[0] = 0x32; return resum(b) }, want: Type},
		{name: "erratum 8299: no address", change: func(b []byte) []byte { b[3] = 0; return resum(b[:8]) }, want: NoAddresses},
		{name: "erratum 8301: interval 0", change: func(b []byte) []byte { b[4], b[5] = 0, 0; return resum(b) }, want: IntervalZero},
		{name: "erratum 8301: interval 0 beside reserved bits", change: func(b []byte) []byte { b[4], b[5] = 0xf0, 0; return resum(b) }, want: IntervalZero},
		{name: "RFC 9568 5.2.6: reserved bits are not looked at", change: func(b []byte) []byte { b[4] |= 0xf0; return resum(b) }, want: Accepted},
		{name: "RFC 9568 7.1: complete with bytes behind it", change: func(b []byte) []byte { return append(b, 1, 2, 3) }, want: Accepted},
		{name: "RFC 9568 5.2.4: priority 0 is no error", change: func(b []byte) []byte { b[2] = 0; return resum(b) }, want: Accepted},
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

// TestLayout pins the bytes of both versions (RFC 9568 section 5.2, RFC 3768
// section 5.3).
func TestLayout(t *testing.T) {
	v3 := Advert{Version: 3, VRID: 51, Priority: 150, Interval: 500 * time.Millisecond, Addresses: []netip.Addr{vip}}
	v2 := Advert{Version: 2, VRID: 51, Priority: 150, Interval: time.Second, Addresses: []netip.Addr{vip}, AuthType: AuthPass, Auth: password}
	for _, tt := range []struct {
		a    Advert
		want []byte
	}{
		{v3, []byte{0x31, 51, 150, 1, 0, 50, 0x43, 0x7e, 10, 20, 0, 99}},
		{v2, []byte{0x21, 51, 150, 1, 1, 1, 0xc4, 0xee, 10, 20, 0, 99, 't', 'a', 'n', 'd', 'e', 'm', '0', '1'}},
	} {
		got := marshal(t, tt.a)
		if !bytes.Equal(got, tt.want) {
			t.Errorf("version %d: got % x, want % x", tt.a.Version, got, tt.want)
		}
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
		{name: "version 2 over IPv6", change: func(a *Advert) { a.Version = 2; a.Addresses[0] = v6 }, src: v6, dst: Group6},
		{name: "no address", change: func(a *Advert) { a.Addresses = nil }},
		{name: "256 addresses", change: func(a *Advert) { a.Addresses = slices.Repeat(a.Addresses, 256) }},
		{name: "an address of the other family", change: func(a *Advert) { a.Addresses[0] = v6 }},
		{name: "source and destination of two families", dst: Group6},
		{name: "version 3: interval 0", change: func(a *Advert) { a.Interval = 0 }},
		{name: "version 3: interval over 12 bits", change: func(a *Advert) { a.Interval = 40960 * time.Millisecond }},
		{name: "version 3: interval finer than a centisecond", change: func(a *Advert) { a.Interval = 15 * time.Millisecond }},
		{name: "version 2: interval of half a second", change: func(a *Advert) { a.Version = 2; a.Interval /= 2 }},
		{name: "version 2: interval of 256 s", change: func(a *Advert) { a.Version = 2; a.Interval = 256 * time.Second }},
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
		{"RFC 3768 7.1: wrong password", Advert{Version: 2, AuthType: AuthPass, Auth: other}, password, AuthFail},
		{"RFC 3768 7.1: password missing", Advert{Version: 2, Auth: password}, password, AuthType},
		{"RFC 3768 7.1: password where none is configured", Advert{Version: 2, AuthType: AuthPass, Auth: password}, [8]byte{}, AuthType},
		{"RFC 3768 7.1: type 2, an IP authentication header", Advert{Version: 2, AuthType: 2}, password, AuthType},
		{"version 3 has none", Advert{Version: 3}, password, Accepted},
	}
	for _, tt := range tests {
		if got := tt.a.Authenticate(authType(tt.secret), tt.secret); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
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
