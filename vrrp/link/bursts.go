package link

import (
	"strings"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// burst asks for an announcement of all addresses of an instance.
func (k *keeper) burst(instance string, repeat int) {
	w := k.byName[instance]
	if w == nil || !w.Present {
		return
	}
	w.told = true
	if repeat > 0 {
		w.first = w.first || w.repeat == 0
		w.burst = max(w.burst, repeat)
		w.repeat = max(w.repeat, repeat)
	}
}

// planRounds asks the announcer for the bursts that are due, of addresses that
// are there. Where an address is new, the gateway is told first.
func (k *keeper) planRounds() {
	gateways := k.newGateways()
	var list []announcement
	k.spoken = make(map[place]int, len(k.targets))
	asked := make(map[place]bool)
	for _, t := range k.targets {
		k.spoken[t.place] = max(k.spoken[t.place], t.wish.repeat)
		n := max(k.rounds[t.place], t.wish.burst)
		if n == 0 || !k.kept[t.place] || asked[t.place] || !t.dev.up || t.dev.mac == nil {
			continue
		}
		asked[t.place] = true
		a := announcement{target: t, times: n}
		if k.news[t.place] || t.wish.first {
			a.gateway = gateways.of(t)
		}
		list = append(list, a)
	}
	for _, w := range k.wishes {
		w.burst, w.first = 0, false
	}
	clear(k.rounds)
	clear(k.news)
	k.announce.add(list)
}

// base is the name of the interface whose wire a target is on: of an instance
// with a subinterface that is what lies below it.
func (t target) base() string {
	if t.addr.Dev != "" {
		return t.addr.Dev
	}
	return t.wish.Interface
}

// announceExtra announces addresses where no adverts of their instance are
// heard, one for each interface: the switches there shall know its hardware
// address (keyword garp_extra_if).
func (k *keeper) announceExtra(now time.Time) {
	var list []announcement
	for _, w := range k.wishes {
		if !w.Present || w.Extra <= 0 || w.extraAt.IsZero() || w.extraAt.After(now) {
			continue
		}
		w.extraAt = now.Add(w.Extra)
		done := make(map[int]bool)
		for _, t := range k.targets {
			if t.wish == w && !done[t.index] && k.kept[t.place] && t.dev.up && extra(w.Wish, t.dev.name) {
				done[t.index] = true
				list = append(list, announcement{target: t, times: 1})
			}
		}
	}
	k.announce.add(list)
}

// extra says whether an interface with addresses of an instance hears none of
// its adverts and counts.
func extra(w vrrp.Wish, dev string) bool {
	switch {
	case w.Own == nil:
		return w.ExtraAll && dev != w.Interface
	case dev == w.Own.Name:
		return w.Own.XmitBase
	case w.Own.ForAll && w.Own.AddressPrefix != "" && strings.HasPrefix(dev, w.Own.AddressPrefix):
		return true
	}
	return w.ExtraAll && dev != w.Interface
}
