package bfd

import (
	"bytes"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a packet as FRR's bfdd sends it, in state Up.
const sample = "20c80318" + "00000007" + "0badcafe" + "000493e0" + "000493e0" + "0000c350"

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	got, drop := Parse(unhex(t, sample))
	want := Packet{
		State: Up, ControlPlaneIndependent: true, Multiplier: 3, Mine: 7, Yours: 0x0badcafe,
		DesiredMinTx: 300 * time.Millisecond, RequiredMinRx: 300 * time.Millisecond, RequiredMinEchoRx: 50 * time.Millisecond,
	}
	if diff := cmp.Diff(want, got); drop != Accepted || diff != "" {
		t.Errorf("%s (-want +got):\n%s", drop, diff)
	}
	if diff := cmp.Diff(sample, hex.EncodeToString(got.Marshal())); diff != "" {
		t.Errorf("marshalled again (-want +got):\n%s", diff)
	}
}

// TestDrops has a packet for each check of RFC 5880 section 6.8.6.
func TestDrops(t *testing.T) {
	with := func(at int, b ...byte) []byte {
		p := unhex(t, sample)
		copy(p[at:], b)
		return p
	}
	tests := []struct {
		name string
		b    []byte
		want Drop
	}{
		{"as it is", with(0), Accepted},
		{"nothing", nil, Truncated},
		{"a byte short", unhex(t, sample)[:23], Truncated},
		{"version 0", with(0, 0x00), Version},
		{"version 2", with(0, 0x40), Version},
		{"a length of less than there must be", with(3, 23), Length},
		{"a length of more than there is", with(3, 25), Length},
		{"a length of less than there is is right", append(unhex(t, sample), 0, 0), Accepted},
		{"authenticated, and too short for it", with(1, 0xc4), Length},
		{"authenticated", append(with(1, 0xc4, 3, 28), 1, 4, 1, 'x'), Authentication},
		{"a multiplier of 0", with(2, 0), ZeroMultiplier},
		{"multipoint", with(1, 0xc1), Multipoint},
		{"without a discriminator", with(4, 0, 0, 0, 0), ZeroMine},
		{"Up without ours", with(8, 0, 0, 0, 0), ZeroYours},
		{"Init without ours", append(with(1, 0x80)[:8], append([]byte{0, 0, 0, 0}, unhex(t, sample)[12:]...)...), ZeroYours},
		{"Down without ours", append(with(1, 0x40)[:8], append([]byte{0, 0, 0, 0}, unhex(t, sample)[12:]...)...), Accepted},
		{"AdminDown without ours", append(with(1, 0x00)[:8], append([]byte{0, 0, 0, 0}, unhex(t, sample)[12:]...)...), Accepted},
		{"a diagnostic that is not known", with(0, 0x3f), Accepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, drop := Parse(tt.b)
			if drop != tt.want {
				t.Errorf("it is %s, want %s", drop, tt.want)
			}
			if drop != Accepted && p != (Packet{}) {
				t.Errorf("of a packet that is dropped something is left: %+v", p)
			}
		})
	}
}

// FuzzParse holds that whatever is accepted is, marshalled and read again, the
// same, and fulfils what the RFC asks of it.
func FuzzParse(f *testing.F) {
	f.Add(unhex(f, sample))
	f.Add(unhex(f, "20400318000000010000000000989680000f424000000000"))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		p, drop := Parse(b)
		if !bytes.Equal(before, b) {
			t.Fatal("it wrote into the packet")
		}
		if drop != Accepted {
			return
		}
		again, drop := Parse(p.Marshal())
		if drop != Accepted || again != p {
			t.Errorf("%+v becomes %+v, %s", p, again, drop)
		}
		if p.Mine == 0 || p.Multiplier == 0 || p.Yours == 0 && p.State >= Init {
			t.Errorf("accepted: %+v", p)
		}
	})
}

func TestStrings(t *testing.T) {
	for d := range NumDrops {
		if d.String() == "?" || d.String() == "" {
			t.Errorf("drop %d has no name", d)
		}
	}
	if State(9).String() != "?" || Diagnostic(31).String() != "?" || Drop(200).String() != "?" {
		t.Error("what is not known has a name")
	}
}

func TestNear(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		ttl  int
		want bool
	}{
		{"from the link", Config{}, 255, true},
		{"through a router", Config{}, 254, false},
		{"through as many as may be", Config{MaxHops: 3}, 252, true},
		{"through one more", Config{MaxHops: 3}, 251, false},
		{"through any number", Config{MaxHops: -1}, 1, true},
		{"a lower TTL that both agree on", Config{TTL: 64}, 64, true},
		{"one below it", Config{TTL: 64}, 63, false},
		{"over several hops", Config{Multihop: true}, 3, true},
		{"over several hops that are bounded", Config{Multihop: true, MaxHops: 10}, 244, false},
	}
	for _, tt := range tests {
		if got := tt.cfg.Near(tt.ttl); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
