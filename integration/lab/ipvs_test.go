package lab

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var compareAddresses = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

const servicesText = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000264:0050 wrr persistent 300 FFFFFFFF
  -> 0A4D0015:0050      Route   1      0          2
  -> 0A4D0016:0050      Masq    100    17         0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr ops
FWM  0000002A wlc
  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0000      Tunnel  0      0          0
`

func TestParseServices(t *testing.T) {
	got, err := parseServices(servicesText)
	if err != nil {
		t.Fatal(err)
	}
	want := []VirtualService{
		{
			Protocol: "TCP", Addr: netip.MustParseAddrPort("192.0.2.100:80"), Scheduler: "wrr",
			Flags: []string{"persistent", "300", "FFFFFFFF"},
			Destinations: []Destination{
				{Addr: netip.MustParseAddrPort("10.77.0.21:80"), Forward: "Route", Weight: 1, Inactive: 2},
				{Addr: netip.MustParseAddrPort("10.77.0.22:80"), Forward: "Masq", Weight: 100, Active: 17},
			},
		},
		{Protocol: "UDP", Addr: netip.MustParseAddrPort("[2001:db8::1]:53"), Scheduler: "rr", Flags: []string{"ops"}},
		{
			Protocol: "FWM", Mark: 42, Scheduler: "wlc", Flags: []string{},
			Destinations: []Destination{{Addr: netip.MustParseAddrPort("[2001:db8::2]:0"), Forward: "Tunnel"}},
		},
	}
	if diff := cmp.Diff(want, got, compareAddresses); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
}

const connectionsText = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP C633640A C350 C0000264 0050 0A4D0015 0050 ESTABLISHED     899
UDP 2001:0db8:0000:0000:0000:0000:0000:0009 0400 2001:0db8:0000:0000:0000:0000:0000:0001 0035 2001:0db8:0000:0000:0000:0000:0000:0002 0035 UDP             300
TCP C633640A 0000 C0000264 0050 0A4D0015 0050 NONE             12 sip call-id
`

func TestParseConnections(t *testing.T) {
	got, err := parseConnections(connectionsText)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := netip.MustParseAddrPort
	want := []Connection{
		{"TCP", endpoint("198.51.100.10:50000"), endpoint("192.0.2.100:80"), endpoint("10.77.0.21:80"), "ESTABLISHED", 899},
		{"UDP", endpoint("[2001:db8::9]:1024"), endpoint("[2001:db8::1]:53"), endpoint("[2001:db8::2]:53"), "UDP", 300},
		{"TCP", endpoint("198.51.100.10:0"), endpoint("192.0.2.100:80"), endpoint("10.77.0.21:80"), "NONE", 12},
	}
	if diff := cmp.Diff(want, got, compareAddresses); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

// No text makes the parsers panic or return an entry without an address where
// they report no error.
func FuzzParse(f *testing.F) {
	f.Add(servicesText)
	f.Add(connectionsText)
	f.Add("\n\n\n  -> C0000264:0050 Route 1 0 0\n")
	f.Add("\n\n\nTCP [::1]:0 rr\nFWM x y\nTCP :0050 rr\n")
	f.Fuzz(func(t *testing.T, text string) {
		services, err := parseServices(text)
		for _, s := range services {
			if err == nil && s.Protocol != "FWM" && !s.Addr.IsValid() {
				t.Errorf("service without an address: %+v", s)
			}
		}
		connections, err := parseConnections(text)
		for _, c := range connections {
			if err == nil && !(c.Client.IsValid() && c.Virtual.IsValid() && c.Destination.IsValid()) {
				t.Errorf("connection without an address: %+v", c)
			}
		}
	})
}
