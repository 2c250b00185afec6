package link

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// removeSurplus removes what has to go and returns what the kernel then holds.
func (k *keeper) removeSurplus(before []held, names map[string]device) ([]held, []error) {
	doomed := make(map[home]bool, len(k.doomed))
	for s := range k.doomed {
		if dev, ok := names[s.dev]; ok {
			doomed[placeOf(dev.index, s.addr).home()] = true
		}
	}
	gone := surplus(before, k.targets, doomed, k.own, k.swept)
	k.stale = stale(before, k.wanted)
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
	for _, own := range k.own {
		if has(k.wanted, own) || !doomed[own.home()] || k.spared[own.home()] {
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
			problems = append(problems, problem(what, addrs[i].prefix, k.name(addrs[i].index), err))
		}
	}
	return problems
}

// addMissing adds what is missing. An address that is added while its instance is
// announcing already is announced too. When wishes come in it leaves the rest
// for after them: another instance may have something to give up.
func (k *keeper) addMissing(have []held) []error {
	var problems []error
	added := make(map[*wish][]held)
	lacking := missing(have, k.targets, func(p place) bool { return has(k.parole, p) || k.waived[p] })
	k.kept = places(have)
	for len(lacking) > 0 && !k.partly {
		part := lacking[:min(chunk, len(lacking))]
		lacking = lacking[len(part):]
		since := time.Now() // The kernel's count starts a little later.
		reqs := make([]*nl.NetlinkRequest, len(part))
		for i, t := range part {
			t.preferred = t.prefers()
			reqs[i] = put(t, unix.NLM_F_CREATE|unix.NLM_F_EXCL)
		}
		for i, err := range k.kernel.write(reqs) {
			t := part[i]
			if err != nil {
				problems = append(problems, problem("add virtual address", t.prefix, t.dev.name, err))
				continue
			}
			k.kept[t.place], k.made[t.place] = true, true
			k.leases[t.place] = lease{since: since, life: t.life, set: since, prefers: t.prefers()}
			k.rounds[t.place], k.news[t.place] = t.wish.repeat, true
			added[t.wish] = append(added[t.wish], held{place: t.place})
		}
		k.partly = len(lacking) > 0 && k.busy()
	}
	for _, w := range k.wishes {
		if list := added[w]; list != nil {
			k.log.Info("addresses added", "instance", w.instance, "addresses", k.list(list))
		}
	}
	return problems
}

func problem(what string, p netip.Prefix, dev string, err error) error {
	return fmt.Errorf("%s %s on %s: %w", what, p, dev, err)
}
