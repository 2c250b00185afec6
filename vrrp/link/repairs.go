package link

import (
	"maps"
	"net/netip"
	"time"
)

// Repairs counts what an instance's addresses suffered from others.
type Repairs struct {
	Count     int          // addresses put back since the start
	Last      time.Time    // when the last was
	Address   netip.Prefix // which it was
	Interface string       // where
	By        string       // who removed it, as far as the kernel tells; empty: it does not
	Fights    int          // how often the same address went three times in a minute
	Fought    Fought       // the last address that this happened to
}

// Fought is an address that there was a fight over, and what it suffered in all.
type Fought struct {
	Address   netip.Prefix
	Interface string
	Count     int       // put back since it is wanted
	Last      time.Time // when the last was
	By        string    // as in Repairs
}

// Fight is an address that somebody removes again and again.
type Fight struct {
	Instance  string
	Address   netip.Prefix
	Interface string
	Times     int           // removed so often
	Within    time.Duration // in so long
	By        string        // the last time; empty: the kernel does not tell
}

const (
	fightTimes  = 3           // removals that make a fight
	fightWithin = time.Minute // in that time
)

// fight remembers when an address was put back lately.
type fight struct {
	times []time.Time // since the last escalation
	count int         // ever
	said  time.Time   // when that was
}

// again notes another time and returns how many there were lately, if that is
// a fight.
func (f *fight) again(now time.Time) (times int, within time.Duration, is bool) {
	f.times, f.count = append(f.times, now), f.count+1
	for now.Sub(f.times[0]) > fightWithin {
		f.times = f.times[1:]
	}
	if len(f.times) < fightTimes || !f.said.IsZero() && now.Sub(f.said) < fightWithin {
		return 0, 0, false
	}
	times, within, f.said = len(f.times), now.Sub(f.times[0]), now
	f.times = f.times[:0]
	return times, within, true
}

// noteLosses counts and logs addresses that were there after the last pass and
// are not now.
//
// One whose lease ran out while this process stood still is nobody's doing. It
// stays away until its instance speaks, which may be about to find another
// master, but not for long: the instance may know nothing of it. One that is not
// tracked stays away until its instance speaks, however long that takes.
//
// The culprits were taken before the addresses were read: who removed what is
// missing may be heard of only with the next pass, and is not to count twice.
func (k *keeper) noteLosses(there map[place]bool, culprits map[home]culprit) {
	k.lost = 0
	lost, late, waived := make(map[*wish][]held), make(map[*wish][]held), make(map[*wish][]held)
	by := make(map[*wish]string)
	for p, until := range k.parole {
		if there[p] || !until.After(k.now) {
			delete(k.parole, p)
		}
	}
	maps.DeleteFunc(k.waived, func(p place, _ bool) bool { return there[p] || !has(k.wanted, p) })
	stays := k.stays()
	for p, t := range k.wanted {
		c := culprits[p.home()]
		n := k.unheard[p]
		fresh := c.times > n
		if n > 0 {
			k.unheard[p] = max(0, n-c.times)
		}
		switch l := k.leases[p]; {
		case !k.kept[p] || has(k.parole, p) || !t.dev.up:
			// IPv6 addresses go with their interface.
		case there[p] && !fresh:
			// A renewal may have put it back already: then only the witness knows.
			k.blame(t, c)
		case !there[p] && l.over(k.now) && !t.wish.told:
			k.parole[p] = k.now.Add(min(l.life/2, parole))
			late[t.wish] = append(late[t.wish], held{place: p})
		case !there[p] && p.prefix.Addr().Is6() && !stays(t.dev):
		case there[p] && t.addr.NoTrack:
			// It is back, or about to be missed.
		case t.addr.NoTrack:
			k.waived[p] = true
			waived[t.wish] = append(waived[t.wish], held{place: p})
			by[t.wish] = c.String()
		default:
			if !fresh {
				k.unheard[p]++
			}
			k.lost++
			k.rounds[p], k.news[p] = t.wish.repeat, true
			by[t.wish] = c.String()
			if k.repair(t, c.String()) {
				lost[t.wish] = append(lost[t.wish], held{place: p})
			}
		}
	}
	maps.DeleteFunc(k.unheard, func(p place, n int) bool { return n == 0 || !has(k.wanted, p) || p.prefix.Addr().Is6() })
	maps.DeleteFunc(k.fights, func(p place, f *fight) bool { return !has(k.wanted, p) && k.now.Sub(f.said) >= fightWithin })
	for _, w := range k.wishes {
		if list := lost[w]; list != nil {
			k.log.Warn("virtual addresses were removed by someone else and are put back",
				"instance", w.instance, "addresses", k.list(list), "by", who(by[w]))
		}
		if list := waived[w]; list != nil {
			k.log.Info("virtual addresses were removed by someone else and stay away, as no_track has it, until their instance becomes master again",
				"instance", w.instance, "addresses", k.list(list), "by", who(by[w]))
		}
		if list := late[w]; list != nil {
			k.log.Warn("virtual addresses ran out while this process stood still; they come back when their instance is master",
				"instance", w.instance, "addresses", k.list(list))
		}
	}
}

// blame says who did what has been counted already.
func (k *keeper) blame(t target, c culprit) {
	if r := k.repairs[t.wish.instance]; c.times > 0 && r.Address == t.prefix && r.Interface == t.dev.name {
		r.By = c.String()
		if o := &r.Fought; o.Address == t.prefix && o.Interface == t.dev.name {
			o.By = r.By
		}
		k.repairs[t.wish.instance] = r
	}
}

// stays looks at an interface again, once: it may have gone down, and its IPv6
// addresses with it, after the pass looked at it and before it read those.
func (k *keeper) stays() func(device) bool {
	up := make(map[int]bool)
	return func(dev device) bool {
		if _, looked := up[dev.index]; !looked {
			now, err := k.kernel.device(dev.name)
			up[dev.index] = err == nil && now.index == dev.index && now.up
		}
		return up[dev.index]
	}
}

// parole is how long at most an address that ran out waits for its instance.
const parole = 5 * time.Second

func who(by string) string {
	if by == "" {
		return "the kernel does not tell"
	}
	return by
}

// repair counts one address that is put back, and tells of a fight. It returns
// whether this one is worth a line in the log.
func (k *keeper) repair(t target, by string) bool {
	r := k.repairs[t.wish.instance]
	r.Count++
	r.Last, r.Address, r.Interface, r.By = k.now, t.prefix, t.dev.name, by
	f := k.fights[t.place]
	if f == nil {
		f = new(fight)
		k.fights[t.place] = f
	}
	times, within, is := f.again(k.now)
	if is {
		r.Fights++
		k.log.Error("somebody removes a virtual address again and again; two programs manage it, stop one of them",
			"instance", t.wish.instance, "address", t.prefix, "interface", t.dev.name,
			"times", times, "within", within.Round(time.Millisecond), "by", who(by))
		if k.onFight != nil {
			k.onFight(Fight{t.wish.instance, t.prefix, t.dev.name, times, within, by})
		}
	}
	if !f.said.IsZero() {
		r.Fought = Fought{t.prefix, t.dev.name, f.count, k.now, by}
	}
	k.repairs[t.wish.instance] = r
	return !is && (f.said.IsZero() || k.now.Sub(f.said) >= fightWithin)
}
