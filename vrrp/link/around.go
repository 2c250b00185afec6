package link

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// around is what a pass does around the addresses: before them subinterfaces are
// made and raised, packets kept away, and routes and rules taken away that may
// need an address; after them routes and rules come, and what is not needed any
// more goes. The goroutine of Host.Run owns it.
type around struct {
	owns   *owns
	paths  *paths
	wall   *firewall
	follow *follower

	static  vrrp.Static
	always  claim // its routes and rules
	missing func(group, why string, is bool)
	lacking map[string]string // by track_group what is missing, as last told
	defect  func(instance, why string, is bool)
	bad     map[string]string // by instance what is wrong with its subinterface, as last told
}

func newAround(k *keeper) *around {
	return &around{
		owns: newOwns(k.log, k.kernel), paths: newPaths(k.log, k.kernel),
		wall: &firewall{log: k.log}, follow: newFollower(k.log),
		lacking: make(map[string]string), bad: make(map[string]string),
	}
}

// before is the first half of a pass. It returns what stands in the way.
func (a *around) before(wishes []*wish, sweep bool) (problems []error) {
	bad := a.owns.prepare(ownWishes(wishes), sweep)
	for _, instance := range slices.Sorted(maps.Keys(bad)) {
		problems = append(problems, fmt.Errorf("vrrp_instance %s: %w", instance, bad[instance]))
	}
	a.tellDefects(bad)
	a.wall.changed = a.wall.changed || a.follow.wallChanged()
	if err := a.wall.widen(closed(wishes)); err != nil {
		problems = append(problems, err)
	}
	a.paths.take(append(claims(wishes), a.always))
	return append(problems, a.paths.remove(sweep)...)
}

// after is the second half. held tells whether an address is there.
func (a *around) after(wishes []*wish, sweep bool, held func(spot) bool) []error {
	problems := a.paths.add()
	a.follow.routes(a.paths.following)
	if err := a.wall.narrow(closed(wishes), sweep); err != nil {
		problems = append(problems, err)
	}
	if a.wall.held != nil {
		a.follow.wall.set()
	}
	again, err := a.owns.tidy(ownWishes(wishes), sweep)
	if err != nil {
		problems = append(problems, err)
	}
	if again {
		a.follow.poke.set()
	}
	a.tellMissing(held)
	return problems
}

// ownWishes are the subinterfaces of all instances.
func ownWishes(wishes []*wish) (list []ownWish) {
	for _, w := range wishes {
		list = append(list, owned(w.instance, w.Wish)...)
	}
	return list
}

// claims are the routes and rules of all instances.
func claims(wishes []*wish) (list []claim) {
	for _, w := range wishes {
		if len(w.Routes)+len(w.Rules) > 0 {
			list = append(list, claim{"vrrp_instance " + w.instance, w.Routes, w.Rules, w.Present})
		}
	}
	return list
}

// closed are the addresses that accept no packet.
func closed(wishes []*wish) map[netip.Addr]bool {
	set := make(map[netip.Addr]bool)
	for _, w := range wishes {
		if w.NoAccept && w.Present {
			for _, s := range w.spots {
				set[s.addr.Prefix.Addr()] = true
			}
		}
	}
	return set
}

// tellDefects says which instances lack their subinterface, and that one does no
// more. An instance whose interface does not exist hears that from elsewhere.
func (a *around) tellDefects(bad map[string]error) {
	now := make(map[string]string, len(bad))
	for instance, err := range bad {
		if !errors.Is(err, errNoLink) {
			now[instance] = err.Error()
		}
	}
	a.bad = tellChanges(a.bad, now, a.defect)
}

// tellChanges tells what is new and what is over, by name, and returns what has
// been told.
func tellChanges(was, now map[string]string, tell func(name, why string, is bool)) map[string]string {
	if tell == nil {
		return was
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if now[name] != was[name] {
			tell(name, was[name], false)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now[name] != was[name] {
			tell(name, now[name], true)
		}
	}
	return now
}
