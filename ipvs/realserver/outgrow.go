package realserver

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
)

// renew keeps how a step is carried out now: the masks of a table, which its
// repetition replaces.
func (r *record) renew(s Step) {
	if i := r.find(s); i >= 0 && !s.Done {
		before := r.Steps[i].Step.Before
		r.Steps[i].Step = s
		r.Steps[i].Step.Before = before
	}
}

// known gives the settings of a plan the value that they had before up came:
// on a host that is set up what they have now is up's own.
func (r *record) known(steps []Step) []Step {
	steps = slices.Clone(steps)
	for i, s := range steps {
		if j := r.find(s); j >= 0 {
			steps[i].Before = r.Steps[j].Step.Before
		}
	}
	return steps
}

// outgrow says that VIPs need nothing any more but what the plan contains: they
// are forwarded another way than before. It returns the steps that nobody needs
// now, the last one first, and keeps the others.
func (r *record) outgrow(f Facts, w Wish, plan []Step) []Step {
	var kept []entry
	var gone []Step
	for _, e := range r.Steps {
		needs := func(vip netip.Addr) bool {
			return !slices.Contains(w.VIPs, vip) || stays(e.Step, f, w) ||
				slices.ContainsFunc(plan, func(s Step) bool { return s.same(e.Step) && slices.Contains(concerned(s, w.VIPs), vip) })
		}
		e.VIPs = slices.DeleteFunc(slices.Clone(e.VIPs), func(vip netip.Addr) bool { return !needs(vip) })
		if len(e.VIPs) > 0 {
			kept = append(kept, e)
		} else {
			gone = append(gone, e.Step)
		}
	}
	r.Steps = kept
	slices.Reverse(gone)
	return gone
}

// stays reports that a step is needed though no later plan contains it: what is
// gone and what is up cannot be seen, and where directors send may be unknown
// this time.
func stays(s Step, f Facts, w Wish) bool {
	switch s.Kind {
	case RemoveAddress:
		return true
	case LinkUp:
		return s.Device == "lo"
	case Set:
		return w.Method == DR && !w.From.IsValid() && slices.ContainsFunc(f.neighbourly(), func(l Link) bool {
			return s.Setting == setting(l.Name, "rp_filter")
		})
	}
	return false
}

// revert undoes steps in an order in which the host never has a VIP and speaks
// of it: silence goes last. What cannot be undone is recorded again, for
// another attempt.
func (r *record) revert(out io.Writer, steps []Step, vips []netip.Addr) error {
	loud := slices.DeleteFunc(slices.Clone(steps), Step.silences)
	quiet := slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return !s.silences() })
	var errs []error
	for _, s := range append(loud, quiet...) {
		left, err := s.revert()
		switch {
		case err != nil:
			errs = append(errs, err)
			r.Steps = slices.Insert(r.Steps, 0, entry{Step: s, VIPs: concerned(s, vips)})
		case left != "":
			fmt.Fprintf(out, "left    %s: %s\n", s, left)
		default:
			fmt.Fprintf(out, "undone  %s\n", s)
		}
	}
	return errors.Join(errs...)
}
