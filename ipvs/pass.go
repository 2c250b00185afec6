package ipvs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// touched reads the services alone and says whether somebody changed one of
// tandem's since the last pass. What cannot be read is left to the next pass,
// which says so.
func (r *Reconciler) touched(ctx context.Context) bool {
	if r.known == nil {
		return false
	}
	services, err := r.kernel.Services(ctx)
	if err != nil {
		return false
	}
	for key, entry := range r.known {
		if now, ok := services[key]; !ok || now != entry.Service {
			return true
		}
	}
	return false
}

// pass reads timeouts and table, takes note of what others changed, and writes
// the difference. Stale says that a write met another table than the one read.
func (r *Reconciler) pass(ctx context.Context) (stale bool, err error) {
	want, timeouts := r.wanted()
	if want == nil {
		return false, nil
	}
	begun := time.Now()
	var failures []failure
	repairs, err := r.keepTimeouts(ctx, timeouts)
	if err != nil {
		failures = append(failures, failure{err: err})
	}
	all, figures, err := r.kernel.Read(ctx)
	if err != nil {
		r.publish(ctx, begun, append(failures, failure{err: err}), nil)
		return false, err
	}
	repairs += r.look(begun, all.owned(r.record.owned), want)
	r.claim(all, want)

	have := all.owned(r.record.owned)
	ops := Diff(have, want.withDrains(r.record.drain))
	if !r.begun {
		r.sayLeftovers(ops)
	}
	r.sayReplaced(ops, want)
	done, refused := r.write(ctx, have, ops)
	failures = append(failures, refused...)
	for _, f := range failures {
		stale = stale || errors.Is(f, ErrExist) || errors.Is(f, ErrNotExist)
		err = f
	}
	failures = append(failures, r.futile()...)
	r.begun = true
	r.forget(have, want)
	r.publish(ctx, begun, failures, func(s *Snapshot) {
		s.Read, s.Took = begun, time.Since(begun)
		s.Table, s.Figures = have, figures
		s.Drains = sortedDrains(r.record.drain)
		s.Passes++
		s.Writes += uint64(done)
		s.Repairs += uint64(repairs)
	})
	return stale, err
}

// write does the operations, lets have follow what the kernel did, and keeps
// it as what is known of the kernel. A server that fails because its service
// could not be added is no failure of its own.
func (r *Reconciler) write(ctx context.Context, have Table, ops []Op) (done int, failures []failure) {
	r.known = have
	if len(ops) == 0 {
		return 0, nil
	}
	for i, err := range r.kernel.Apply(ctx, ops) {
		op := ops[i]
		if err == nil {
			err = have.Apply(op)
		}
		if err == nil {
			done++
			continue
		}
		if errors.Is(err, ErrNoAnswer) || ctx.Err() != nil {
			// Done or not: what the next pass finds may be our own work, and
			// a weight 0 of ours must not pass for somebody's drain.
			r.known = nil
		}
		if _, there := have[op.Key]; there || op.Verb != AddDestination {
			failures = append(failures, failure{op, err})
		}
	}
	return done, failures
}

func (r *Reconciler) wanted() (Table, Timeouts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.want, r.timeouts
}

// look compares tandem's services with what the last pass left and takes note
// of what others did meanwhile: manual drains, and drift, whose size it
// returns.
func (r *Reconciler) look(now time.Time, have, want Table) (repairs int) {
	if !r.begun {
		r.note(because(DrainRemembered, r.record.drain))
	}
	r.lookForDrains(now, have, want)
	if r.known == nil {
		return 0
	}
	drift := slices.DeleteFunc(changed(r.known, have), func(op Op) bool {
		_, held := r.record.drain[target{op.Key, op.Server}]
		was := r.known[op.Key].Destinations[op.Server]
		was.Weight = 0
		return held && op.Verb == SetDestination && was == op.Destination
	})
	r.sayDrift(drift, have, want)
	return len(drift)
}

// futile is the drift that comes back however often it is repaired. It is no
// reason to try sooner than at the next whole comparison.
func (r *Reconciler) futile() (failures []failure) {
	const patience = 3
	for _, text := range slices.Sorted(maps.Keys(r.again)) {
		if r.again[text] >= patience {
			failures = append(failures, failure{err: fmt.Errorf(
				"%s, again and again: another program manages it too, or this kernel is too old for the setting and keeps its own", text)})
		}
	}
	return failures
}

// lookForDrains takes note of the manual drains that began or ended since the
// last pass.
func (r *Reconciler) lookForDrains(now time.Time, have, want Table) {
	changes := drainChanges(now, r.record.drain, r.known, have, want)
	r.mu.Lock()
	for _, t := range r.released {
		if d, ok := r.record.drain[t]; ok {
			d.Reason = DrainReleased
			changes = append(changes, d)
		}
	}
	why := r.allOver
	r.released, r.allOver = nil, 0
	r.mu.Unlock()
	r.note(changes)
	if why != 0 {
		r.note(because(why, r.record.drain))
	}
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
	var fresh []Key
	for key := range want {
		if !r.record.owned[key] {
			fresh = append(fresh, key)
		}
	}
	if fresh == nil {
		return
	}
	slices.SortFunc(fresh, Key.Compare)
	for _, key := range fresh {
		r.record.owned[key] = true
		if _, ok := all[key]; ok {
			r.log.Info("adopted an IPVS service that was there already", "service", key)
		}
	}
	r.save()
}

// forget drops the keys from the record that are neither wanted nor there.
func (r *Reconciler) forget(have, want Table) {
	before := len(r.record.owned)
	maps.DeleteFunc(r.record.owned, func(key Key, _ bool) bool {
		_, wanted := want[key]
		_, there := have[key]
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

// Clear removes tandem's services from the kernel and from the record, ends
// the manual drains, and gives the timeouts back the values that they had
// before, except those that somebody else has changed since. Call it when Run
// has returned, or instead of Run.
func (r *Reconciler) Clear(ctx context.Context) error {
	r.load()
	_, err := r.keepTimeouts(ctx, Timeouts{})
	return errors.Join(err, r.clearTable(ctx))
}

// clearTable does not read the servers: they go with their services, and of a
// large table they take longer than all the rest of a stop.
func (r *Reconciler) clearTable(ctx context.Context) error {
	services, err := r.kernel.Services(ctx)
	if err != nil {
		return err
	}
	have := Table{}
	for key, service := range services {
		if r.record.owned[key] {
			have[key] = Entry{Service: service}
		}
	}
	ops := Diff(have, nil)
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
	clear(r.record.owned)
	for _, d := range because(DrainRestarted, r.record.drain) {
		r.sayDrain(d)
		if r.opt.OnDrain != nil {
			r.opt.OnDrain(d)
		}
	}
	clear(r.record.drain)
	return r.record.save()
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
