package ipvsadm

import (
	"context"
	"fmt"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// guard knows what a running director owns. It asks once.
type guard struct {
	owner func(context.Context) (map[ipvs.Key]bool, error)
	asked bool
	owned map[ipvs.Key]bool
	// refused says that something was: a restore must not end as if all had
	// been done, whatever came after.
	refused bool
}

func (g *guard) refuse(format string, args ...any) *refusal {
	g.refused = true
	return refuse(statusList, "refused: "+format, args...)
}

// allow refuses a change to what a running director owns, since the director
// would undo it within seconds. Weight 0 and its end are taken: the director
// keeps them as a manual drain.
func (s *session) allow(ctx context.Context, r request) *refusal {
	g := &s.guard
	if !g.asked && g.owner != nil {
		owned, err := g.owner(ctx)
		if err != nil {
			s.note("cannot ask the director what it owns, going on: %v", err)
		}
		g.owned = owned
	}
	g.asked = true
	if len(g.owned) == 0 || r.changes() && !g.owned[r.service.Key.Normal()] {
		return nil
	}
	if r.given.has(optForce) {
		s.note("forced: the running director repairs what it owns within seconds")
		return nil
	}
	if !r.changes() {
		return g.refuse("--%s would change what the running director owns (%s); edit its configuration and reload, or add --force, and it repairs its part within seconds",
			r.command, someKeys(g.owned))
	}
	if r.command == editServer {
		return s.drain(ctx, r)
	}
	return g.refuse("%s is owned by the running director; edit its configuration and reload, or add --force, and it undoes the change within seconds",
		r.service.Key)
}

// drain allows what is nothing but a weight of 0 for an owned server, or any
// weight for one that has 0.
func (s *session) drain(ctx context.Context, r request) *refusal {
	k, bad := s.kernel(ctx)
	if bad != nil {
		return bad
	}
	l, err := k.Look(ctx, r.service.Key)
	if err != nil {
		c := r.change()
		return changeFailed(&c, err)
	}
	for i := range l.Servers {
		have := &l.Servers[i]
		if have.Server != r.server {
			continue
		}
		want := r.dest
		want.Weight = have.Weight
		switch {
		case want != have.Destination, r.dest.Weight != 0 && have.Weight != 0:
			return s.guard.refuse("%s is owned by the running director, which takes from here only a drain: %s; edit its configuration and reload, or add --force, and it undoes the change within seconds",
				r.service.Key, drainCommand(l.Key, *have))
		case r.dest.Weight == 0:
			s.note("%s of %s is drained by hand: the director leaves it so until it gets a weight again", r.server, r.service.Key)
		default:
			s.note("the manual drain of %s of %s ends: the director gives it its weight", r.server, r.service.Key)
		}
		return nil
	}
	return nil // The kernel will say that there is no such server.
}

// drainCommand is the command that changes nothing but the weight, to 0.
func drainCommand(key ipvs.Key, have kernel.Real) string {
	have.Weight = 0
	p := printer{numeric: true}
	b := appendServiceOption([]byte("ipvsadm -e "), key, p)
	b = p.addrPort(append(b, " -r "...), have.Server, key.Protocol)
	b = appendForwarding(b, &have)
	b = b[:len(b)-1] // without the line end
	if have.Upper != 0 || have.Lower != 0 {
		b = fmt.Appendf(b, " -x %d -y %d", have.Upper, have.Lower)
	}
	return string(b)
}

// someKeys names one of the services and counts the rest.
func someKeys(owned map[ipvs.Key]bool) string {
	first := ipvs.Key{}
	for key := range owned {
		if first == (ipvs.Key{}) || key.Compare(first) < 0 {
			first = key
		}
	}
	if len(owned) == 1 {
		return first.String()
	}
	return fmt.Sprintf("%s and %d more services", first, len(owned)-1)
}
