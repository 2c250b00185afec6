package ipvs

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Drain is a server that takes no new connections because somebody gave it
// weight 0 from outside tandem, as with ipvsadm -e ... -w 0. It stays so,
// whatever its checks say and even when it leaves the table and comes back,
// until somebody gives it another weight from outside, it is released, tandem
// is told to reload or to stop, or its service goes. A restart after a crash
// keeps it: that one nobody asked for, and it shall not send clients to a server
// that somebody works on.
type Drain struct {
	Key    Key
	Server Server
	Since  time.Time
	Reason DrainReason // why it began or ended
}

// DrainReason is why a manual drain began or ended.
type DrainReason uint8

// The reasons.
const (
	_               DrainReason = iota
	DrainSeen                   // its weight became 0 from outside
	DrainRemembered             // an earlier run had recorded it
	DrainWeight                 // its weight became another one from outside: over
	DrainReleased               // tandem was told to end it: over
	DrainGone                   // the service is not wanted any more: over
	DrainReloaded               // the configuration was read anew: over
	DrainRestarted              // tandem was stopped, and forgets it for the next start: over
)

var drainReasons = [...]string{
	"?",
	"weight set to 0 from outside",
	"drained by hand before tandem was restarted after a crash",
	"weight set from outside",
	"released",
	"service removed",
	"configuration reloaded",
	"tandem stopped",
}

func (r DrainReason) String() string {
	if int(r) < len(drainReasons) {
		return drainReasons[r]
	}
	return "?"
}

// Over says that the drain has ended.
func (d Drain) Over() bool { return d.Reason >= DrainWeight }

// drainChanges compares what the kernel had when tandem last looked or wrote
// (known) with what it has now and says which manual drains began and which
// ended. While a server is drained tandem writes no other weight than 0, so
// another one can only come from outside.
func drainChanges(now time.Time, drains map[target]Drain, known, have, want Table) []Drain {
	var changes []Drain
	for t, d := range drains {
		_, wanted := want[t.Key]
		dest, present := have[t.Key].Destinations[t.Server]
		switch {
		case !wanted:
			d.Reason = DrainGone
		case present && dest.Weight != 0:
			d.Reason = DrainWeight
		default:
			continue
		}
		changes = append(changes, d)
	}
	for key, entry := range have {
		if _, wanted := want[key]; !wanted {
			continue
		}
		for server, dest := range entry.Destinations {
			before, present := known[key].Destinations[server]
			_, drained := drains[target{key, server}]
			if present && before.Weight != 0 && dest.Weight == 0 && !drained {
				changes = append(changes, Drain{Key: key, Server: server, Since: now, Reason: DrainSeen})
			}
		}
	}
	slices.SortFunc(changes, Drain.compare)
	return changes
}

// because is all of the drains with one reason.
func because(why DrainReason, drains map[target]Drain) []Drain {
	list := sortedDrains(drains)
	for i := range list {
		list[i].Reason = why
	}
	return list
}

// withDrains is the table with weight 0 for every drained server.
func (t Table) withDrains(drains map[target]Drain) Table {
	if len(drains) == 0 {
		return t
	}
	held := t.Normal()
	for d := range drains {
		if dest, ok := held[d.Key].Destinations[d.Server]; ok {
			dest.Weight = 0
			held[d.Key].Destinations[d.Server] = dest
		}
	}
	return held
}

func (d Drain) compare(o Drain) int {
	return cmp.Or(d.Key.Compare(o.Key), d.Server.Compare(o.Server))
}

func sortedDrains(m map[target]Drain) []Drain {
	return slices.SortedFunc(maps.Values(m), Drain.compare)
}
