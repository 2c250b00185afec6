package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	two := func(change func(*Instance)) Config {
		a, b := testInstance(), testInstance()
		b.Name = "VI_2"
		change(&b)
		return Config{Instances: []Instance{a, b}}
	}
	one := func(change func(*Instance)) Config {
		in := testInstance()
		change(&in)
		return Config{Instances: []Instance{in}}
	}
	tests := []struct {
		name string
		cfg  Config
		want []string // each in one line of the error; none: valid
	}{
		{name: "nothing"},
		{name: "one instance", cfg: one(func(*Instance) {})},
		{name: "P-10 R-06 the same VRID on two interfaces", cfg: two(func(in *Instance) { in.Interface = "eth1" })},
		{name: "P-10 the same VRID on one interface", cfg: two(func(in *Instance) {}), want: []string{"instances VI_1 and VI_2: both have VRID 51 for IPv4 on eth0"}},
		{name: "the same name twice", cfg: two(func(in *Instance) { in.Name, in.VRID = "VI_1", 52 }), want: []string{"VI_1: configured twice"}},
		{name: "P-10 VRID 0", cfg: one(func(in *Instance) { in.VRID = 0 }), want: []string{"VRID 0"}},
		{name: "P-11 priority 0", cfg: one(func(in *Instance) { in.Priority = 0 }), want: []string{"priority 0"}},
		{name: "P-15 interval 0", cfg: one(func(in *Instance) { in.Interval = 0 }), want: []string{"interval 0s"}},
		{name: "P-15 interval over 12 bits", cfg: one(func(in *Instance) { in.Interval = 41 * time.Second }), want: []string{"interval 41s"}},
		{name: "P-15 K-44 interval of no whole centiseconds", cfg: one(func(in *Instance) { in.Interval = 15 * ms }), want: []string{"interval 15ms"}},
		{name: "P-15 longest interval", cfg: one(func(in *Instance) { in.Interval = 40950 * ms })},
		{name: "K-44 interval of a fraction of a second", cfg: one(func(in *Instance) { in.Version, in.Interval = V2, 1500*ms }), want: []string{"interval 1.5s"}},
		{name: "K-44 longest interval", cfg: one(func(in *Instance) { in.Version, in.Interval = V2, 255*time.Second })},
		{name: "version 4", cfg: one(func(in *Instance) { in.Version = 4 }), want: []string{"version 4"}},
		{name: "P-13 no address", cfg: one(func(in *Instance) { in.Addresses = nil }), want: []string{"0 virtual addresses"}},
		{name: "P-16 256 addresses", cfg: one(func(in *Instance) { in.Addresses = manyAddresses(256) }), want: []string{"256 virtual addresses"}},
		{name: "P-16 255 addresses", cfg: one(func(in *Instance) { in.Addresses = manyAddresses(255) })},
		{name: "an address twice", cfg: one(func(in *Instance) { in.Addresses = slices.Repeat(in.Addresses, 2) }), want: []string{"10.20.0.99: listed twice"}},
		{name: "S-23 P-10 the same VRID for IPv4 and IPv6 on one interface", cfg: two(six)},
		{name: "P-10 the same VRID for IPv6 twice", cfg: Config{Instances: []Instance{sixth("a"), sixth("b")}}, want: []string{"both have VRID 51 for IPv6 on eth0"}},
		{name: "P-16 addresses of both families", cfg: one(func(in *Instance) {
			in.Addresses = append(in.Addresses, Address{Prefix: netip.MustParsePrefix("2001:db8::1/64")})
		}), want: []string{"2001:db8::1/64: not IPv4 as the first one is"}},
		{name: "P-17 a global IPv6 address first is the configuration's business", cfg: one(func(in *Instance) { six(in); in.Addresses = in.Addresses[1:] })},
		{name: "K-01 IPv6 and version 2", cfg: one(func(in *Instance) { six(in); in.Version = V2 }), want: []string{"version 2 has no IPv6"}},
		{name: "an IPv4 source of IPv6 adverts", cfg: one(func(in *Instance) { six(in); in.Source = ours }), want: []string{"source 10.20.0.5 is not an IPv6 address"}},
		{name: "an IPv4 peer of an IPv6 instance", cfg: one(func(in *Instance) { six(in); in.Peers = []netip.Addr{ours} }), want: []string{"peer 10.20.0.5 is not an IPv6"}},
		{name: "K-29 101 missed adverts", cfg: one(func(in *Instance) { in.Manners.DownAdverts = 101 }), want: []string{"misses 101 adverts"}},
		{name: "K-41 an excluded address of the other family", cfg: one(func(in *Instance) {
			in.Excluded = []Address{{Prefix: netip.MustParsePrefix("2001:db8::1/64")}}
		})},
		{name: "256 excluded addresses", cfg: one(func(in *Instance) { in.Excluded = manyAddresses(256) })},
		{name: "an address that is excluded too", cfg: one(func(in *Instance) { in.Excluded = in.Addresses }), want: []string{"10.20.0.99: listed twice"}},
		{name: "addresses that no host has", cfg: one(func(in *Instance) {
			in.Addresses = nil
			for _, ip := range []string{"0.0.0.0/0", "127.0.0.9/8", "224.0.0.18/32", "255.255.255.255/32"} {
				in.Addresses = append(in.Addresses, Address{Prefix: netip.MustParsePrefix(ip)})
			}
		}), want: []string{"0.0.0.0/0: not the address of a host", "127.0.0.9/8: not", "224.0.0.18/32: not", "255.255.255.255/32: not"}},
		{name: "an IPv6 source", cfg: one(func(in *Instance) { in.Source = netip.MustParseAddr("fe80::1") }), want: []string{"source fe80::1"}},
		{name: "a multicast peer", cfg: one(func(in *Instance) { in.Peers = []netip.Addr{netip.MustParseAddr("224.0.0.18")} }), want: []string{"peer 224.0.0.18"}},
		{name: "ourselves as a peer", cfg: one(func(in *Instance) { in.Source, in.Peers = ours, []netip.Addr{ours} }), want: []string{"peer 10.20.0.5 is our own"}},
		{name: "a weight that priorities cannot have", cfg: one(func(in *Instance) { in.Track = []TrackInterface{{"eth1", 254, false}} }), want: []string{"weight 254"}},
		{name: "no announcement at all", cfg: one(func(in *Instance) { in.Announce = Announce{} }), want: []string{"announced at least once"}},
		{name: "negative times", cfg: one(func(in *Instance) { in.Announce.Delay, in.PreemptDelay = -1, -1 }), want: []string{"preempt delay -1ns", "announcement delay -1ns"}},
		{name: "no name, no interface", cfg: one(func(in *Instance) { in.Name, in.Interface = "", "" }), want: []string{"no name", "no interface"}},
		{
			name: "sync groups",
			cfg: Config{Instances: []Instance{testInstance()}, Groups: []Group{
				{Name: "G1", Members: []string{"VI_1", "VI_9"}}, {Name: "G2", Members: []string{"VI_1"}}, {Name: "G2"},
			}},
			want: []string{"sync group G1: no instance VI_9", "sync groups G1 and G2: instance VI_1", "sync group G2: configured twice"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cfg.Validate()
			var lines []string
			if err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(tt.want) {
				t.Fatalf("got %d errors %q, want %d", len(lines), lines, len(tt.want))
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("error %d: %q does not say %q", i, lines[i], want)
				}
			}
		})
	}
}

// six makes an instance one of IPv6.
func six(in *Instance) {
	in.Addresses = []Address{{Prefix: netip.MustParsePrefix("fe80::99/64")}, {Prefix: netip.MustParsePrefix("2001:db8::99/64")}}
}

// sixth is an IPv6 instance of that name.
func sixth(name string) Instance {
	in := testInstance()
	six(&in)
	in.Name = name
	return in
}

func manyAddresses(n int) (many []Address) {
	for i := range n {
		many = append(many, Address{Prefix: netip.MustParsePrefix(fmt.Sprintf("10.21.%d.%d/32", i/256, i%256))})
	}
	return many
}

func TestInterfaces(t *testing.T) {
	a, b := testInstance(), testInstance()
	a.Track = []TrackInterface{{Name: "eth2"}, {Name: "eth1"}}
	b.Interface = "eth1"
	want := []string{"eth0", "eth1", "eth2", "eth3"}
	cfg := Config{Instances: []Instance{a, b}, Groups: []Group{{Track: []TrackInterface{{Name: "eth3"}, {Name: "eth0"}}}}}
	if got := cfg.Interfaces(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
