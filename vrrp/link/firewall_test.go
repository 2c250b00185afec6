package link

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/vrrp"
)

// tables lists the nftables tables of the host.
func tables(t testing.TB) string {
	t.Helper()
	out, err := run("nft", "list", "tables")
	if err != nil {
		t.Skip("no nft: " + out)
	}
	return out
}

// listed is what a set of the table holds.
func listed(t testing.TB, set string) string {
	t.Helper()
	out, err := run("nft", "list", "set", "inet", FirewallTable, set)
	if err != nil {
		return "none"
	}
	_, list, found := strings.Cut(out, "elements = {")
	if !found {
		return ""
	}
	list, _, _ = strings.Cut(list, "}")
	return strings.Join(strings.Fields(list), " ")
}

func TestNoAccept(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	p.over(t, func() { shown(t, "addr", "add", "2001:db8::2/64", "dev", p.far, "nodad") })
	tables(t)
	if _, err := run("nft", "add", "table", "inet", "theirs"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run("nft", "delete", "table", "inet", "theirs") })
	h := startHost(t)
	w := vrrp.Wish{Interface: p.near, Addresses: vips("10.1.0.99/24", "2001:db8::99/64"), NoAccept: true}
	far := func(addr string) (yes bool) {
		p.over(t, func() { yes = answers(addr) })
		return yes
	}

	h.Want("VI_1", w)
	h.flush(t)
	if got := tables(t); strings.Contains(got, FirewallTable) {
		t.Errorf("a backup has tables %s", got)
	}
	w.Present = true
	h.Want("VI_1", w)
	h.flush(t)
	t.Run("S-13 K-27 N-13 packets to the address of a master with no_accept are dropped", func(t *testing.T) {
		if far("10.1.0.99") || far("2001:db8::99") {
			t.Error("an answer")
		}
		if !far("10.1.0.1") {
			t.Error("the own address answers no more")
		}
	})
	t.Run("S-13 neighbour solicitations are answered all the same", func(t *testing.T) {
		p.over(t, func() {
			if got := strings.Join(shown(t, "-6", "neigh", "show", "2001:db8::99"), ""); !strings.Contains(got, "lladdr") {
				t.Errorf("neighbour %q", got)
			}
		})
	})
	t.Run("what it looks like", func(t *testing.T) {
		out, err := run("nft", "-s", "list", "table", "inet", FirewallTable)
		must(t, err)
		var lines []string
		for line := range strings.Lines(out) {
			lines = append(lines, strings.TrimSpace(line))
		}
		rules := []string{
			`icmpv6 type nd-neighbor-solicit accept comment "tandem: neighbour solicitations are answered all the same"`,
			`icmpv6 type nd-neighbor-advert accept comment "tandem: neighbour advertisements are heard all the same"`,
			`ip daddr @vips4 counter drop comment "tandem: no_accept, virtual addresses answer nobody"`,
			`ip6 daddr @vips6 counter drop comment "tandem: no_accept, virtual addresses answer nobody"`,
			"}", "",
		}
		want := []string{
			"table inet tandem_vrrp {",
			"set vips4 {", "type ipv4_addr", "elements = { 10.1.0.99 }", "}", "",
			"set vips6 {", "type ipv6_addr", "elements = { 2001:db8::99 }", "}", "",
			"chain input {", "type filter hook input priority filter - 1; policy accept;",
		}
		want = append(append(want, rules...), "chain forward {", "type filter hook forward priority filter - 1; policy accept;")
		want = append(append(want, rules[:5]...), "}")
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("table (-want +got):\n%s", diff)
		}
	})
	t.Run("a set has what all masters want, and no more", func(t *testing.T) {
		other := w
		other.Addresses = vips("10.1.0.98/24", "10.1.0.97/24")
		h.Want("VI_2", other)
		h.flush(t)
		if got := listed(t, "vips4"); got != "10.1.0.97, 10.1.0.98, 10.1.0.99" {
			t.Errorf("set %s", got)
		}
		other.Present = false
		h.Want("VI_2", other)
		h.flush(t)
		if got := listed(t, "vips4"); got != "10.1.0.99" {
			t.Errorf("set %s", got)
		}
	})
	t.Run("it comes back after a flush of all rules, and after a change", func(t *testing.T) {
		for _, change := range []string{"flush ruleset", "delete element inet tandem_vrrp vips4 { 10.1.0.99 }", "flush chain inet tandem_vrrp input", "add element inet tandem_vrrp vips4 { 10.1.0.1 }"} {
			if out, err := run("nft", strings.Fields(change)...); err != nil {
				t.Fatalf("nft %s: %s", change, out)
			}
			eventually(t, "the table after "+change, func() bool {
				out, _ := run("nft", "list", "chain", "inet", FirewallTable, "input")
				return listed(t, "vips4") == "10.1.0.99" && strings.Contains(out, "@vips4")
			})
			h.flush(t)
		}
	})
	w.Present = false
	h.Want("VI_1", w)
	h.flush(t)
	t.Run("the table goes with the last address, and no other", func(t *testing.T) {
		run("nft", "add", "table", "inet", "theirs")
		if got := strings.TrimSpace(tables(t)); got != "table inet theirs" {
			t.Errorf("tables %s", got)
		}
	})
}

// A table that a crash left goes at the start.
func TestFirewallSweep(t *testing.T) {
	newPair(t, "", "")
	tables(t)
	run("nft", "add", "table", "inet", FirewallTable)
	h := startHost(t)
	h.Sweep()
	h.flush(t)
	if got := tables(t); strings.Contains(got, FirewallTable) {
		t.Errorf("tables %s", got)
	}
}
