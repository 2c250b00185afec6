package netfilter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/nftables/expr"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// probeTable is a name that no table ever has: a batch with it is never
// committed.
const probeTable = rules.TableName + "-probe"

// Probe asks whether this kernel can hold the tables of set, nil when it can:
// the kernel checks a table with the same chains and one rule of each shape,
// loads the modules for it where it can, and keeps nothing. The error says
// what is missing, what needs it and what to do. It may be called at any time,
// beside Run.
func (k *Keeper) Probe(ctx context.Context, set rules.Ruleset) error {
	var errs []error
	for _, t := range set.Tables {
		err := k.check(ctx, sample(t))
		if err == nil {
			continue
		}
		if !unsupported(err) && ctx.Err() == nil {
			if missing := k.missing(ctx, sample(t)); len(missing) > 0 {
				errs = append(errs, fmt.Errorf("this kernel lacks a part of nftables for %s: needed for %s; modprobe %s, or use a kernel that has them (%s): %w",
					familyName(t.Family), t.Purpose(), strings.Join(missing, " "), options(missing), err))
				continue
			}
		}
		errs = append(errs, explain(err, t.Family, t))
	}
	return errors.Join(errs...)
}

// check asks the kernel whether it takes a table.
func (k *Keeper) check(ctx context.Context, t rules.Table) error {
	b := newBatch(t.Family, probeTable)
	b.addTable()
	b.fill(ctx, t.Chains)
	return k.talk(ctx, b.try)
}

// sample is a table with one rule of each shape: two rules have the same when
// the kernel needs the same for them.
func sample(t rules.Table) rules.Table {
	seen := map[string]bool{}
	chains := slices.Clone(t.Chains)
	for i, c := range chains {
		chains[i].Rules = nil
		for _, r := range c.Rules {
			shape := c.Name
			for _, e := range expressions(r, t.Family) {
				shape += fmt.Sprintf(" %T", e)
			}
			if !seen[shape] {
				seen[shape] = true
				chains[i].Rules = append(chains[i].Rules, r)
			}
		}
	}
	return rules.Table{Family: t.Family, Chains: chains}
}

// missing are the modules of what the kernel refuses in a table, each part
// tried alone.
func (k *Keeper) missing(ctx context.Context, t rules.Table) []string {
	found := map[string]bool{}
	refused := func(c rules.Chain) bool {
		return k.check(ctx, rules.Table{Family: t.Family, Chains: []rules.Chain{c}}) != nil
	}
	for _, c := range t.Chains {
		empty := c
		empty.Rules = nil
		if refused(empty) {
			if c.Kind == rules.NAT {
				found["nft_chain_nat"] = true
			}
			continue
		}
		for _, r := range c.Rules {
			alone := empty
			alone.Rules = []rules.Rule{r}
			if r.Then.Verb == rules.Jump || !refused(alone) {
				continue // The chain to jump to is tried by itself.
			}
			for _, e := range expressions(r, t.Family) {
				if m := module(e); m != "" {
					found[m] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// module is that of an expression; empty: it is in nf_tables itself.
func module(e expr.Any) string {
	switch e.(type) {
	case *expr.Ct:
		return "nft_ct"
	case *expr.NAT:
		return "nft_nat"
	case *expr.Hash:
		return "nft_hash"
	}
	return ""
}

// options are what modules are called when a kernel is built.
func options(modules []string) string {
	names := map[string]string{
		"nft_chain_nat": "CONFIG_NFT_NAT", "nft_nat": "CONFIG_NFT_NAT", "nft_ct": "CONFIG_NFT_CT", "nft_hash": "CONFIG_NFT_HASH",
	}
	var list []string
	for _, m := range modules {
		list = append(list, names[m])
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}
