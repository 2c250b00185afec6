package ipvs

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// intact reads the services alone and says whether they are as the last pass
// left them. An error counts as no: the pass that follows reports it.
func (r *Reconciler) intact(ctx context.Context) bool {
	if r.known == nil {
		return true
	}
	services, err := r.kernel.Services(ctx)
	if err != nil {
		return false
	}
	for key, entry := range r.known {
		if now, ok := services[key]; !ok || now != entry.Service {
			return false
		}
	}
	return true
}

// pass reads the table, takes note of what others changed, and writes the
// difference. Stale says that a write met another table than the one read.
func (r *Reconciler) pass(ctx context.Context) (stale bool, err error) {
	want, released := r.orders()
	if want == nil {
		return false, nil
	}
	begun := time.Now()
	all, figures, err := r.kernel.Read(ctx)
	if err != nil {
		r.publish(ctx, begun, []failure{{err: err}}, nil)
		return false, err
	}
	repairs := r.look(begun, all, want, released)
	r.claim(all, want)

	have := all.owned(r.record.owned)
	ops := Diff(have, want.withDrains(r.record.drain))
	if r.known == nil {
		r.sayLeftovers(ops)
	}
	errs := r.kernel.Apply(ctx, ops)
	var failures []failure
	for i, op := range ops {
		if errs[i] == nil {
			// The table in memory follows the kernel's.
			errs[i] = have.Apply(op)
		}
		if errs[i] != nil {
			failures = append(failures, failure{op, errs[i]})
			stale = stale || errors.Is(errs[i], ErrExist) || errors.Is(errs[i], ErrNotExist)
			err = errs[i]
		}
	}
	r.known = have
	r.forget(want)
	r.publish(ctx, begun, failures, func(s *Snapshot) {
		s.Read, s.Took = begun, time.Since(begun)
		s.Table, s.Figures = have, figures
		s.Drains = sortedDrains(r.record.drain)
		s.Passes++
		s.Writes += uint64(len(ops) - len(failures))
		s.Repairs += uint64(repairs)
	})
	return stale, err
}

// orders is what is wanted and which drains are to end.
func (r *Reconciler) orders() (Table, []target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	released := r.released
	if r.want != nil {
		r.released = nil
	}
	return r.want, released
}

// look compares the table with what the last pass left and takes note of what
// others did meanwhile: manual drains, and drift, whose size it returns.
func (r *Reconciler) look(now time.Time, all, want Table, released []target) (repairs int) {
	have := all.owned(r.record.owned)
	changes := drainChanges(now, r.record.drain, r.known, have, want)
	for _, t := range released {
		if d, ok := r.record.drain[t]; ok {
			d.Reason = DrainReleased
			changes = append(changes, d)
		}
	}
	if r.known == nil {
		for _, d := range sortedDrains(r.record.drain) {
			d.Reason = DrainRemembered
			changes = append([]Drain{d}, changes...)
		}
	}
	r.note(changes)
	if r.known == nil {
		return 0
	}
	drift := slices.DeleteFunc(Diff(r.known, have), func(op Op) bool {
		_, held := r.record.drain[target{op.Key, op.Server}]
		was := r.known[op.Key].Destinations[op.Server]
		was.Weight = 0
		return held && op.Verb == SetDestination && was == op.Destination
	})
	r.sayDrift(drift)
	return len(drift)
}

// note keeps what changed about manual drains and tells whoever asked.
func (r *Reconciler) note(changes []Drain) {
	for _, d := range changes {
		if d.Over() {
			delete(r.record.drain, target{d.Key, d.Server})
		} else {
			r.record.drain[target{d.Key, d.Server}] = d
		}
		r.sayDrain(d)
		if r.opt.OnDrain != nil {
			r.opt.OnDrain(d)
		}
	}
	if len(changes) > 0 {
		r.save()
	}
}

// claim records every wanted key before the kernel hears of it. A service
// that is wanted and already there is tandem's from now on.
func (r *Reconciler) claim(all, want Table) {
	grown := false
	for _, key := range sortedKeys(want) {
		if r.record.owned[key] {
			continue
		}
		r.record.owned[key], grown = true, true
		if _, ok := all[key]; ok {
			r.log.Info("adopted an IPVS service that was there already", "service", key)
		}
	}
	if grown {
		r.save()
	}
}

// forget drops the keys from the record that are neither wanted nor there.
func (r *Reconciler) forget(want Table) {
	before := len(r.record.owned)
	maps.DeleteFunc(r.record.owned, func(key Key, _ bool) bool {
		_, wanted := want[key]
		_, there := r.known[key]
		return !wanted && !there
	})
	if len(r.record.owned) != before {
		r.save()
	}
}

// save writes the record. Without one a crash may leave services behind,
// which is better than no service now: the failure is said and nothing more.
func (r *Reconciler) save() {
	if err := r.record.save(); err != nil {
		r.log.Error("remember which services are tandem's; a crash now may leave some behind", "err", err)
	}
}

// load reads the record once.
func (r *Reconciler) load() {
	if r.loaded {
		return
	}
	r.loaded = true
	if err := r.record.Load(); err != nil {
		r.log.Error("services that an earlier run left cannot be told from foreign ones and stay", "err", err)
	}
}

// Clear removes tandem's services from the kernel, and the record when that
// succeeded. Call it when Run has returned, or instead of Run.
func (r *Reconciler) Clear(ctx context.Context) error {
	r.load()
	all, _, err := r.kernel.Read(ctx)
	if err != nil {
		return err
	}
	ops := Diff(all.owned(r.record.owned), nil)
	var errs []error
	for i, err := range r.kernel.Apply(ctx, ops) {
		if err != nil && !errors.Is(err, ErrNotExist) {
			errs = append(errs, failure{ops[i], err})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	r.known = nil
	return r.record.remove()
}

// owned is the part of the table with the given keys.
func (t Table) owned(keys map[Key]bool) Table {
	part := make(Table, len(keys))
	for key, entry := range t {
		if keys[key] {
			part[key] = entry
		}
	}
	return part
}
