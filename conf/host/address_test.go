package host

import (
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

func TestNetwork(t *testing.T) {
	tests := []struct {
		name string
		a    ifaddr.Address
		want string
	}{
		{"its own", ifaddr.Address{Prefix: netip.MustParsePrefix("10.0.0.2/24")}, "10.0.0.2/24"},
		{"of a link between two", ifaddr.Address{Prefix: netip.MustParsePrefix("10.0.0.2/24"), Peer: netip.MustParseAddr("10.0.0.1")}, "10.0.0.2/32"},
		{"of a tunnel of IPv6", ifaddr.Address{Prefix: netip.MustParsePrefix("2001:db8::2/64"), Peer: netip.MustParseAddr("2001:db8::1")}, "2001:db8::2/128"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := network(tt.a); got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
