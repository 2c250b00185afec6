package netfilter

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables/expr"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

func TestProbeLeavesNothing(t *testing.T) {
	n := newNetwork(t)
	n.run("nft", "add table ip foreign")
	k := n.keeper(Options{})
	if err := k.Probe(t.Context(), everythingHere()); err != nil {
		t.Error(err)
	}
	if got := n.run("nft", "list", "ruleset"); got != "table ip foreign {\n}\n" {
		t.Errorf("after the probe:\n%s", got)
	}
	// Beside tables that are there already.
	pass(t, k, everythingHere())
	before := n.list("ip")
	if err := k.Probe(t.Context(), everythingHere()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, n.list("ip")); diff != "" {
		t.Errorf("the table (-before +after):\n%s", diff)
	}
}

func TestProbeSaysWhatIsMissing(t *testing.T) {
	n := newNetwork(t)
	k := n.keeper(Options{})
	set := everythingHere()
	// No kernel has a chain of this type, which it says as it says that it
	// cannot load one.
	set.Tables[0].Chains[0].Kind = 9
	err := k.Probe(t.Context(), set)
	t.Log(err)
	if err == nil || !strings.Contains(err.Error(), "lacks a part of nftables for ip: needed for FULLNAT of ") {
		t.Errorf("Probe: %v", err)
	}
	if got := n.run("nft", "list", "tables"); got != "" {
		t.Errorf("left: %s", got)
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Probe(late, everythingHere()); !errors.Is(err, context.Canceled) {
		t.Errorf("Probe without time: %v", err)
	}
}

func TestModulesAreNamed(t *testing.T) {
	got := map[string]bool{}
	for _, table := range everythingHere().Tables {
		for _, c := range sample(table).Chains {
			for _, r := range c.Rules {
				for _, e := range expressions(r, table.Family) {
					got[module(e)] = true
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"": true, "nft_ct": true, "nft_hash": true, "nft_nat": true}, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if got, want := options([]string{"nft_chain_nat", "nft_ct", "nft_nat"}), "CONFIG_NFT_CT, CONFIG_NFT_NAT"; got != want {
		t.Errorf("options %q, want %q", got, want)
	}
	if m := module(&expr.Counter{}); m != "" {
		t.Errorf("a counter needs %s", m)
	}
}

func TestASampleIsSmall(t *testing.T) {
	large, ok := rules.Want(large(), rules.Host{}).Table(ipvs.IPv4)
	if !ok {
		t.Fatal("no table")
	}
	if got := sample(large).Rules(); got > 5 {
		t.Errorf("%d rules of %d", got, large.Rules())
	}
}

func TestSettled(t *testing.T) {
	n := newNetwork(t)
	k := n.keeper(Options{Full: time.Hour})
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	k.Want(everythingHere())
	if err := k.Settled(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("before Run: %v", err)
	}
	n.start(k)
	if err := k.Settled(t.Context()); err != nil {
		t.Error(err)
	}
	n.list("ip6") // it is there
	bad := everythingHere()
	bad.Tables[0].Chains[0].Kind = 9
	k.Want(bad)
	if err := k.Settled(t.Context()); err == nil || !strings.Contains(err.Error(), "lacks a part of nftables") {
		t.Errorf("what the kernel refuses: %v", err)
	}
	k.Want(rules.Ruleset{})
	if err := k.Settled(t.Context()); err != nil {
		t.Error(err)
	}
	if left := n.run("nft", "list", "tables"); left != "" {
		t.Errorf("left: %s", left)
	}
}
