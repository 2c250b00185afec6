package vrrp

import (
	"net/netip"
	"time"
)

// Action is something an instance wants done. Step returns actions in the
// order in which they must take effect. The types below and every Notice are
// all there are.
type Action interface{ action() }

// Send puts an advert with this priority on the wire.
type Send struct{ Priority uint8 }

// Addresses states whether the virtual addresses shall be present.
type Addresses struct{ Present bool }

// Burst announces every virtual address Repeat times.
type Burst struct{ Repeat int }

// Transition reports a change of state. It is the last of its actions.
type Transition struct {
	Instance     string
	At           time.Time
	From, To     State
	Reason       Reason
	Detail       string     // what the reason leaves open, e.g. the tracked item; may be empty
	Priority     uint8      // ours, effective
	Peer         netip.Addr // the master that the reason is about; of MasterSilent the last one; zero: none
	PeerPriority uint8
}

func (Send) action()            {}
func (Addresses) action()       {}
func (Burst) action()           {}
func (Transition) action()      {}
func (GroupTransition) action() {}
func (PriorityChange) action()  {}
func (LowerHeard) action()      {}
