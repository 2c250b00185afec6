package netfilter

import (
	"flag"
	"net/netip"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

var update = flag.Bool("update", false, "write testdata anew")

var counts = regexp.MustCompile(`packets \d+ bytes \d+`)

// list is a table as nft(8) prints it, without what the rules counted.
func (n *network) list(family string) string {
	n.t.Helper()
	return uncount(n.run("nft", "list", "table", family, "tandem"))
}

func uncount(listing string) string { return counts.ReplaceAllString(listing, "packets 0 bytes 0") }

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func span(s string) rules.Range { return rules.Range{First: addr(s), Last: addr(s)} }

// everything is a configuration that needs every kind of rule in both
// families.
func everything() []rules.Service {
	web := ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:80"), Protocol: ipvs.TCP}
	all := ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.81:0"), Protocol: ipvs.UDP}
	six := ipvs.Key{Addr: netip.MustParseAddrPort("[2001:db8::80]:443"), Protocol: ipvs.TCP}
	return []rules.Service{{
		Key:     web,
		Sources: []rules.Range{{First: addr("10.0.0.100"), Last: addr("10.0.0.103")}, span("10.0.0.200")},
		FullNAT: []ipvs.Server{netip.MustParseAddrPort("10.1.0.1:8080"), netip.MustParseAddrPort("10.1.0.2:8080")},
	}, {
		Key:     all,
		Sources: []rules.Range{span("10.0.0.210")},
		FullNAT: []ipvs.Server{netip.MustParseAddrPort("10.1.0.3:0")},
		Servers: []rules.Backend{{Addr: addr("10.1.0.3")}, {Addr: addr("10.1.0.4")}},
	}, {
		Key:     six,
		Sources: []rules.Range{{First: addr("2001:db8:1::10"), Last: addr("2001:db8:1::1f")}},
		FullNAT: []ipvs.Server{netip.MustParseAddrPort("[2001:db8:2::1]:443")},
	}, {
		Key: ipvs.Key{FWMark: 7, Family: ipvs.IPv4},
		Match: []rules.Match{
			{Addr: addr("192.0.2.90"), Protocol: ipvs.TCP, Ports: []rules.Ports{{First: 80, Last: 80}, {First: 8000, Last: 8010}}},
			{Addr: addr("192.0.2.90"), Protocol: ipvs.UDP},
		},
		Servers: []rules.Backend{{Addr: addr("10.0.0.11"), Forwarding: ipvs.DR}, {Addr: addr("10.0.0.12"), Forwarding: ipvs.DR}},
	}, {
		Key:     ipvs.Key{FWMark: 8, Family: ipvs.IPv4},
		Sources: []rules.Range{span("10.0.0.220")},
		FullNAT: []ipvs.Server{netip.MustParseAddrPort("10.1.0.9:53")},
	}, {
		Key:     ipvs.Key{Addr: netip.MustParseAddrPort("[2001:db8::25]:25"), Protocol: ipvs.TCP},
		Servers: []rules.Backend{{Addr: addr("2001:db8:3::11"), Forwarding: ipvs.Tunnel}, {Addr: addr("2001:db8:3::12"), Forwarding: ipvs.Tunnel}},
	}}
}

func everythingHere() rules.Ruleset {
	return rules.Want(everything(), rules.Host{Addresses: []netip.Addr{addr("10.0.0.11"), addr("2001:db8:3::11")}})
}

func TestNFTListsWhatWasWritten(t *testing.T) {
	n := newNetwork(t)
	k := n.keeper(Options{})
	fellow := rules.Hardware{2, 0, 0x5e, 0, 0, 0x12}
	k.hardware[addr("10.0.0.12")] = []rules.Hardware{fellow}
	set := everythingHere()
	pass(t, k, set)

	var got, text string
	for i, table := range set.Tables {
		got += n.list([]string{"ip", "ip6"}[i])
		text += table.Resolve(k.hardware).String()
	}
	// The witness: nft(8) reads the text that the rules print, and lists it as
	// it lists what the Keeper wrote.
	witness := newNetwork(t)
	file := t.TempDir() + "/rules.nft"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	witness.run("nft", "-f", file)
	if diff := cmp.Diff(witness.list("ip")+witness.list("ip6"), got); diff != "" {
		t.Errorf("nft -f of the text (-) and the Keeper (+) differ:\n%s\ntext:\n%s", diff, text)
	}
	golden := "testdata/listing.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
}

func TestASecondPassWritesNothing(t *testing.T) {
	n := newNetwork(t)
	k := n.keeper(Options{})
	pass(t, k, everythingHere())
	if w := k.Status().Writes; w != 2 {
		t.Errorf("%d transactions for two tables", w)
	}
	for range 2 {
		pass(t, k, everythingHere())
	}
	if s := k.Status(); s.Writes != 2 || s.Rules == 0 || s.Repairs != 0 {
		t.Errorf("after three passes: %+v", s)
	}
}

func TestChangesFromOutsideAreUndone(t *testing.T) {
	rows := []struct {
		name    string
		command []string
	}{
		{"flush ruleset", []string{"nft", "flush", "ruleset"}},
		{"the table is deleted", []string{"nft", "delete", "table", "ip", "tandem"}},
		{"a foreign rule", []string{"nft", "add", "rule", "ip", "tandem", "guard", "counter"}},
		{"a foreign rule before", []string{"nft", "insert", "rule", "ip", "tandem", "fullnat", "accept"}},
		{"a chain is emptied", []string{"nft", "flush", "chain", "ip", "tandem", "fullnat"}},
		{"a rule is replaced", []string{"sh", "-c", `h=$(nft -a list chain ip tandem guard | sed -n 's/.*snat_pool.*handle //p' | head -1); nft replace rule ip tandem guard handle $h accept`}},
		{"a foreign chain", []string{"nft", "add", "chain", "ip", "tandem", "mine"}},
		{"a foreign set", []string{"nft", "add", "set", "ip", "tandem", "mine", "{ type ipv4_addr; }"}},
		{"a policy", []string{"nft", "add", "chain", "ip", "tandem", "guard", "{ policy drop; }"}},
		{"the table is dormant", []string{"nft", "add", "table", "ip", "tandem", "{ flags dormant; }"}},
		{"the table is made again otherwise", []string{"sh", "-c",
			`nft list table ip tandem | sed 's/192.0.2.80/192.0.2.88/' > $$.nft; nft delete table ip tandem; nft -f $$.nft; rm $$.nft`}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			n := newNetwork(t)
			n.run("nft", "add table ip foreign { chain c { tcp dport 22 accept; }; }")
			k := n.keeper(Options{Full: time.Hour})
			k.Want(everythingHere())
			n.start(k)
			eventually(t, "the table is there", func() bool { return k.Status().Rules > 0 })
			before, foreign := n.list("ip"), n.run("nft", "-a", "list", "table", "ip", "foreign")
			writes := k.Status().Writes

			n.run(row.command...)
			took := eventually(t, "it is repaired", func() bool {
				listed, err := n.try("nft", "list", "table", "ip", "tandem")
				return err == nil && k.Status().Repairs > 0 && uncount(listed) == before
			})
			if took > time.Second {
				t.Errorf("repaired after %v", took)
			}
			t.Logf("repaired after %v", took.Round(time.Millisecond))
			if s := k.Status(); s.Writes > writes+3 || s.Repairs > 3 || len(s.Errors) > 0 {
				t.Errorf("status %+v after %d writes", s, writes)
			}
			if row.name == "flush ruleset" {
				return // which took the other table as well
			}
			if diff := cmp.Diff(foreign, n.run("nft", "-a", "list", "table", "ip", "foreign")); diff != "" {
				t.Errorf("somebody else's table (-before +after):\n%s", diff)
			}
		})
	}
}
