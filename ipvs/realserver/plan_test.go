package realserver

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	vip4 = netip.MustParseAddr("192.0.2.80")
	vip6 = netip.MustParseAddr("2001:db8:1::80")
)

// bare is a host with one network and nothing set.
func bare() Facts {
	return Facts{
		Links: []Link{
			{Name: "lo", Type: "device", MTU: 65536, Up: true, Silent: true},
			{Name: "eth0", Type: "device", MAC: "02:00:00:00:00:21", MTU: 1500, Up: true, Addresses: []Address{
				{Prefix: netip.MustParsePrefix("192.0.2.21/24")}, {Prefix: netip.MustParsePrefix("2001:db8:1::21/64")},
			}},
		},
		Replies: []Route{
			{To: netip.MustParseAddr("198.51.100.1"), From: vip4, Device: "eth0", Gateway: netip.MustParseAddr("192.0.2.1")},
			{To: netip.MustParseAddr("2001:db8:2::1"), From: vip6, Device: "eth0", Gateway: netip.MustParseAddr("fe80::1")},
		},
	}
}

// wish is for one VIP, by sysctl and on lo.
func wish(method Method, vips ...netip.Addr) Wish {
	w := Wish{VIPs: vips, Method: method, Device: "lo", ARP: Sysctl}
	if method == GUE {
		w.Port = 6080
	}
	return w
}

// carry does in Facts what a step does in the kernel.
func (f *Facts) carry(s Step) {
	i := slices.IndexFunc(f.Links, func(l Link) bool { return l.Name == s.Device })
	switch s.Kind {
	case AddLink:
		if i < 0 {
			f.Links = append(f.Links, Link{Name: s.Device, Type: s.Type, Silent: true, Settings: f.Default})
		}
	case LinkUp:
		f.Links[i].Up = true
	case Set:
		words := strings.Split(s.Setting, "/")
		at := &f.All
		if words[3] != "all" {
			j := slices.IndexFunc(f.Links, func(l Link) bool { return l.Name == words[3] })
			at = &f.Links[j].Settings
		}
		*map[string]*int{"arp_ignore": &at.ARPIgnore, "arp_announce": &at.ARPAnnounce, "rp_filter": &at.RPFilter}[words[4]] = s.Value
	case Receive:
		f.Receivers = append(f.Receivers, Receiver{Port: s.Port, IP: s.IP, GUE: true})
	case AddTable:
		f.Table, f.Masks = true, s.Masks
	case AddElement:
		f.Elements = append(f.Elements, s.Address.Addr().String())
		f.Filters = append(f.Filters, Filter{By: "own", Target: s.Address}, Filter{By: "own", Target: s.Address, Out: true})
	case AddAddress:
		f.Links[i].Addresses = append(f.Links[i].Addresses, Address{Prefix: s.Address, Host: s.Host})
	case RemoveAddress:
		f.Links[i].Addresses = slices.DeleteFunc(f.Links[i].Addresses, func(a Address) bool { return a.Prefix == s.Address })
	}
}

// plan is Plan where it cannot fail.
func plan(f Facts, w Wish) []Step {
	steps, err := Plan(f, w)
	if err != nil {
		panic(err)
	}
	return steps
}

// Whatever is wished: what Plan makes, Plan leaves alone and Judge accepts.
func TestPlanSatisfiesJudge(t *testing.T) {
	strict := bare()
	strict.Default.RPFilter, strict.All.RPFilter = 1, 1
	wide := bare()
	wide.Links[0].Addresses = []Address{{Prefix: netip.PrefixFrom(vip4, 24)}}
	hosts := map[string]Facts{"bare": bare(), "strict": strict, "wide": wide}
	for name, found := range hosts {
		for _, method := range []Method{DR, TUN, GUE, GRE} {
			for _, arp := range []ARP{Sysctl, NFT, Static} {
				for _, outer := range []family{0, 4, 6} {
					for _, device := range []string{"lo", "dummy0"} {
						w := wish(method, vip4, vip6)
						w.ARP, w.Outer, w.Device = arp, outer, device
						f := found
						f.Links = slices.Clone(found.Links)
						for i := range f.Links {
							f.Links[i].Addresses = slices.Clone(f.Links[i].Addresses)
						}
						for _, s := range plan(f, w) {
							if !s.Done {
								f.carry(s)
							}
						}
						for _, s := range plan(f, w) {
							if !s.Done {
								t.Errorf("%s, %+v: a second plan wants %s", name, w, s)
							}
						}
						for _, finding := range Judge(f, w) {
							if finding.Severity == Fail {
								t.Errorf("%s, %+v: %+v", name, w, finding)
							}
						}
					}
				}
			}
		}
	}
}

// The host keeps silent before it has the VIP, and the tunnel is open before
// it is up.
func TestPlanOrder(t *testing.T) {
	f := bare()
	f.Default.RPFilter = 1
	var order []string
	for _, s := range plan(f, wish(TUN, vip4)) {
		order = append(order, s.String())
	}
	want := []string{
		"net.ipv4.conf.all.arp_ignore = 1", "net.ipv4.conf.all.arp_announce = 2",
		"device tunl0 of type ipip", "net.ipv4.conf.tunl0.rp_filter = 2", "address 192.0.2.80/32 on tunl0", "device tunl0 up",
		"address 192.0.2.80/32 on lo",
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// What an administrator has set already is neither set again nor weakened.
func TestPlanKeepsWhatDoes(t *testing.T) {
	f := bare()
	f.All = Settings{ARPIgnore: 8, RPFilter: 1}
	f.Links[1].ARPAnnounce = 2 // The interface's own value does as well.
	f.Links[0].Addresses = []Address{{Prefix: host(vip4)}}
	for _, s := range plan(f, wish(DR, vip4)) {
		if !s.Done {
			t.Errorf("plan wants %s", s)
		}
	}
}

// Replies that leave by another interface open the filter of the one on which
// directors send, and of no other.
func TestPlanLoosensTowardsDirector(t *testing.T) {
	f := bare()
	f.All.RPFilter = 1
	f.Links = append(f.Links, Link{Name: "eth1", Up: true, MTU: 1500})
	f.Director = Route{Device: "eth1"}
	var set []string
	for _, s := range plan(f, wish(DR, vip4)) {
		if strings.HasSuffix(s.Setting, "rp_filter") {
			set = append(set, s.String())
		}
	}
	if want := []string{"net.ipv4.conf.eth1.rp_filter = 2"}; !slices.Equal(set, want) {
		t.Errorf("plan sets %v, want %v", set, want)
	}
}

// What --print prints, for each way: testdata/print.txtar, rewritten by -update.
func TestPrint(t *testing.T) {
	dummy := wish(DR, vip4, vip6)
	dummy.Device = "dummy0"
	rules := wish(DR, vip4)
	rules.ARP = NFT
	in6 := wish(TUN, vip4)
	in6.Outer = 6
	vlan := bare()
	vlan.Director, vlan.All.RPFilter = Route{Device: "eth0.5"}, 1
	vlan.Links = append(vlan.Links, Link{Name: "eth0.5", Up: true})
	tests := []struct {
		name  string
		facts Facts
		wish  Wish
	}{
		{"dr", bare(), dummy}, {"nft", bare(), rules}, {"tun", bare(), wish(TUN, vip4)}, {"tun-in-ipv6", bare(), in6},
		{"gue", bare(), wish(GUE, vip4, vip6)}, {"gre", bare(), wish(GRE, vip4)}, {"vlan", vlan, wish(DR, vip4)},
	}
	path := filepath.Join("testdata", "print.txtar")
	got := &txtar.Archive{Comment: []byte("What tandem realserver up --print prints: go test -update writes it.\n")}
	for _, tt := range tests {
		var text bytes.Buffer
		if err := printShell(&text, tt.wish, plan(tt.facts, tt.wish)); err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: tt.name, Data: text.Bytes()})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}
