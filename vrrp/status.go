package vrrp

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// State is the role of an instance (RFC 9568 section 6.4; Fault is
// keepalived's word for Initialize with a reason). The zero value is Init.
type State uint8

// The states.
const (
	Init State = iota
	Backup
	Master
	Fault
)

var stateNames = [...]string{"INIT", "BACKUP", "MASTER", "FAULT"}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "?"
}

// Status is one instance as the router's Snapshot shows it.
type Status struct {
	Name           string
	Group          string // sync group; empty: none
	Interface      string
	VRID           uint8
	Version        Version
	State          State
	Since          time.Time
	Reason         string // why it is in this state, from the Reason enum
	Priority       uint8  // effective, after tracking
	Base           uint8  // configured
	Tracked        []Influence
	Interval       time.Duration
	Master         netip.Addr // who is master as far as this instance knows; zero: nobody, or itself
	MasterPriority uint8
	Addresses      []Address // excluded ones too
	Holds          []string  // why a lower master is left alone just now

	LastSent  time.Time
	LastHeard time.Time
	Counters  Counters
	Dropped   []Dropped    // the last advert of each reason that one was dropped for
	History   []Transition // the last changes of state, oldest first
}

// Dropped is the last advert that was not taken for one reason. Who sends such
// adverts again and again is not heard here, and is perhaps master too.
type Dropped struct {
	Reason advert.Drop
	Count  uint64 // of that reason, from whomever
	From   netip.Addr
	At     time.Time
	Why    string // what its sender says and what is wanted here, in words
}
