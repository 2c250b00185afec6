package link

import (
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// wish is what one instance last asked for.
type wish struct {
	vrrp.Wish
	instance string
	spots    []spot // where its addresses belong, in order

	// restated: since the last pass, so that label, broadcast, scope and flags
	// are compared once. They are not policed later: the kernel need not show
	// them as they were written, and a repair per event could go on for ever.
	restated bool
	// repeat is how often the instance announces each address in a burst; 0
	// until it announced for the first time since it wanted them present.
	repeat int
	burst  int  // asked for since the last pass
	first  bool // the first one since it wanted them present was
	told   bool // it said anything since then

	extraAt time.Time // of the next announcement where no adverts are heard
}

// spot is an address on an interface by name, whether it exists or not.
type spot struct {
	dev  string
	addr vrrp.Address
}

// newWish keeps what an instance asks for.
func newWish(instance string, w vrrp.Wish) wish {
	next := wish{Wish: w, instance: instance, spots: make([]spot, len(w.Addresses)), restated: true, told: true}
	for i, a := range w.Addresses {
		next.spots[i] = spot{deviceOf(w, a), a}
	}
	if w.Own != nil && w.Own.Address.IsValid() {
		next.spots = append(next.spots, spot{w.Own.Name, vrrp.Address{Prefix: w.Own.Address}})
	}
	return next
}

// deviceOf is the name of the interface that an address belongs on: its own, or
// else that of the instance.
func deviceOf(w vrrp.Wish, a vrrp.Address) string {
	if name, _ := ownOf(w, a); name != "" {
		return name
	}
	if a.Dev != "" {
		return a.Dev
	}
	return w.Interface
}

// target is an address that shall be present, on an interface that exists.
type target struct {
	place
	addr   vrrp.Address
	dev    device
	wish   *wish
	life   time.Duration // how long the kernel shall keep it; 0: for ever
	shared bool          // it brings no route to its subnet, see findLives

	preferred time.Duration // how much longer IPv6 prefers it; 0: not at all, see prefers
}

// ownAddresses returns each interface's own IPv4 address: the first that is
// neither marked nor made by this run. It is what the host is reached by, and
// nobody would give it back: it is never removed, even if an instance lists it.
//
// Kernels before 5.18 keep no mark. There the only address of an interface,
// left by a run that crashed, passes for its own.
func ownAddresses(have []held, made map[place]bool) map[int]place {
	own := make(map[int]place)
	for _, a := range have {
		if _, known := own[a.index]; !known && a.prefix.Addr().Is4() && !a.secondary && !a.marked && !a.static && !made[a.place] {
			own[a.index] = a.place
		}
	}
	return own
}

// sourceAddresses are the addresses by which peers know an interface: its own of
// IPv4, and the first link-local one that nobody floats.
func sourceAddresses(have []held, own map[int]place) map[place]bool {
	list := make(map[place]bool, len(own))
	for _, p := range own {
		list[p] = true
	}
	done := make(map[int]bool)
	for _, a := range have {
		if ip := a.prefix.Addr(); ip.Is6() && ip.IsLinkLocalUnicast() && !a.marked && !done[a.index] {
			done[a.index], list[a.place] = true, true
		}
	}
	return list
}

// surplus lists what has to go: addresses in doomed, whatever their prefix
// length (keepalived leaves /32 unless told otherwise), addresses whose
// attributes were changed by a new wish (they are added again), and, once
// sweep is on, whatever carries tandem's mark without anybody wanting it.
// Addresses of others and those in own are never in it. Those that fall with
// their subnet's first address come before it, so that nothing vanishes unasked.
func surplus(have []held, want []target, doomed map[home]bool, own map[int]place, sweep bool) []held {
	wanted := byPlace(want)
	var list []held
	for _, a := range have {
		if own[a.index] == a.place {
			continue // never made here
		}
		t, ok := wanted[a.place]
		switch {
		case ok && t.wish.restated && a.prefix.Addr().Is4() && !a.matches(t):
			list = append(list, a)
		case !ok && (doomed[a.home()] || sweep && (a.marked || a.static)):
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b held) int {
		switch {
		case a.secondary == b.secondary:
			return 0
		case a.secondary:
			return -1
		}
		return 1
	})
	return list
}

// stale lists addresses of IPv6 whose attributes were changed by a new wish. The
// kernel changes them in place.
func stale(have []held, want map[place]target) map[place]bool {
	set := make(map[place]bool)
	for _, a := range have {
		if t, ok := want[a.place]; ok && t.wish.restated && a.prefix.Addr().Is6() && !a.matches(t) {
			set[a.place] = true
		}
	}
	return set
}

// matches says whether the address has the attributes wished for.
func (a held) matches(t target) bool {
	if a.flags != t.flags() {
		return false
	}
	if a.prefix.Addr().Is6() {
		return true // It has no others that can be set.
	}
	label := t.addr.Label
	if label == "" {
		label = t.dev.name // the kernel's default
	}
	return a.label == label && a.broadcast == t.addr.Broadcast && a.scope == t.addr.Scope
}

// missing lists the targets that the kernel does not hold, in order, without
// those that shall stay away for the moment.
func missing(have []held, want []target, away func(place) bool) []target {
	held := places(have)
	var list []target
	for _, t := range want {
		if !held[t.place] && !away(t.place) {
			held[t.place] = true // two instances may want the same
			list = append(list, t)
		}
	}
	return list
}

// collateral lists addresses that vanished without having been removed: the
// kernel drops the secondary addresses of a subnet together with its first one
// unless promote_secondaries is set (net/ipv4/devinet.c). Wanted ones are left
// out: they are missing, and are added as such.
func collateral(before, removed, after []held, want []target) []held {
	gone, still, wanted := places(removed), places(after), byPlace(want)
	var list []held
	for _, a := range before {
		if _, ok := wanted[a.place]; !ok && a.secondary && !gone[a.place] && !still[a.place] {
			list = append(list, a)
		}
	}
	return list
}

func places(have []held) map[place]bool {
	set := make(map[place]bool, len(have))
	for _, a := range have {
		set[a.place] = true
	}
	return set
}

func byPlace(want []target) map[place]target {
	set := make(map[place]target, len(want))
	for _, t := range want {
		if _, ok := set[t.place]; !ok {
			set[t.place] = t
		}
	}
	return set
}
