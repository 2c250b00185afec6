package vrrp

import (
	"net/netip"
	"time"
)

// Notice is something that a Router tells whoever observes it, once what it
// tells of has been handed to the edges. The types below and Transition are all
// there are.
type Notice interface{ notice() }

// GroupTransition is a change of state of a sync group: all of its members have
// made it.
type GroupTransition struct {
	Group    string
	At       time.Time
	From, To State
	Reason   Reason
	Detail   string
	Priority uint8 // the highest of its members
}

// PriorityChange is a change of the priority in effect.
type PriorityChange struct {
	Instance string
	At       time.Time
	From, To uint8
	Why      string // the source that changed: "script chk: exit status 1"
}

// LowerHeard says that a master heard an advert of a lower one. It is told once a
// second of an instance; Counters.LowerHeard has them all.
type LowerHeard struct {
	Instance     string
	At           time.Time
	Priority     uint8 // ours
	Peer         netip.Addr
	PeerPriority uint8
}

func (Transition) notice()      {}
func (GroupTransition) notice() {}
func (PriorityChange) notice()  {}
func (LowerHeard) notice()      {}
