package ipvs

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// failure is an operation that the kernel refused, or, without a verb,
// anything else that went wrong.
type failure struct {
	op  Op
	err error
}

func (f failure) Error() string {
	if f.op.Verb == 0 {
		return f.err.Error()
	}
	return fmt.Sprintf("%s: %v", f.op, f.err)
}

func (f failure) Unwrap() error { return f.err }

// publish says what newly fails and that everything works again, one line
// for each distinct failure however often it repeats, and replaces the
// snapshot.
func (r *Reconciler) publish(ctx context.Context, now time.Time, failures []failure, change func(*Snapshot)) {
	failing := map[string]bool{}
	var texts []string
	for _, f := range failures {
		text := f.Error()
		if !r.failed[text] && ctx.Err() == nil {
			r.log.Error("IPVS is not as wanted; trying again", "err", text)
		}
		failing[text] = true
		texts = append(texts, text)
	}
	if len(r.failed) > 0 && len(failing) == 0 {
		r.log.Info("IPVS is as wanted again")
	}
	r.failed = failing

	r.mu.Lock()
	defer r.mu.Unlock()
	if change != nil {
		change(&r.snap)
	}
	slices.Sort(texts)
	r.snap.Errors = texts
	switch {
	case len(texts) == 0:
		r.snap.Since = time.Time{}
	case r.snap.Since.IsZero():
		r.snap.Since = now
	}
}

// sayDrift says what others changed, one line for each of the first few
// changes; netlink does not tell who.
func (r *Reconciler) sayDrift(ops []Op, have, want Table) {
	const shown = 10
	held := want.withDrains(r.record.drain)
	again := map[string]int{}
	for _, op := range ops[:min(len(ops), shown)] {
		text := drift(op, r.known, have, held)
		again[text] = r.again[text] + 1
		r.log.Warn("somebody else changed IPVS; repairing", "what", text)
	}
	r.again = again
	if more := len(ops) - shown; more > 0 {
		r.log.Warn("somebody else changed IPVS; repairing", "what", fmt.Sprintf("%d changes more", more))
	}
}

// sayReplaced says why a server that is wanted goes for a moment.
func (r *Reconciler) sayReplaced(ops []Op, want Table) {
	for _, op := range ops {
		if _, stays := want[op.Key].Destinations[op.Server]; stays && op.Verb == DelDestination {
			r.log.Info("a server is removed and added at once: the kernel cannot change its tunnel in place",
				"service", op.Key, "server", op.Server)
		}
	}
}

// sayDrain says that a manual drain began or ended.
func (r *Reconciler) sayDrain(d Drain) {
	if d.Over() {
		r.log.Info("manual drain ended", "service", d.Key, "server", d.Server, "reason", d.Reason)
		return
	}
	r.log.Warn("manual drain: the server keeps weight 0 until a weight is set from outside, tandem undrain, a reload or a restart",
		"service", d.Key, "server", d.Server, "reason", d.Reason, "since", d.Since)
}

// sayLeftovers says which services of an earlier run a first pass removes.
func (r *Reconciler) sayLeftovers(ops []Op) {
	for _, op := range ops {
		if op.Verb == DelService {
			r.log.Info("removing an IPVS service that an earlier run left", "service", op.Key)
		}
	}
}
