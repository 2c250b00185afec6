package vrrp

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Event is something that happened to one instance. The types below are all
// there are.
type Event interface{ event() }

// Start begins: the instance leaves INIT as soon as its link is known.
type Start struct{}

// Received is an advert that passed every check (see Check).
type Received struct {
	Advert advert.Advert
	From   netip.Addr
	At     time.Time // when the socket had it; zero: now
}

// Expired says that Deadline has passed. It is harmless when it has not. A
// master sends an advert that is due within Slack along with others that
// leave now; the one after it is due as if it had not been early.
type Expired struct{ Slack time.Duration }

// Link is the state of the instance's own interface.
type Link struct {
	Exists  bool
	Up      bool       // administratively up, with carrier
	Primary netip.Addr // the address to advertise from unless one is configured
	Owned   netip.Addr // a virtual address that is the interface's own; zero: none
	Deaf    string     // why adverts can be neither heard nor sent there; empty: they can
	// Lost says that the configured source is no address of the interface and
	// must be (see Manners.TrackSource).
	Lost bool
	// Silent says that the interface may not forward yet: nobody becomes master
	// there (see LinkState).
	Silent bool
}

// Priority is what one source adds to the configured priority. It replaces
// what the same source said before, so that nothing drifts; 0 takes it away.
type Priority struct {
	Source string
	Delta  int
	Detail string // why the source says so; may be empty
}

// Defect says that something the instance cannot do without is bad (On) or
// good again. While one is on the instance is in FAULT.
type Defect struct {
	Why    string
	On     bool
	Detail string // more of it; may be empty
	As     Reason // of the FAULT; NotStarted: Defective
}

// Hold is a reason to leave a lower master alone. While one is on, lower
// adverts are accepted like any other.
type Hold struct {
	Why string
	On  bool
}

// Takeover makes a backup master at once, whatever the priorities are.
type Takeover struct{ Why string }

// Yield makes a master say priority 0 and step down. One that would preempt
// comes back after a master down interval, unless a Hold is put on first.
type Yield struct{ Why string }

// Resumed says that the process woke up later than it asked to: it slept, and
// heard nothing meanwhile.
type Resumed struct{ Slept time.Duration }

// Configure replaces the configuration and keeps role, timers and counters.
// Name, interface and VRID are the instance's identity and stay.
type Configure struct{ Instance Instance }

// quiet says that the router is to hear and say nothing until then (keywords
// vrrp_startup_delay, vrrp_delay_after_boot).
type quiet struct{ until time.Time }

// Stop ends with priority 0 and the addresses taken away.
type Stop struct{}

// Leave ends with everything left as it is.
type Leave struct{}

// together lets a member of a sync group go MASTER: the group has found that
// each of them wants to.
type together struct{}

// follow pulls a member of a sync group to BACKUP after another.
type follow struct{ member string }

// clash says that another member of a sync group heard a lower master: what it
// told the network about that member's addresses it told about all.
type clash struct{}

// groupFault names the member that keeps the sync group in FAULT; empty: none.
type groupFault struct{ member string }

func (Start) event()      {}
func (Received) event()   {}
func (Expired) event()    {}
func (Link) event()       {}
func (Priority) event()   {}
func (Defect) event()     {}
func (Hold) event()       {}
func (Takeover) event()   {}
func (Yield) event()      {}
func (Resumed) event()    {}
func (Configure) event()  {}
func (Stop) event()       {}
func (Leave) event()      {}
func (quiet) event()      {}
func (together) event()   {}
func (follow) event()     {}
func (clash) event()      {}
func (groupFault) event() {}
