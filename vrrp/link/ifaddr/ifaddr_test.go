package ifaddr

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// head is an ifaddrmsg: IPv4, /24, permanent and secondary, scope link,
// interface 3.
var head = []byte{2, 24, 0x81, 253, 3, 0, 0, 0}

func TestParse(t *testing.T) {
	own, peer := []byte{8, 0, 2, 0, 10, 0, 0, 2}, []byte{8, 0, 1, 0, 10, 0, 0, 1}
	same := []byte{8, 0, 1, 0, 10, 0, 0, 2}
	plain := Address{Index: 3, Prefix: netip.MustParsePrefix("10.0.0.2/24"), Scope: 253, Secondary: true}
	with := func(change func(*Address)) Address {
		a := plain
		change(&a)
		return a
	}
	tests := []struct {
		name  string
		attrs [][]byte
		want  Address // the zero one: refused
	}{
		{"its own", [][]byte{same, own}, plain},
		{"without the other side", [][]byte{own}, plain},
		{"as IPv6 has it", [][]byte{same}, plain},
		{"of a link between two", [][]byte{peer, own}, with(func(a *Address) { a.Peer = netip.MustParseAddr("10.0.0.1") })},
		{"with a label", [][]byte{own, {9, 0, 3, 0, 'l', 'o', ':', '1', 0, 0, 0, 0}}, with(func(a *Address) { a.Label = "lo:1" })},
		{"with a broadcast address", [][]byte{own, {8, 0, 4, 0, 10, 0, 0, 255}}, with(func(a *Address) { a.Broadcast = netip.MustParseAddr("10.0.0.255") })},
		{"with flags of 32 bits, which come first", [][]byte{own, {8, 0, 8, 0, 0x80, 0, 0, 0}}, with(func(a *Address) { a.Secondary = false })},
		{"without a route to its network", [][]byte{own, {8, 0, 8, 0, 0x81, 2, 0, 0}}, with(func(a *Address) { a.Flags = unix.IFA_F_NOPREFIXROUTE })},
		{"made by tandem", [][]byte{own, {5, 0, Proto, 0, Mark, 0, 0, 0}}, with(func(a *Address) { a.Marked = true })},
		{"made by a router's advert", [][]byte{own, {5, 0, Proto, 0, 2, 0, 0, 0}}, plain},
		{"no address", nil, Address{}},
		{"cut off", [][]byte{own[:6]}, Address{}},
		{"less than it says", [][]byte{own[:4]}, Address{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse(slices.Concat(append([][]byte{head}, tt.attrs...)...))
			if ok != (tt.want != Address{}) {
				t.Fatalf("accepted: %t, with %+v", ok, got)
			}
			if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); ok && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, ok := Parse(head[:7]); ok {
		t.Error("half a message is accepted")
	}
	if a, ok := Parse(slices.Concat([]byte{2, 33}, head[2:], own)); ok {
		t.Errorf("a length that no address has is accepted: %+v", a)
	}
}

// FuzzParse holds that nothing the kernel could say brings the reader down, and
// that an address it takes has a length.
func FuzzParse(f *testing.F) {
	f.Add([]byte{2, 24, 128, 0, 3, 0, 0, 0, 8, 0, 1, 0, 10, 0, 0, 2, 8, 0, 2, 0, 10, 0, 0, 2, 5, 0, 11, 0, 112, 0, 0, 0})
	f.Add([]byte{2, 24, 128, 0, 3, 0, 0, 0, 8, 0, 1, 0, 10, 0, 0, 1, 8, 0, 2, 0, 10, 0, 0, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, ok := Parse(b); ok && !a.Prefix.IsValid() {
			t.Errorf("%x: accepted with prefix %s", b, a.Prefix)
		}
	})
}

func TestWhole(t *testing.T) {
	tests := []struct {
		name    string
		answers []error // the last one goes on
		dumps   int
		want    error
	}{
		{"at once", []error{nil}, 1, nil},
		{"after a change", []error{netlink.ErrDumpInterrupted, nil}, 2, nil},
		{"never", []error{netlink.ErrDumpInterrupted}, tries, netlink.ErrDumpInterrupted},
		{"refused", []error{io.ErrUnexpectedEOF}, 1, io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dumps := 0
			err := Whole(func() error {
				dumps++
				return tt.answers[min(dumps, len(tt.answers))-1]
			})
			if !errors.Is(err, tt.want) || dumps != tt.dumps {
				t.Errorf("%d dumps, error %v; want %d, %v", dumps, err, tt.dumps, tt.want)
			}
		})
	}
}
