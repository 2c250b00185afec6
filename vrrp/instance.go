package vrrp

import (
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// instance is a machine with what the router keeps about it.
type instance struct {
	*Machine
	entry  *entry // its group
	member int    // its place there
	guard  guard

	sayings []saying // what was said before, as long as the configuration is the same

	told    []Influence  // by what it follows
	history []Transition // the last ones

	lowerTold time.Time // when somebody was last told of a lower master

	sentAt   time.Time
	heardAt  time.Time
	counters Counters // without the maps
	drops    [advert.NumDrops]uint64
	lastDrop [advert.NumDrops]Dropped // the last of each reason, without what drops tells
	odd      [numOddities]uint64

	// What has been logged since the last transition, so that a neighbour
	// that goes wrong says so once and not with every advert.
	saidDrop [advert.NumDrops]bool
	saidOdd  [numOddities]bool
	saidSend bool

	waits       Item // the last one that its start waited for
	saidWeights bool // that they count for nothing
}

// moved notes a transition.
func (in *instance) moved(t Transition) {
	in.counters.NewMasterReason = newMasterReason(t)
	in.remember(t)
	if t.To == Master {
		in.counters.BecameMaster++
	} else {
		in.guard.stepDown()
	}
	in.saidDrop, in.saidOdd = [advert.NumDrops]bool{}, [numOddities]bool{}
}
