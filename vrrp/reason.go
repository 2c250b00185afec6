package vrrp

// Reason says why an instance changed its state. Every transition has one.
type Reason uint8

// The reasons. The zero value is that of an instance that has not started.
const (
	NotStarted Reason = iota

	// To BACKUP.
	Started        // the interface is usable
	Recovered      // the last fault is gone
	HigherPriority // another master has a higher priority
	HigherAddress  // another master has our priority and a higher address
	OtherMaster    // we overslept, and another is master
	OtherOwner     // another owner of the addresses does not give way
	HeldUp         // our adverts were late for so long that another must be master
	Yielded        // told to step down
	GroupBackup    // another member of the sync group went to BACKUP

	// To MASTER.
	Owner         // we own the addresses: priority 255
	MasterSilent  // nobody advertised for a master down interval
	MasterStopped // the master said priority 0
	Preempted     // the master's priority is lower
	TakenOver     // told to take over
	Inherited     // a run before was master, and nobody can have missed it yet

	// To FAULT.
	NoInterface // the interface does not exist
	LinkDown    // the interface is down or has no carrier
	NoSource    // the interface has no address to advertise from
	NoPeer      // unicast, but nobody to say it to
	Deaf        // adverts can be neither heard nor sent on the interface
	Defective   // something tracked without a weight is bad
	NoOwn       // its macvlan or ipvlan is not there, or not up
	GroupFault  // another member of the sync group is in FAULT

	// To INIT.
	Stopped // told to stop, or no longer configured
)

var reasonNames = [...]string{
	NotStarted:     "not started",
	Started:        "started",
	Recovered:      "fault cleared",
	HigherPriority: "heard a higher priority",
	HigherAddress:  "heard the same priority from a higher address",
	OtherMaster:    "overslept and heard another master",
	OtherOwner:     "another owner does not give way",
	HeldUp:         "held up for longer than the others wait",
	Yielded:        "told to yield",
	GroupBackup:    "sync group went to BACKUP",
	Owner:          "owns the addresses",
	MasterSilent:   "no master heard",
	MasterStopped:  "master stopped",
	Preempted:      "master has a lower priority",
	TakenOver:      "told to take over",
	Inherited:      "master since before the restart",
	NoInterface:    "no such interface",
	LinkDown:       "link down",
	NoSource:       "no source address",
	NoPeer:         "no unicast peer",
	Deaf:           "adverts cannot be heard or sent",
	Defective:      "tracked item failed",
	NoOwn:          "no interface of its own",
	GroupFault:     "sync group in FAULT",
	Stopped:        "stopped",
}

func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "?"
}
