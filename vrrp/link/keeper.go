package link

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// keeper makes the kernel's addresses match the wishes. The goroutine of
// Host.Run owns it.
type keeper struct {
	log      *slog.Logger
	kernel   *kernel
	announce *announcer
	around   *around
	witness  *witness
	now      time.Time // of this pass

	wishes  []*wish           // in the order in which the instances first spoke
	byName  map[string]*wish  // the same by instance
	doomed  map[spot]struct{} // to be removed once, by name
	swept   bool              // marks without a wish go
	leaving bool              // addresses are to stay without us
	busy    func() bool       // wishes have come in

	// As of the last pass.
	targets []target
	wanted  map[place]target // the same by place, the first of each
	kept    map[place]bool   // what was held at the end of it
	own     map[int]place    // see ownAddresses
	devices map[int]device   // by index
	spoken  map[place]int    // how often it was announced in a burst
	lost    int              // targets that others had removed before it
	partly  bool             // it left something to the next

	// What is remembered of all of them.
	made    map[place]bool     // what this run has added
	spared  map[home]bool      // own addresses that were not removed, already logged
	said    map[string]bool    // problems already logged
	promote map[int]*promotion // by interface index

	// For the announcer, at the end of this pass.
	rounds map[place]int
	news   map[place]bool // the gateway is to be told first

	leases  map[place]lease     // how long the kernel keeps what it was given
	renewed time.Time           // when leases were last renewed
	parole  map[place]time.Time // see noteLosses
	waived  map[place]bool      // those that stay away as they are not tracked
	stale   map[place]bool      // they lack what a new wish says, which is set anew

	fights  map[place]*fight   // over addresses that were put back
	unheard map[place]int      // removals counted before the witness had heard of them
	repairs map[string]Repairs // by instance
	onFight func(Fight)        // may be nil
}

func newKeeper(log *slog.Logger, k *kernel) *keeper {
	keeper := &keeper{
		log:      log,
		kernel:   k,
		announce: newAnnouncer(log),
		witness:  newWitness(k),
		byName:   make(map[string]*wish),
		doomed:   make(map[spot]struct{}),
		rounds:   make(map[place]int),
		news:     make(map[place]bool),
		made:     make(map[place]bool),
		spared:   make(map[home]bool),
		leases:   make(map[place]lease),
		parole:   make(map[place]time.Time),
		waived:   make(map[place]bool),
		fights:   make(map[place]*fight),
		unheard:  make(map[place]int),
		repairs:  make(map[string]Repairs),
		promote:  make(map[int]*promotion),
		busy:     func() bool { return false },
	}
	keeper.around = newAround(keeper)
	return keeper
}

// want takes an instance's new wish. What the old one had and the new one has
// not is to be removed.
func (k *keeper) want(next wish) {
	w := k.byName[next.instance]
	if w == nil {
		w = new(wish)
		k.wishes = append(k.wishes, w)
		k.byName[next.instance] = w
	}
	for _, s := range w.spots {
		k.doomed[s] = struct{}{}
	}
	if w.Present && next.Present {
		next.repeat, next.burst, next.first = w.repeat, w.burst, w.first
		if w.Extra == next.Extra {
			next.extraAt = w.extraAt
		}
	}
	*w = next
	for _, s := range w.spots {
		if w.Present {
			delete(k.doomed, s)
		} else {
			k.doomed[s] = struct{}{}
		}
	}
}

// forget drops an instance; its addresses are to be removed.
func (k *keeper) forget(instance string) {
	if w := k.byName[instance]; w != nil {
		k.want(newWish(instance, vrrp.Wish{}))
		k.wishes = slices.DeleteFunc(k.wishes, func(x *wish) bool { return x == w })
		delete(k.byName, instance)
		delete(k.repairs, instance)
	}
}

// reconcile is one pass: read the kernel, remove, add, and note what to
// announce. It returns what stands in the way of the wishes. Where the kernel
// cannot be read nothing is changed.
func (k *keeper) reconcile(now time.Time) error {
	k.now, k.partly = now, false
	around := k.around.before(k.wishes, k.swept)
	names, problems, err := k.lookUp()
	if err != nil {
		return k.tell(err)
	}
	problems = append(around, problems...)
	culprits := k.witness.take()
	before, err := k.kernel.addresses(0)
	if err != nil {
		return k.tell(err)
	}
	there := places(before)
	maps.DeleteFunc(k.made, func(p place, _ bool) bool { return !there[p] })
	k.own = ownAddresses(before, k.made)
	sources := sourceAddresses(before, k.own)
	k.findTargets(names)
	k.findLives(before)
	k.wanted = byPlace(k.targets)
	k.findMoves(names, sources)
	k.noteLosses(there, culprits)

	// Removals first: what another director answers for already must not wait
	// for what this one is about to add.
	k.announce.only(func(p place) bool { return k.wanted[p].dev.up || sources[p] })
	have, errs := k.removeSurplus(before, names)
	problems = append(problems, errs...)
	problems = append(problems, k.addMissing(have)...)
	if !k.partly { // else what goes by an address may not find it yet
		problems = append(problems, k.around.after(k.wishes, k.swept, k.holds(names))...)
	}
	problems = append(problems, k.settleLeases(have)...)
	k.promoteSecondaries()
	k.planRounds()
	for _, w := range k.wishes {
		w.told = false
	}
	return k.tell(problems...)
}

// holds tells of an address whether the kernel has it, as far as that matters.
func (k *keeper) holds(names map[string]device) func(spot) bool {
	return func(s spot) bool {
		dev, ok := names[s.dev]
		p := placeOf(dev.index, s.addr)
		return ok && (k.kept[p] || k.waived[p])
	}
}

func has[K comparable, V any](m map[K]V, key K) bool {
	_, ok := m[key]
	return ok
}

// lookUp reads the interfaces that wishes name. One that does not exist is a
// problem where an address shall be present; any other error ends the pass,
// for what is not known must not be taken for unwanted.
func (k *keeper) lookUp() (map[string]device, []error, error) {
	shall := make(map[string]bool) // by name: an address shall be present
	for s := range k.doomed {
		shall[s.dev] = false
	}
	for _, w := range k.wishes {
		if !has(shall, w.Interface) && w.Interface != "" {
			shall[w.Interface] = false
		}
		for _, s := range w.spots {
			shall[s.dev] = shall[s.dev] || w.Present
		}
	}
	names := make(map[string]device, len(shall))
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(shall)) {
		present := shall[name]
		dev, err := k.kernel.device(name)
		switch {
		case err == nil:
			names[name] = dev
		case !errors.Is(err, errNoLink):
			return nil, nil, err
		case present:
			problems = append(problems, fmt.Errorf("add virtual addresses to %s: %w; waiting for it to appear", name, err))
		}
	}
	return names, problems, nil
}

// findTargets works out what shall be present on the interfaces that exist.
func (k *keeper) findTargets(names map[string]device) {
	k.targets = k.targets[:0]
	for _, w := range k.wishes {
		if !w.Present {
			continue
		}
		for _, s := range w.spots {
			dev, ok := names[s.dev]
			if !ok {
				continue
			}
			t := target{place: placeOf(dev.index, s.addr), addr: s.addr, dev: dev, wish: w}
			if own := k.own[dev.index]; own.home() == t.home() {
				t.place = own // the owner's; its prefix length is not for us to change
			}
			k.targets = append(k.targets, t)
			if w.repeat == 0 {
				w.repeat = k.spoken[t.place] // announced by an instance with another name
			}
			if w.told {
				delete(k.parole, t.place)
				delete(k.waived, t.place)
			}
		}
		if w.Extra > 0 && w.extraAt.IsZero() {
			w.extraAt = k.now.Add(w.Extra)
		}
	}
}

// findMoves starts bursts for interfaces that came up or changed their hardware
// address: the neighbours' memory is out of date. Its own address they are told
// of too: peers that speak to it alone may have forgotten it.
func (k *keeper) findMoves(names map[string]device, sources map[place]bool) {
	moved := make(map[int]device)
	for _, dev := range names {
		if was, known := k.devices[dev.index]; known && dev.moved(was) {
			moved[dev.index] = dev
			k.announce.resume(dev.index)
		}
	}
	for _, t := range k.targets {
		if has(moved, t.index) {
			k.rounds[t.place], k.news[t.place] = t.wish.repeat, true
		}
	}
	var own []announcement
	for p := range sources {
		if dev, ok := moved[p.index]; ok {
			own = append(own, announcement{target: target{place: p, dev: dev, wish: &wish{Wish: vrrp.Wish{Interface: dev.name}}}, times: 1})
		}
	}
	k.announce.add(own)

	was := k.devices
	k.devices = make(map[int]device, len(names))
	for _, dev := range names {
		k.devices[dev.index] = dev
	}
	for index := range was {
		if !has(k.devices, index) {
			k.announce.drop(index)
		}
	}
}

// moved says whether neighbours have to be told anew: the interface came up,
// answers with another hardware address, or is a bond that sends by another port.
func (d device) moved(was device) bool {
	return d.up && (!was.up || !bytes.Equal(was.mac, d.mac) || was.active != d.active)
}

// present returns each instance's addresses that the kernel holds, with
// whatever prefix length: neighbours see no other difference.
func (k *keeper) present() map[string][]netip.Addr {
	byName := make(map[string]int, len(k.devices))
	for index, dev := range k.devices {
		byName[dev.name] = index
	}
	there := make(map[home]bool, len(k.kept))
	for p := range k.kept {
		there[p.home()] = true
	}
	list := make(map[string][]netip.Addr, len(k.wishes))
	for _, w := range k.wishes {
		for _, s := range w.spots {
			if there[placeOf(byName[s.dev], s.addr).home()] {
				list[w.instance] = append(list[w.instance], s.addr.Prefix.Addr())
			}
		}
	}
	return list
}
