package link

// burst asks for an announcement of all addresses of an instance.
func (k *keeper) burst(instance string, repeat int) {
	if w := k.byName[instance]; w != nil && w.Present {
		w.burst = max(w.burst, repeat)
		w.repeat = max(w.repeat, repeat)
	}
}

// planRounds turns the bursts that were asked for into rounds of the addresses
// that are there, and forgets rounds of those that are not wanted any more.
func (k *keeper) planRounds() {
	rounds := make(map[place]int)
	for _, t := range k.targets {
		if n := max(k.rounds[t.place], t.wish.burst); n > 0 && k.kept[t.place] {
			rounds[t.place] = n
		}
	}
	k.spoken = make(map[place]int, len(k.targets))
	for _, t := range k.targets {
		k.spoken[t.place] = max(k.spoken[t.place], t.wish.repeat)
	}
	for _, w := range k.wishes {
		w.burst = 0
	}
	k.rounds = rounds
}

// round announces every address that has rounds left once, and says whether
// any was: all addresses are told before one is told again. An interface that
// refuses keeps its rounds for after the next pass.
func (k *keeper) round() bool {
	any := false
	for _, t := range k.targets {
		switch left := k.rounds[t.place]; {
		case left == 0 || k.stalled[t.index]:
			continue
		case !t.dev.up || t.dev.mac == nil:
			// findTargets starts again when it is up; others have no neighbours.
			delete(k.rounds, t.place)
			continue
		default:
			any = true
			if k.send(t) {
				k.rounds[t.place] = left - 1
			}
		}
	}
	return any
}

// send announces one address, and logs the first refusal of an interface.
func (k *keeper) send(t target) bool {
	err := k.announce.send(t.dev, t.prefix.Addr())
	if err == nil {
		delete(k.stalled, t.index)
		return true
	}
	if _, known := k.stalled[t.index]; !known {
		k.log.Warn("virtual addresses are not announced; trying again every second",
			"instance", t.wish.instance, "interface", t.dev.name, "error", err)
	}
	k.stalled[t.index] = true
	return false
}

// waiting says whether announcements wait for another try.
func (k *keeper) waiting() bool {
	for _, stalled := range k.stalled {
		if stalled {
			return true
		}
	}
	return false
}
