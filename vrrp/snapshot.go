package vrrp

import "github.com/tandem-ha/tandem/vrrp/advert"

// snapshot is what the loop publishes; it never changes afterwards.
type snapshot struct {
	instances []Status
	strays    map[string]uint64
	totals    Totals
}

// publish makes the state of this moment visible to other goroutines.
func (l *loop) publish() {
	s := &snapshot{instances: make([]Status, len(l.instances)), strays: dropCounts(l.strays), totals: l.totals()}
	for i, in := range l.instances {
		s.instances[i] = l.status(in)
	}
	l.router.published.Store(s)
	l.changed = false
}

func (l *loop) status(in *instance) Status {
	s := in.Status(l.now)
	s.Group = in.entry.name
	s.LastSent, s.LastHeard = in.sentAt, in.heardAt
	s.Tracked, s.History = in.told, in.history
	if in.state == Init && in.waits.Name != "" {
		s.Holds = append(s.Holds, "waiting for the first result of "+in.waits.String())
	}
	if in.state == Init && in.awaitsSource(l.links[in.cfg.Interface]) {
		s.Holds = append(s.Holds, "its link-local address is still being checked (DAD)")
	}
	late := s.Counters.LateWakeups
	s.Counters = in.counters
	s.Counters.LateWakeups = late
	s.Counters.Drops = dropCounts(in.drops)
	for drop, last := range in.lastDrop {
		if !last.At.IsZero() {
			last.Reason, last.Count = advert.Drop(drop), in.drops[drop]
			s.Dropped = append(s.Dropped, last)
		}
	}
	for odd, n := range in.odd {
		if n > 0 {
			if s.Counters.Odd == nil {
				s.Counters.Odd = make(map[string]uint64)
			}
			s.Counters.Odd[Oddity(odd).String()] = n
		}
	}
	return s
}

// dropCounts names the counters that are not zero.
func dropCounts(counts [advert.NumDrops]uint64) map[string]uint64 {
	var named map[string]uint64
	for drop, n := range counts {
		if n > 0 {
			if named == nil {
				named = make(map[string]uint64)
			}
			named[advert.Drop(drop).String()] = n
		}
	}
	return named
}
