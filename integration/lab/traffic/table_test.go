package traffic

import (
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
)

func TestServing(t *testing.T) {
	one, two := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	at := func(a netip.Addr, port uint16, weight int) lab.Destination {
		return lab.Destination{Addr: netip.AddrPortFrom(a, port), Weight: weight}
	}
	table := []lab.VirtualService{
		{Destinations: []lab.Destination{at(one, 80, 1), at(two, 80, 1)}},
		{Destinations: []lab.Destination{at(one, 7000, 0), at(two, 7000, 1)}},
		{Destinations: []lab.Destination{at(two, 7001, 1), at(two, 7002, 1)}},
	}
	if got := Serving(table, one); got != 1 {
		t.Errorf("a server with weight 0 in one of two services serves in %d, want 1", got)
	}
	if got := Serving(table, two); got != 3 {
		t.Errorf("a server with two entries in one of three services serves in %d, want 3", got)
	}
	if got := Serving(nil, one); got != 0 {
		t.Errorf("an empty table serves in %d, want 0", got)
	}
}

func TestReached(t *testing.T) {
	changes := []Presence{{at(0), 3}, {at(400), 2}, {at(900), 0}, {at(2000), 3}}
	tests := []struct {
		name  string
		after int
		n     int
		want  int // -1: never.
	}{
		{"out of all services", 100, 0, 900},
		{"back in all services, not the time before", 100, 3, 2000},
		{"never again", 1000, 0, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Reached(changes, at(tt.after), tt.n)
			if ok != (tt.want >= 0) || ok && got != at(tt.want) {
				t.Errorf("reached %v at %s, want %d ms", ok, got, tt.want)
			}
		})
	}
}
