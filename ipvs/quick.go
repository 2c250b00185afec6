package ipvs

import (
	"context"
	"maps"
	"slices"
	"time"
)

// quick writes what is newly wanted without reading the whole table, which of a
// large one takes longer than anything else. It reads the few services that
// change, and writes where they are as the last pass left them. Done means that
// no pass is needed now: what somebody else did to the other services is found
// when the next one is due, as if nothing new were wanted.
func (r *Reconciler) quick(ctx context.Context) (done bool) {
	want, timeouts := r.wanted()
	if r.known == nil || len(r.failed) > 0 || timeouts != r.held {
		return false
	}
	ops := Diff(r.known, want.withDrains(r.record.drain))
	if len(ops) == 0 {
		return !r.releasing()
	}
	keys := keysOf(ops)
	// Many are read faster with all the others.
	const few = 16
	if len(keys) > max(few, len(r.known)/4) || r.drains(keys) {
		return false
	}
	begun := time.Now()
	now, err := r.kernel.Entries(ctx, keys)
	if err != nil {
		return false // The pass says what is wrong.
	}
	for _, key := range keys {
		then, known := r.known[key]
		if entry, there := now[key]; there != known || !entry.equal(then) {
			return false
		}
	}
	r.claim(now, want)
	have := r.known.with(now)
	r.sayReplaced(ops, want)
	wrote, failures := r.write(ctx, have, ops)
	r.forget(have, want)
	r.publish(ctx, begun, nil, func(s *Snapshot) {
		s.Table = have
		s.Writes += uint64(wrote)
	})
	return len(failures) == 0 && !r.releasing() // What failed, a pass says and tries again.
}

// releasing says that a manual drain is to end, seen or not.
func (r *Reconciler) releasing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.released) > 0 || r.allOver != 0
}

// drains says that one of the services has a manual drain.
func (r *Reconciler) drains(keys []Key) bool {
	for t := range r.record.drain {
		if slices.Contains(keys, t.Key) {
			return true
		}
	}
	return false
}

// keysOf are the services that operations in the order of Diff are about.
func keysOf(ops []Op) (keys []Key) {
	for _, op := range ops {
		if n := len(keys); n == 0 || keys[n-1] != op.Key {
			keys = append(keys, op.Key)
		}
	}
	return keys
}

// with is the table with some entries replaced; the others are shared.
func (t Table) with(entries Table) Table {
	n := maps.Clone(t)
	maps.Copy(n, entries)
	return n
}
