package netfilter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// pass makes the kernel's tables what is wanted. It says whether to look again
// soon, and the first of what stands in the way.
func (k *Keeper) pass(ctx context.Context, want rules.Ruleset) (again bool, err error) {
	var errs []error
	notes := slices.Clone(want.Notes)
	count := 0
	for _, f := range families {
		table, wanted := want.Table(f)
		if wanted {
			var more []string
			var open bool
			table, more, open = k.resolve(table)
			notes = append(notes, more...)
			again = again || open
		}
		n, err := k.keep(ctx, f, table, wanted)
		if err != nil && wanted {
			err = explain(err, f, table)
		}
		if err != nil {
			errs = append(errs, err)
		}
		count += n
	}
	slices.Sort(notes)
	notes = slices.Compact(notes)
	failed := k.say(ctx, errs, notes)
	k.mu.Lock()
	k.status = Status{
		Rules: count, Repairs: k.repairs, Writes: k.writes, Errors: failed, Notes: notes, Read: time.Now(),
	}
	k.mu.Unlock()
	if len(errs) > 0 {
		return true, errs[0]
	}
	return again, nil
}

// keep compares the table of one family and writes it if it is not as wanted.
// It returns how many rules there are now.
func (k *Keeper) keep(ctx context.Context, f ipvs.Family, want rules.Table, wanted bool) (int, error) {
	have, err := k.read(ctx, f)
	if err != nil {
		if !wanted && unsupported(err) {
			return 0, nil // nothing is wanted of a kernel that has nothing
		}
		return 0, err
	}
	last, known := k.held[f]
	changed := known && !have.equal(last.image)
	switch {
	case !wanted && !have.present():
		delete(k.held, f)
		return 0, nil
	case !wanted:
		if err := k.remove(ctx, f); err != nil {
			return len(have.Rules), err
		}
		k.writes++
		delete(k.held, f)
		k.log.Info("removed the nftables table that is not needed any more", "table", name(f), "rules", len(have.Rules))
		return 0, nil
	case known && !changed && reflect.DeepEqual(last.want, want):
		return len(have.Rules), nil
	}

	if err := k.write(ctx, want); err != nil {
		return len(have.Rules), err
	}
	k.writes++
	now, err := k.read(ctx, f)
	if err != nil {
		delete(k.held, f)
		return 0, err
	}
	if changed {
		k.repairs++
		k.log.Warn("somebody else changed tandem's nftables table; it is written again",
			"table", name(f), "found", drift(last.image, have), "rules", len(now.Rules))
	} else {
		k.log.Info("wrote the nftables table", "table", name(f), "rules", len(now.Rules), "before", len(have.Rules))
	}
	if !now.is(want) { // somebody wrote at the same time
		now = image{}
		k.wake()
	}
	k.held[f] = held{want, now}
	return len(now.Rules), nil
}

func name(f ipvs.Family) string { return familyName(f) + " " + rules.TableName }

// say logs each failure when it begins, and that all of them are over. A note
// is logged when the next pass has it, too: the kernel finds most neighbours
// in the time between.
func (k *Keeper) say(ctx context.Context, errs []error, notes []string) []string {
	failed, noted := map[string]bool{}, map[string]int{}
	for _, err := range errs {
		text := err.Error()
		failed[text] = true
		if !k.failed[text] && ctx.Err() == nil {
			k.log.Error("nftables rules are not as wanted; trying again", "err", text)
		}
	}
	for _, n := range notes {
		if noted[n] = k.noted[n] + 1; noted[n] == 2 {
			k.log.Warn(n)
		}
	}
	if len(k.failed) > 0 && len(failed) == 0 {
		k.log.Info("nftables rules are as wanted again")
	}
	k.failed, k.noted = failed, noted
	return slices.Sorted(maps.Keys(failed))
}

// unsupported says whether the kernel has no nftables at all, or none for the
// family.
func unsupported(err error) bool {
	for _, errno := range [...]unix.Errno{unix.EOPNOTSUPP, unix.EAFNOSUPPORT, unix.EPROTONOSUPPORT} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// explain says what is missing and what for.
func explain(err error, f ipvs.Family, t rules.Table) error {
	purpose := t.Purpose()
	switch {
	case unsupported(err):
		return fmt.Errorf("this kernel has no nftables for %s: needed for %s; modprobe nf_tables nft_chain_nat, or use a kernel with %s: %w",
			familyName(f), purpose, option(f), err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("this kernel lacks a part of nftables for %s: needed for %s; modprobe nft_chain_nat nft_nat nft_ct nft_hash, "+
			"or use a kernel that has them: %w", familyName(f), purpose, err)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("nftables for %s, needed for %s: CAP_NET_ADMIN is missing: %w", familyName(f), purpose, err)
	}
	return err
}

// option is what the tables of a family are called when a kernel is built.
func option(f ipvs.Family) string {
	if f == ipvs.IPv6 {
		return "CONFIG_NF_TABLES_IPV6"
	}
	return "CONFIG_NF_TABLES_IPV4"
}
