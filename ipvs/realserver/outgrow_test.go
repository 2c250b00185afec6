package realserver

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// switched takes a VIP from one wish to another and returns what goes.
func switched(f *Facts, r *record, from, to Wish) []string {
	r.take(f, from)
	steps := plan(*f, to)
	for _, s := range steps {
		for _, vip := range concerned(s, to.VIPs) {
			r.need(s, vip)
		}
		if !s.Done {
			f.carry(s)
		}
	}
	return words(r.outgrow(*f, to, steps))
}

// Of what an earlier up did, what another way of the same VIP does not need
// goes, and nothing else.
func TestOutgrow(t *testing.T) {
	dummy, static, in6 := wish(TUN, vip4), wish(DR, vip4), wish(TUN, vip4)
	dummy.Device, static.ARP, in6.Outer = "dummy7", Static, 6
	from := wish(DR, vip4)
	from.From = netip.MustParseAddr("10.0.0.1")
	wide := bare()
	wide.Links[0].Addresses = []Address{{Prefix: netip.PrefixFrom(vip4, 24)}}
	second := bare()
	second.All.RPFilter, second.Director = 1, Route{Device: "eth1"}
	second.Links = append(second.Links, Link{Name: "eth1", Up: true})
	tests := []struct {
		name  string
		facts Facts
		from  Wish
		to    Wish
		want  []string
	}{
		{"the same again", bare(), wish(TUN, vip4), wish(TUN, vip4), nil},
		{"another device", bare(), wish(TUN, vip4), dummy, []string{"address 192.0.2.80/32 on lo"}},
		{"no tunnel any more", bare(), wish(TUN, vip4), wish(DR, vip4), []string{"device tunl0 up", "device tunl0 of type ipip"}},
		{"another tunnel", bare(), wish(GUE, vip4), in6, []string{"GUE received at UDP port 6080, IPv4", "device tunl0 up", "device tunl0 of type ipip"}},
		{"no silence any more", bare(), wish(DR, vip4), static, []string{"net.ipv4.conf.all.arp_announce = 2", "net.ipv4.conf.all.arp_ignore = 1"}},
		{"a prefix that is gone stays away", wide, wish(DR, vip4), wish(DR, vip4), nil},
		{"where directors send is not said again", second, from, wish(DR, vip4), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &record{}
			if diff := cmp.Diff(tt.want, switched(&tt.facts, r, tt.from, tt.to), cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("goes (-want +got):\n%s", diff)
			}
		})
	}
}

// What another VIP needs stays.
func TestOutgrowSpares(t *testing.T) {
	f, r := bare(), &record{}
	r.take(&f, wish(TUN, netip.MustParseAddr("192.0.2.81")))
	if got := switched(&f, r, wish(TUN, vip4), wish(DR, vip4)); len(got) > 0 {
		t.Errorf("goes %v, which the other VIP needs", got)
	}
}

// The table goes after the VIP that it hides, whenever it came.
func TestSilenceGoesLast(t *testing.T) {
	namespace(t)
	needARPRules(t)
	dir := t.TempDir()
	static, nft := wish(DR, vip4), wish(DR, vip4)
	static.ARP, nft.ARP = Static, NFT
	set(t, dir, static)
	set(t, dir, nft)
	// The host's own address changes: the table is renewed, and there is one.
	tool(t, "ip", "address", "del", "192.0.2.21/24", "dev", "eth0")
	tool(t, "ip", "address", "add", "192.0.2.22/24", "dev", "eth0")
	if got := arpFindingsOf(t, nft); !strings.Contains(strings.Join(got, ""), "FAIL the nft table") {
		t.Errorf("judged %v with a stale mask", got)
	}
	set(t, dir, nft)
	if got := strings.Join(arpFindingsOf(t, nft), "\n"); strings.Contains(got, "FAIL") {
		t.Errorf("judged after up: %s", got)
	}
	var text bytes.Buffer
	if err := down(&text, dir, nil); err != nil {
		t.Error(err)
	}
	want := "undone  address 192.0.2.80/32 on lo\nundone  192.0.2.80 in nft table arp tandem_realserver\nundone  nft table arp tandem_realserver\n"
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("down (-want +got):\n%s", diff)
	}
}
