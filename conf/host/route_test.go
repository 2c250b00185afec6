package host

import (
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func route(to string) netlink.Route {
	_, dst, err := net.ParseCIDR(to)
	if err != nil {
		panic(err)
	}
	return netlink.Route{Family: unix.AF_INET, Type: unix.RTN_UNICAST, Dst: dst}
}

// TestInterruptedDump reads a table that changes while it is read.
func TestInterruptedDump(t *testing.T) {
	gone, stays, routed := route("10.4.0.0/16"), route("10.5.0.0/16"), route("10.6.0.0/16")
	routed.Gw = net.IPv4(10, 5, 0, 1)
	tests := []struct {
		name  string
		whole int // the dump that nothing interrupts
		want  []string
		err   error
	}{
		{"at once", 1, []string{"10.5.0.0/16"}, nil},
		{"at the second try", 2, []string{"10.5.0.0/16"}, nil},
		{"never", 99, nil, netlink.ErrDumpInterrupted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tries := 0
			all, err := listed(func(take func(netlink.Route) bool) error {
				tries++
				take(stays)
				take(routed)
				if tries < tt.whole {
					take(gone)
					return netlink.ErrDumpInterrupted
				}
				return nil
			})
			if !errors.Is(err, tt.err) {
				t.Fatalf("the error is %v, want %v", err, tt.err)
			}
			var got []string
			for _, r := range all {
				got = append(got, r.Dst.String())
			}
			if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
		})
	}
}
