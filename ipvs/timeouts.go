package ipvs

import (
	"context"
	"fmt"
	"time"
)

// timeoutRecord remembers what tandem did to the timeouts, of which a network
// namespace has one set and not one for each service.
type timeoutRecord struct {
	Found Timeouts // what they were before tandem
	Set   Timeouts // what tandem writes; zero: this one is none of its business
}

// Timeouts says what the connection timeouts shall be; it returns at once.
// The last one counts. One that is zero is left alone, and gets its earlier
// value back where tandem had set it. They are kept like the table: from the
// first Want on, repaired at each full comparison, given back by Clear.
func (r *Reconciler) Timeouts(t Timeouts) {
	r.mu.Lock()
	same := r.timeouts == t
	r.timeouts = t
	r.mu.Unlock()
	if !same { // A reload says them each time, right before the table.
		r.wake()
	}
}

// keepTimeouts reads the timeouts and writes those that are not as wanted,
// until they are. It returns how many somebody else had changed.
func (r *Reconciler) keepTimeouts(ctx context.Context, want Timeouts) (repairs int, err error) {
	if want == (Timeouts{}) && r.record.timeouts == (timeoutRecord{}) {
		return 0, nil
	}
	for first := true; ; first = false {
		have, err := r.kernel.Timeouts(ctx)
		if err != nil {
			return repairs, err
		}
		if first {
			repairs = r.sayTimeouts(want, have)
			r.held = Timeouts{}
		}
		next, write := planTimeouts(r.record.timeouts, want, have)
		if next != r.record.timeouts {
			// Before the kernel hears of it: what was found must not be lost.
			r.record.timeouts = next
			r.save()
		}
		switch {
		case write == Timeouts{}:
			r.held = want
			return repairs, nil
		case !first:
			// A kernel without one of the protocols takes its timeout and
			// forgets it.
			return repairs, fmt.Errorf("set the IPVS timeouts: they read tcp %s, tcpfin %s, udp %s afterwards", have.TCP, have.TCPFin, have.UDP)
		}
		if err := r.kernel.SetTimeouts(ctx, write); err != nil {
			return repairs, err
		}
	}
}

// planTimeouts says what to remember and then to write. A timeout that is not
// wanted any more gets back what was found, unless somebody else has set it
// since; it is forgotten once it is not tandem's value any more.
func planTimeouts(rec timeoutRecord, want, have Timeouts) (next timeoutRecord, write Timeouts) {
	for i, wish := range want.all() {
		found, set, now := *rec.Found.all()[i], *rec.Set.all()[i], *have.all()[i]
		switch {
		case *wish != 0:
			if set == 0 {
				found = now
			}
			if set = *wish; now != set {
				*write.all()[i] = set
			}
		case set != 0 && set == now && found != now:
			*write.all()[i] = found
		default:
			continue
		}
		*next.Found.all()[i], *next.Set.all()[i] = found, set
	}
	return next, write
}

// sayTimeouts says which timeouts that were as wanted are not any more.
func (r *Reconciler) sayTimeouts(want, have Timeouts) (drift int) {
	for i, wish := range want.all() {
		if now := *have.all()[i]; *wish != 0 && *r.held.all()[i] == *wish && now != *wish {
			drift++
			r.log.Warn("somebody else changed an IPVS timeout; repairing", "timeout", timeoutNames[i], "from", now, "to", *wish)
		}
	}
	return drift
}

// timeoutNames are the names in lvs_timeouts, in the order of all.
var timeoutNames = [...]string{"tcp", "tcpfin", "udp"}

func (t *Timeouts) all() [3]*time.Duration { return [...]*time.Duration{&t.TCP, &t.TCPFin, &t.UDP} }
