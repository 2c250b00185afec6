package conf

import (
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

func TestParseMembers(t *testing.T) {
	tests := []struct {
		name, text, want string
		size             int
	}{
		{"an address", "192.0.2.1", "192.0.2.1", 1},
		{"the last byte", "192.0.2.1-10", "192.0.2.1-192.0.2.10", 10},
		{"a range of one", "192.0.2.1-1", "192.0.2.1", 1},
		{"two addresses", "192.0.2.250-192.0.3.1", "192.0.2.250-192.0.3.1", 8},
		{"a prefix", "192.0.2.8/29", "192.0.2.8-192.0.2.15", 8},
		{"a host prefix", "192.0.2.8/32", "192.0.2.8", 1},
		{"all of IPv4", "0.0.0.0/0", "0.0.0.0-255.255.255.255", 1001},
		{"IPv6, the last 16 bits in hexadecimal", "2001:db8::1-ff", "2001:db8::1-2001:db8::ff", 255},
		{"IPv6, two addresses", "2001:db8::fff0-2001:db8::1:f", "2001:db8::fff0-2001:db8::1:f", 32},
		{"IPv6, a range over the lower half", "2001:db8::-2001:db8:0:1::", "2001:db8::-2001:db8:0:1::", 1001},
		{"IPv6, a prefix", "2001:db8::/126", "2001:db8::-2001:db8::3", 4},
		{"all of IPv6", "::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1001},
		{"nothing", "", "", 0},
		{"a dash", "-", "", 0},
		{"no end", "192.0.2.1-", "", 0},
		{"an end beyond a byte", "192.0.2.1-256", "", 0},
		{"an end beyond 16 bits", "2001:db8::1-10000", "", 0},
		{"a signed end", "2001:db8::1-+5", "", 0},
		{"a range backwards", "192.0.2.9-1", "", 0},
		{"a range over families", "192.0.2.9-2001:db8::1", "", 0},
		{"three ends", "192.0.2.1-2-3", "", 0},
		{"a prefix with host bits", "192.0.2.9/29", "", 0},
		{"a prefix too long", "192.0.2.8/33", "", 0},
		{"a range of prefixes", "192.0.2.8/29-16", "", 0},
		{"a zone", "fe80::1%eth0", "", 0},
		{"a mapped address", "::ffff:192.0.2.1", "", 0},
		{"a mapped prefix", "::ffff:192.0.2.0/120", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, why := parseMembers(tt.text)
			if (why == "") != (tt.want != "") {
				t.Fatalf("parseMembers(%q) = %s, %q, want %q", tt.text, rangeName(r), why, tt.want)
			}
			if why != "" {
				return
			}
			if got := rangeName(r); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if got := rangeSize(r, 1000); got != tt.size {
				t.Errorf("%d addresses, want %d", got, tt.size)
			}
		})
	}
}

// FuzzRange holds that what is read as a range is one: of one family, in
// order, of as many addresses as it says, and printed such that it reads the
// same again.
func FuzzRange(f *testing.F) {
	for _, text := range []string{"192.0.2.1", "192.0.2.1-10", "192.0.2.250-192.0.3.1", "192.0.2.8/29", "2001:db8::1-ff", "2001:db8::/120", "::-::ffff", "0.0.0.0/0", "fe80::1%eth0-5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, why := parseMembers(text)
		if why != "" {
			return
		}
		if r.First.Is4() != r.Last.Is4() || r.Last.Less(r.First) || r.First.Zone() != "" {
			t.Fatalf("%q is the range %s", text, rangeName(r))
		}
		const limit = 500
		size := rangeSize(r, limit)
		if size <= limit {
			all := addressesOf(r)
			if len(all) != size || all[0] != r.First || all[size-1] != r.Last {
				t.Errorf("%q is %d addresses, %d were counted", text, len(all), size)
			}
			for _, a := range all {
				if a.Is4() != r.First.Is4() {
					t.Errorf("%s in %s is of another family", a, rangeName(r))
				}
			}
		} else if size != limit+1 {
			t.Errorf("%q has %d addresses, more than %d", text, size, limit)
		}
		if again, why := parseMembers(rangeName(r)); again != r || why != "" {
			t.Errorf("%s reads as %s, %q", rangeName(r), rangeName(again), why)
		}
	})
}

func TestParsePorts(t *testing.T) {
	got, _, ok := parsePorts("80,8000-8099,65535")
	want := []rules.Ports{{First: 80, Last: 80}, {First: 8000, Last: 8099}, {First: 65535, Last: 65535}}
	if !ok || len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, %t", got, ok)
	}
	for text, want := range map[string]string{
		"": "", "80,": "", ",80": "", "0": "0", "65536": "65536", "90-80": "90-80", "80-": "80-", "80-90-95": "80-90-95",
		"80,http": "http", "80;443": "80;443", "-1": "-1", "+-80": "+-80",
	} {
		if _, bad, ok := parsePorts(text); ok || bad != want {
			t.Errorf("parsePorts(%q) blames %q, %t, want %q", text, bad, ok, want)
		}
	}
}

// FuzzPorts holds that what is read as ports is in range and in order.
func FuzzPorts(f *testing.F) {
	for _, text := range []string{"80", "80,443", "8000-8099,1-65535", "80,", "0-5", "90-80"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ports, bad, ok := parsePorts(text)
		if ok == (len(ports) == 0) || ok && bad != "" {
			t.Fatalf("%q: %v, %q, %t", text, ports, bad, ok)
		}
		for _, p := range ports {
			if p.First == 0 || p.Last < p.First {
				t.Errorf("%q has the ports %d-%d", text, p.First, p.Last)
			}
		}
	})
}

// FuzzSource holds for every snat_pool: nothing panics, what comes out is
// within its bounds, of the service's family, and moves with it once.
func FuzzSource(f *testing.F) {
	for _, text := range []string{"10.0.0.50", "10.0.0.50-60 10.0.1.1", "10.0.0.50 dev eth1", "10.0.0.50 10.0.0.50", "192.0.2.80", "2001:db8::1-ff", "dev", "10.0.0.0-255 10.0.1.0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, _ := Parse("f", []byte("vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.80/24\n}\n}\n"+
			"virtual_server 192.0.2.80 80 {\nprotocol TCP\nlb_algo rr\nlb_kind FULLNAT\nreal_server 10.9.0.1 80 {\n}\nsnat_pool "+text+"\n}\n"))
		for _, s := range cfg.Services {
			count := 0
			for _, r := range s.Rules.Sources {
				count += rangeSize(r, maxPool)
				for _, a := range addressesOf(r) {
					if !a.Is4() || a == netip.MustParseAddr("192.0.2.80") || a == netip.MustParseAddr("10.9.0.1") {
						t.Errorf("snat_pool %q has the address %s", text, a)
					}
				}
			}
			if count > maxPool {
				t.Errorf("snat_pool %q has %d addresses", text, count)
			}
			if len(s.Rules.FullNAT) > 0 && len(cfg.VRRP.Instances) == 1 && len(cfg.VRRP.Instances[0].Excluded) != count {
				t.Errorf("snat_pool %q has %d addresses, %d move", text, count, len(cfg.VRRP.Instances[0].Excluded))
			}
		}
	})
}
