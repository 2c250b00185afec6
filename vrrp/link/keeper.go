package link

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink/nl"

	"github.com/tandem-ha/tandem/vrrp"
)

// keeper makes the kernel's addresses match the wishes. The goroutine of
// Host.Run owns it.
type keeper struct {
	log      *slog.Logger
	kernel   *kernel
	announce *announcer
	around   *around

	wishes []*wish           // in the order in which the instances first spoke
	byName map[string]*wish  // the same by instance
	doomed map[spot]struct{} // to be removed once, by name
	swept  bool              // marks without a wish go

	targets []target        // as of the last pass
	kept    map[place]bool  // what was held at the end of it
	made    map[place]bool  // what this run has added
	own     map[int]place   // see ownAddresses
	spared  map[home]bool   // own addresses that were not removed, already logged
	lost    int             // targets that others had removed before it
	rounds  map[place]int   // announcements left in the running burst
	spoken  map[place]int   // how often it was announced in a burst, as of the last pass
	stalled map[int]bool    // interfaces that refused an announcement; true: since the last pass
	devices map[int]device  // as of the last pass, by index
	said    map[string]bool // problems already logged
}

func newKeeper(log *slog.Logger, k *kernel) *keeper {
	keeper := &keeper{
		log:      log,
		kernel:   k,
		announce: newAnnouncer(),
		byName:   make(map[string]*wish),
		doomed:   make(map[spot]struct{}),
		rounds:   make(map[place]int),
		stalled:  make(map[int]bool),
		made:     make(map[place]bool),
		spared:   make(map[home]bool),
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
		next.repeat, next.burst = w.repeat, w.burst
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
	}
}

// reconcile is one pass: read the kernel, remove, add, and note what to
// announce. It returns what stands in the way of the wishes. Where the kernel
// cannot be read nothing is changed.
func (k *keeper) reconcile() error {
	around := k.around.before(k.wishes, k.swept)
	names, problems, err := k.lookUp()
	if err != nil {
		return k.tell(err)
	}
	problems = append(around, problems...)
	before, err := k.kernel.addresses(0)
	if err != nil {
		return k.tell(err)
	}
	there := places(before)
	maps.DeleteFunc(k.made, func(p place, _ bool) bool { return !there[p] })
	k.own = ownAddresses(before, k.made)
	k.findTargets(names)
	k.noteLosses(there)

	have, errs := k.removeSurplus(before, names)
	problems = append(problems, errs...)
	problems = append(problems, k.addMissing(have)...)
	problems = append(problems, k.around.after(k.wishes, k.swept, k.holds(names))...)
	k.planRounds()
	return k.tell(problems...)
}

// holds tells of an address whether the kernel has it.
func (k *keeper) holds(names map[string]device) func(spot) bool {
	return func(s spot) bool {
		dev, ok := names[s.dev]
		return ok && k.kept[place{dev.index, s.addr.Prefix}]
	}
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

// findTargets works out the targets, and starts bursts for interfaces that came up or
// changed their hardware address: the neighbours' memory is out of date.
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
			t := target{place{dev.index, s.addr.Prefix}, s.addr, dev, w}
			if own := k.own[dev.index]; own.home() == t.home() {
				t.place = own // the owner's; its prefix length is not for us to change
			}
			k.targets = append(k.targets, t)
			if w.repeat == 0 {
				w.repeat = k.spoken[t.place] // announced by an instance with another name
			}
			was, known := k.devices[dev.index]
			if known && dev.up && (!was.up || !bytes.Equal(was.mac, dev.mac)) {
				k.rounds[t.place] = w.repeat
			}
		}
	}
	k.devices = make(map[int]device, len(names))
	for _, dev := range names {
		k.devices[dev.index] = dev
	}
	for index := range k.announce.conns {
		if _, ok := k.devices[index]; !ok {
			k.announce.drop(index)
		}
	}
	for index := range k.stalled {
		if _, ok := k.devices[index]; ok {
			k.stalled[index] = false // try again
		} else {
			delete(k.stalled, index)
		}
	}
}

// noteLosses logs addresses that were there after the last pass and are not now.
func (k *keeper) noteLosses(there map[place]bool) {
	k.lost = 0
	for _, t := range k.targets {
		if k.kept[t.place] && !there[t.place] {
			k.lost++
			k.log.Warn("a virtual address was removed by someone else and is put back",
				"instance", t.wish.instance, "interface", t.dev.name, "address", t.prefix)
		}
	}
}

// removeSurplus removes what has to go and returns what the kernel then holds.
func (k *keeper) removeSurplus(before []held, names map[string]device) ([]held, []error) {
	doomed := make(map[home]bool, len(k.doomed))
	for s := range k.doomed {
		if dev, ok := names[s.dev]; ok {
			doomed[home{dev.index, s.addr.Prefix.Addr()}] = true
		}
	}
	gone := surplus(before, k.targets, doomed, k.own, k.swept)
	k.noteSpared(doomed)
	for _, w := range k.wishes {
		w.restated = false
	}
	if len(gone) == 0 {
		clear(k.doomed)
		return before, nil
	}
	problems := k.write(gone, "remove virtual address", func(a held) *nl.NetlinkRequest {
		delete(k.rounds, a.place)
		return remove(a.place)
	})
	after, err := k.kernel.addresses(0)
	if err != nil {
		return before, append(problems, err)
	}
	fallen := collateral(before, gone, after, k.targets)
	problems = append(problems, k.write(fallen, "put back what the kernel removed with a virtual address:", restore)...)
	if len(problems) == 0 {
		clear(k.doomed) // else once more with the next pass
	}
	k.log.Info("addresses removed", "addresses", k.list(gone))
	return after, problems
}

// noteSpared logs, once each, own addresses that an instance wants absent.
func (k *keeper) noteSpared(doomed map[home]bool) {
	wanted := byPlace(k.targets)
	for _, own := range k.own {
		if _, ok := wanted[own]; ok || !doomed[own.home()] || k.spared[own.home()] {
			continue
		}
		k.spared[own.home()] = true
		k.log.Warn("a virtual address is the interface's own: it stays there although this director shall not have it, "+
			"and two hosts may answer for it; only its owner (priority 255) should list it",
			"interface", k.name(own.index), "address", own.prefix)
	}
}

// write makes one request for each address and returns what was refused.
func (k *keeper) write(addrs []held, what string, request func(held) *nl.NetlinkRequest) []error {
	reqs := make([]*nl.NetlinkRequest, len(addrs))
	for i, a := range addrs {
		reqs[i] = request(a)
	}
	var problems []error
	for i, err := range k.kernel.write(reqs) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %s on %s: %w", what, addrs[i].prefix, k.name(addrs[i].index), err))
		}
	}
	return problems
}

// addMissing adds what is missing. An address that is added while its instance is
// announcing already is announced too.
func (k *keeper) addMissing(have []held) []error {
	var problems []error
	added := make(map[*wish][]held)
	lacking := missing(have, k.targets)
	reqs := make([]*nl.NetlinkRequest, len(lacking))
	for i, t := range lacking {
		reqs[i] = create(t.place, t.addr)
	}
	k.kept = places(have)
	for i, err := range k.kernel.write(reqs) {
		t := lacking[i]
		if err != nil {
			problems = append(problems, fmt.Errorf("add virtual address %s to %s: %w", t.prefix, t.dev.name, err))
			continue
		}
		k.kept[t.place], k.made[t.place] = true, true
		k.rounds[t.place] = t.wish.repeat
		added[t.wish] = append(added[t.wish], held{place: t.place})
	}
	for _, w := range k.wishes {
		if list := added[w]; list != nil {
			k.log.Info("addresses added", "instance", w.instance, "addresses", k.list(list))
		}
	}
	return problems
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
			if there[home{byName[s.dev], s.addr.Prefix.Addr()}] {
				list[w.instance] = append(list[w.instance], s.addr.Prefix.Addr())
			}
		}
	}
	return list
}

// tell logs problems that are new, and that all of them are over; it returns
// them as one error.
func (k *keeper) tell(problems ...error) error {
	said := make(map[string]bool, len(problems))
	for _, err := range problems {
		text := err.Error()
		if said[text] = true; !k.said[text] {
			k.log.Error("a virtual address is not as it shall be; trying again", "error", err)
		}
	}
	if len(k.said) > 0 && len(said) == 0 {
		k.log.Info("the virtual addresses are as they shall be again")
	}
	k.said = said
	return errors.Join(problems...)
}

func (k *keeper) name(index int) string {
	if dev, ok := k.devices[index]; ok {
		return dev.name
	}
	// No wish names it, so it was not looked at.
	if dev, err := net.InterfaceByIndex(index); err == nil {
		return dev.Name
	}
	return fmt.Sprintf("interface %d", index)
}

// list names addresses for a log line: the first few and how many more.
func (k *keeper) list(addrs []held) string {
	const few = 4
	var names []string
	for i, a := range addrs {
		if i == few {
			names = append(names, fmt.Sprintf("and %d more", len(addrs)-few))
			break
		}
		names = append(names, fmt.Sprintf("%s on %s", a.prefix, k.name(a.index)))
	}
	return strings.Join(names, ", ")
}
