package rules

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/ipvs"
)

var update = flag.Bool("update", false, "write testdata anew")

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func server(s string) ipvs.Server { return netip.MustParseAddrPort(s) }

func key(at string, p ipvs.Protocol) ipvs.Key { return ipvs.Key{Addr: server(at), Protocol: p} }

func mark(m uint32, f ipvs.Family) ipvs.Key { return ipvs.Key{FWMark: m, Family: f} }

func pool(s string) Range {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	return Range{addr(first), addr(last)}
}

func backends(how ipvs.Forwarding, at ...string) (list []Backend) {
	for _, a := range at {
		list = append(list, Backend{addr(a), how})
	}
	return list
}

// cases are configurations with a golden file each; own is this host.
var cases = []struct {
	name     string
	services []Service
	own      []string
}{
	{"nothing", []Service{{Key: key("192.0.2.80:80", ipvs.TCP), Servers: backends(ipvs.DR, "10.0.0.1", "10.0.0.2")}}, []string{"10.0.0.9"}},
	{"fullnat", []Service{{
		Key: key("192.0.2.80:80", ipvs.TCP), Sources: []Range{pool("10.0.0.100")},
		FullNAT: []ipvs.Server{server("10.1.0.1:8080"), server("10.1.0.2:8080")},
		Servers: backends(ipvs.NAT, "10.1.0.1", "10.1.0.2"),
	}}, nil},
	{"fullnat of some servers", []Service{{
		Key: key("192.0.2.80:80", ipvs.TCP), Sources: []Range{pool("10.0.0.100")},
		FullNAT: []ipvs.Server{server("10.1.0.1:8080")},
		Servers: backends(ipvs.NAT, "10.1.0.1", "10.0.0.2"),
	}}, nil},
	{"fullnat beside direct routing", []Service{{
		Key: key("192.0.2.80:80", ipvs.TCP), Sources: []Range{pool("10.0.0.100")},
		FullNAT: []ipvs.Server{server("10.1.0.1:80")},
		Servers: append(backends(ipvs.DR, "10.0.0.2"), backends(ipvs.NAT, "10.1.0.1")...),
	}}, nil},
	{"fullnat of all ports", []Service{{
		Key: key("192.0.2.80:0", ipvs.UDP), Sources: []Range{pool("10.0.0.100")}, FullNAT: []ipvs.Server{server("10.1.0.1:0")},
	}}, nil},
	{"fullnat with pools", []Service{{
		Key: key("[2001:db8::80]:443", ipvs.TCP), FullNAT: []ipvs.Server{server("[2001:db8:2::1]:443")},
		Sources: []Range{pool("2001:db8:1::20"), pool("2001:db8:1::10-2001:db8:1::14"), pool("2001:db8:1::15-2001:db8:1::17")},
	}, {
		Key: key("192.0.2.53:53", ipvs.UDP), FullNAT: []ipvs.Server{server("10.1.0.1:53")},
		Sources: []Range{pool("10.0.0.200-10.0.0.209"), pool("10.0.0.100"), pool("10.0.0.150")},
	}}, nil},
	{"fullnat of a mark", []Service{{
		Key: mark(7, ipvs.IPv4), Sources: []Range{pool("10.0.0.100")}, FullNAT: []ipvs.Server{server("10.1.0.1:8080"), server("10.1.0.2:0")},
		Match: []Match{{Addr: addr("192.0.2.80"), Protocol: ipvs.TCP, Ports: []Ports{{80, 80}}}},
	}, {
		Key: mark(8, ipvs.IPv4), Sources: []Range{pool("10.0.0.100")}, FullNAT: []ipvs.Server{server("10.1.0.3:53")},
	}}, nil},
	{"fullnat without a pool", []Service{{
		Key: key("192.0.2.80:80", ipvs.TCP), FullNAT: []ipvs.Server{server("10.1.0.1:80")}, Sources: []Range{pool("2001:db8::1")},
	}}, nil},
	{"marks", []Service{{
		Key: mark(7, ipvs.IPv4),
		Match: []Match{
			{Addr: addr("192.0.2.80"), Protocol: ipvs.TCP, Ports: []Ports{{443, 443}, {80, 80}, {8000, 8010}}},
			{Addr: addr("192.0.2.81"), Protocol: ipvs.UDP},
		},
	}, {
		Key: mark(7, ipvs.IPv6), Match: []Match{{Addr: addr("2001:db8::80"), Protocol: ipvs.SCTP, Ports: []Ports{{80, 80}}}},
	}, {
		Key: mark(9, ipvs.IPv4), // somebody else marks
	}}, nil},
	{"each other's server", []Service{
		{Key: key("192.0.2.80:80", ipvs.TCP), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12")},
		{Key: key("192.0.2.80:53", ipvs.UDP), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12")},
		{Key: key("192.0.2.81:0", ipvs.TCP), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12", "10.0.0.13")},
		{Key: mark(7, ipvs.IPv4), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12"),
			Match: []Match{{Addr: addr("192.0.2.82"), Protocol: ipvs.TCP, Ports: []Ports{{80, 80}, {443, 443}}}}},
		{Key: key("[2001:db8::80]:80", ipvs.TCP), Servers: backends(ipvs.DR, "2001:db8:1::11", "2001:db8:1::12")},
	}, []string{"10.0.0.11", "2001:db8:1::11", "127.0.0.1", "::1"}},
	{"each other's server by tunnel", []Service{
		{Key: key("192.0.2.80:80", ipvs.TCP), Servers: backends(ipvs.Tunnel, "10.0.0.11", "10.8.0.12")},
		{Key: key("[2001:db8::80]:80", ipvs.TCP), Servers: backends(ipvs.Tunnel, "10.0.0.11", "10.8.0.12")},
	}, []string{"10.0.0.11", "fe80::11", "2001:db8:1::11"}},
	{"a server by NAT", []Service{
		{Key: key("192.0.2.80:80", ipvs.TCP), Servers: backends(ipvs.NAT, "10.0.0.11", "10.0.0.12")},
	}, []string{"10.0.0.11"}},
	{"what cannot be told apart", []Service{
		{Key: mark(7, ipvs.IPv4), Servers: backends(ipvs.DR, "10.0.0.11", "10.0.0.12")},
		{Key: key("[2001:db8::80]:80", ipvs.TCP), Servers: backends(ipvs.Tunnel, "10.0.0.11", "10.8.0.12")},
	}, []string{"10.0.0.11"}},
}

func hosts(own []string) (h Host) {
	for _, a := range own {
		h.Addresses = append(h.Addresses, addr(a))
	}
	return h
}

func TestWant(t *testing.T) {
	golden := filepath.Join("testdata", "want.txtar")
	var archive txtar.Archive
	for _, c := range cases {
		archive.Files = append(archive.Files, txtar.File{Name: c.name, Data: []byte(Want(c.services, hosts(c.own)).String())})
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(&archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			if i >= len(want.Files) {
				t.Fatal("no golden: run with -update")
			}
			if diff := cmp.Diff(string(want.Files[i].Data), string(f.Data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingWantedIsEmpty(t *testing.T) {
	for _, c := range cases {
		set := Want(c.services, hosts(c.own))
		if got, want := set.Empty(), c.name == "nothing" || c.name == "a server by NAT" ||
			c.name == "fullnat without a pool" || c.name == "what cannot be told apart"; got != want {
			t.Errorf("%s: empty is %v", c.name, got)
		}
	}
}

func TestResolve(t *testing.T) {
	set := Want(cases[9].services, hosts(cases[9].own))
	table, ok := set.Table(ipvs.IPv4)
	if !ok {
		t.Fatal("no table")
	}
	if diff := cmp.Diff([]string{"10.0.0.12", "10.0.0.13"}, strings.Fields(strings.Trim(fmt.Sprint(table.Senders()), "[]"))); diff != "" {
		t.Errorf("senders (-want +got):\n%s", diff)
	}
	one, two := Hardware{2, 0, 0, 0, 0, 1}, Hardware{2, 0, 0, 0, 0, 2}
	resolved := table.Resolve(map[netip.Addr][]Hardware{addr("10.0.0.12"): {one, two}})
	text := resolved.String()
	for _, want := range []string{"ether saddr 02:00:00:00:00:01 ", "ether saddr 02:00:00:00:00:02 "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "<") || strings.Contains(text, "10.0.0.13") {
		t.Errorf("a sender without an address has rules:\n%s", text)
	}
	if again, _ := set.Table(ipvs.IPv4); !cmp.Equal(table, again, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) {
		t.Error("Resolve changed the table that it was asked of")
	}
}

// The order of the configuration does not matter, and the result is in a form
// that the kernel takes, whatever the configuration.
func FuzzWant(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, seed*7)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		services, host := randomServices(r), hosts([]string{"10.0.0.1", "2001:db8::1"})
		set := Want(services, host)
		shuffle(r, services)
		for i := range services {
			s := &services[i]
			s.Match, s.Sources = slices.Clone(s.Match), slices.Clone(s.Sources)
			s.FullNAT, s.Servers = slices.Clone(s.FullNAT), slices.Clone(s.Servers)
			shuffle(r, s.Match)
			shuffle(r, s.Sources)
			shuffle(r, s.FullNAT)
			shuffle(r, s.Servers)
		}
		if diff := cmp.Diff(set.String(), Want(services, host).String()); diff != "" {
			t.Fatalf("in another order (-one +other):\n%s", diff)
		}
		for _, table := range set.Tables {
			checkTable(t, table)
		}
	})
}

// checkTable says whether a table keeps the promises of its types.
func checkTable(t *testing.T, table Table) {
	t.Helper()
	names := map[string]bool{}
	for _, c := range table.Chains {
		if names[c.Name] {
			t.Errorf("two chains %s", c.Name)
		}
		names[c.Name] = true
	}
	if table.Rules() == 0 {
		t.Error("a table without rules")
	}
	for _, c := range table.Chains {
		for _, r := range c.Rules {
			text := r.Text(table.Family)
			w := r.When
			if (w.Original.IsValid() || w.Ports != Ports{}) && w.Protocol == 0 {
				t.Errorf("ports without a protocol: %s", text)
			}
			for _, a := range []netip.Addr{w.Original, w.To.First, w.To.Last, w.NotTo, r.Then.To.First, r.Then.To.Last} {
				if a.IsValid() && ipvs.FamilyOf(a) != table.Family {
					t.Errorf("an address of the other family: %s", text)
				}
			}
			if r.Then.Verb == Jump && !names[r.Then.Chain] {
				t.Errorf("a jump nowhere: %s", text)
			}
			if len(r.Comment) > MaxComment || r.Comment == "" {
				t.Errorf("comment of %d bytes", len(r.Comment))
			}
		}
	}
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// randomServices draws from few values, so that they often meet, and some that
// make no sense.
func randomServices(r *rand.Rand) (list []Service) {
	addrs := []netip.Addr{{}, addr("10.0.0.1"), addr("10.0.0.2"), addr("::ffff:10.0.0.3"), addr("2001:db8::1"), addr("fe80::1%eth0"), addr("2001:db8::3")}
	any := func() netip.Addr { return addrs[r.IntN(len(addrs))] }
	at := func() ipvs.Server { return netip.AddrPortFrom(any(), uint16(r.IntN(3)*80)) }
	for range r.IntN(6) {
		s := Service{Key: ipvs.Key{Addr: at(), Protocol: []ipvs.Protocol{0, ipvs.TCP, ipvs.UDP, ipvs.SCTP}[r.IntN(4)], FWMark: uint32(max(0, r.IntN(4)-1))}}
		s.Key.Family = []ipvs.Family{0, ipvs.IPv4, ipvs.IPv6}[r.IntN(3)]
		for range r.IntN(3) {
			m := Match{Addr: any(), Protocol: []ipvs.Protocol{0, ipvs.TCP}[r.IntN(2)]}
			for range r.IntN(3) {
				p := uint16(r.IntN(3) * 100)
				m.Ports = append(m.Ports, Ports{p, p + uint16(r.IntN(2))})
			}
			s.Match = append(s.Match, m)
		}
		for range r.IntN(3) {
			s.Sources = append(s.Sources, Range{any(), any()})
			s.FullNAT = append(s.FullNAT, at())
		}
		for range r.IntN(4) {
			s.Servers = append(s.Servers, Backend{any(), ipvs.Forwarding(r.IntN(4))})
		}
		list = append(list, s)
	}
	return list
}
