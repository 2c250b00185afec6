package ipvs

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// sayDrift says in one line what others changed; netlink does not tell who.
func (r *Reconciler) sayDrift(drift []Op) {
	if len(drift) == 0 {
		return
	}
	const shown = 5
	var words []string
	for _, op := range drift[:min(len(drift), shown)] {
		words = append(words, op.String())
	}
	r.log.Warn("somebody else changed IPVS; repairing", "changes", len(drift), "what", strings.Join(words, "; "))
}

// sayDrain says that a manual drain began or ended.
func (r *Reconciler) sayDrain(d Drain) {
	if d.Over() {
		r.log.Info("manual drain ended", "service", d.Key, "server", d.Server, "reason", d.Reason)
		return
	}
	r.log.Warn("manual drain: the server keeps weight 0 until a weight is set from outside or it is released",
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
