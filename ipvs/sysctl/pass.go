package sysctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// rounds is how often a pass writes before it says that it cannot: a setting
// that another one changed is written again in the next round.
const rounds = 3

// pass brings the settings to what is wanted and publishes what it saw. It says
// whether to look again soon, and the first of what stands in the way.
func (k *Keeper) pass(ctx context.Context, want Settings) (again bool, err error) {
	k.load()
	have, repairs, errs := k.bring(ctx, want)
	missing, waiting := k.missing(want, have)
	texts := k.say(ctx, errs)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.status = Status{
		Settings: have, Wanted: len(want), Kept: len(k.held), Waiting: waiting, Missing: missing,
		Errors: texts, Read: time.Now(), Repairs: k.status.Repairs + uint64(repairs),
	}
	if len(errs) > 0 {
		return true, errs[0]
	}
	return len(waiting) > 0, nil
}

// bring gives the settings the values that are wanted, and those that are not
// wanted any more what was found. It returns the wanted ones as read back.
func (k *Keeper) bring(ctx context.Context, want Settings) (have Settings, repairs int, errs []error) {
	want, errs = valid(want)
	have, readErrs := k.tree.readAll(want, maps.Keys(k.record.Entries))
	errs = append(errs, readErrs...)
	for _, name := range flips(want, have) {
		maps.Copy(have, k.tree.others(name))
	}
	var routes []string
	if switchedOn(want, have) != "" {
		maps.Copy(have, k.tree.all(acceptRA))
		routes = believers(want, have)
	}
	next, goals := plan(k.record.Entries, want, have)
	repairs = k.sayDrift(want, goals, have)
	clear(k.held)
	k.save(record{Epoch: k.opt.Epoch, Entries: next}) // Before the kernel hears of it.
	have, failed := k.settle(ctx, goals, have)
	k.sayAdvertised(routes, have)
	for _, name := range inOrder(goals) {
		if failed[name] != nil {
			errs = append(errs, failed[name])
		}
	}
	k.forget(want, failed)
	maps.DeleteFunc(have, func(name, _ string) bool { _, ok := want[name]; return !ok })
	for name, value := range want {
		if now, there := have[name]; there && now == goals[name] {
			k.held[name] = value
		}
	}
	if ctx.Err() != nil {
		errs = append(errs, ctx.Err())
	}
	return have, repairs, errs
}

// settle writes until every setting has its goal, and returns what they are
// then and why those that have not failed.
func (k *Keeper) settle(ctx context.Context, goals, have Settings) (now Settings, failed map[string]error) {
	failed = map[string]error{}
	for range rounds {
		done := true
		for _, name := range inOrder(goals) {
			if have[name] == goals[name] || failed[name] != nil || ctx.Err() != nil {
				continue
			}
			done = false
			if err := k.tree.write(name, goals[name]); err != nil {
				failed[name] = err
			}
		}
		if done {
			break
		}
		have, _ = k.tree.readAll(goals, nil) // One that went meanwhile is missing.
	}
	for name, value := range goals {
		if now, there := have[name]; there && now != value && failed[name] == nil {
			failed[name] = fmt.Errorf("set %s to %q: it reads %q afterwards; the kernel takes another form of it, or another setting decides it",
				dotted(name), value, now)
		}
	}
	return have, failed
}

// forget drops from the record what is not tandem's any more: given back, set
// by somebody else since, or gone with its interface.
func (k *Keeper) forget(want Settings, failed map[string]error) {
	next := maps.Clone(k.record.Entries)
	maps.DeleteFunc(next, func(name string, e entry) bool {
		_, wanted := want[name]
		return !wanted && !held(name, e, want) && failed[name] == nil
	})
	k.save(record{Epoch: k.opt.Epoch, Entries: next})
}

// sayDrift says which settings that were as wanted are not any more.
func (k *Keeper) sayDrift(want, goals, have Settings) (repairs int) {
	for _, name := range inOrder(have) {
		if value, ok := want[name]; ok && k.held[name] == value && have[name] != goals[name] {
			repairs++
			k.log.Warn("somebody else changed a kernel setting; repairing", "sysctl", dotted(name), "from", have[name], "to", goals[name])
		}
	}
	return repairs
}

// missing are the wanted settings that do not exist, each said once until it
// has been there: those that this kernel lacks with what to do, and those that
// wait for their interface, which may come at any moment.
func (k *Keeper) missing(want, have Settings) (lacking, waiting []string) {
	absent := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := have[name]; there || check(name) != nil || k.tree.exists(name) {
			if k.absent[name] {
				k.log.Info("a kernel setting that was missing is there now", "sysctl", dotted(name))
			}
			continue
		}
		absent[name] = true
		if dev := k.tree.waitsFor(name); dev != "" {
			waiting = append(waiting, dotted(name)+": waits for interface "+dev)
			if !k.absent[name] {
				k.log.Info("a kernel setting waits for its interface", "sysctl", dotted(name), "value", want[name])
			}
			continue
		}
		hint := k.tree.hint(name)
		lacking = append(lacking, dotted(name)+": "+hint)
		if !k.absent[name] {
			k.log.Warn("a kernel setting does not exist here; its default holds", "sysctl", dotted(name), "wanted", want[name], "do", hint)
		}
	}
	k.absent = absent
	return lacking, waiting
}

// valid are the settings whose names can be paths below the root, in the
// spelling of the kernel.
func valid(s Settings) (Settings, []error) {
	var errs []error
	good := Settings{}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if err := check(name); err != nil {
			errs = append(errs, err)
			continue
		}
		good[name] = spelled(s[name])
	}
	return good, errs
}

func check(name string) error {
	if name == "." || !fs.ValidPath(name) {
		return fmt.Errorf("set %q: it is no path of a kernel setting, as net/ipv4/vs/conntrack is", name)
	}
	return nil
}

// explain adds to the failure of a write what usually is behind it.
func explain(err error) error {
	switch {
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: it takes root, and in a container a writable /proc/sys", err)
	case errors.Is(err, errReadOnly):
		return fmt.Errorf("%w: /proc/sys is mounted read-only, as containers do; set it outside or mount it writable", err)
	case errors.Is(err, errInvalid):
		return fmt.Errorf("%w: the kernel refuses this value", err)
	}
	return err
}
