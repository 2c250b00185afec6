package director

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/link"
)

func TestInterests(t *testing.T) {
	address := func(cidr, dev string) vrrp.Address {
		return vrrp.Address{Prefix: netip.MustParsePrefix(cidr), Dev: dev}
	}
	ips := func(list ...string) (addrs []netip.Addr) {
		for _, s := range list {
			addrs = append(addrs, netip.MustParseAddr(s))
		}
		return addrs
	}
	delay := vrrp.LinkDelay{Down: time.Second}
	got := interests(vrrp.Config{
		Instances: []vrrp.Instance{
			{Name: "VI_1", Interface: "eth0", Peers: ips("10.0.0.2"), Addresses: []vrrp.Address{address("10.0.0.99/24", ""), address("10.1.0.99/24", "eth1")},
				Track: []vrrp.TrackInterface{{Name: "eth2"}}},
			{Name: "VI_2", Interface: "eth0", Excluded: []vrrp.Address{address("10.0.0.98/24", "eth0")}},
		},
		LinkDelays:     map[string]vrrp.LinkDelay{"eth2": delay},
		ForwardingWait: 7 * time.Second,
	})
	want := link.Interests{
		Links: []link.Interest{
			// What is to be asked for are addresses that a master there answers for.
			{Name: "eth0", Speaks: true, Peers: ips("10.0.0.2"), Virtual: ips("10.0.0.99")},
			{Name: "eth1"},
			{Name: "eth2", Delay: delay},
		},
		Virtual: ips("10.0.0.98", "10.0.0.99", "10.1.0.99"),
		Wait:    7 * time.Second,
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("interests (-want +got):\n%s", diff)
	}
}
