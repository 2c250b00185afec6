package notify

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp"
)

// Subject is what something is told about.
type Subject struct {
	Group bool
	Name  string
}

// Kind is INSTANCE or GROUP, as programs and pipes are told.
func (s Subject) Kind() string {
	if s.Group {
		return "GROUP"
	}
	return "INSTANCE"
}

func (s Subject) String() string { return fmt.Sprintf("%s %q", s.Kind(), s.Name) }

// EventKind is what has happened.
type EventKind uint8

// The kinds. Each is told by itself: a newer one takes the place of one of its
// own kind only.
const (
	StateChange    EventKind = iota
	LowerHeard               // a master heard a lower one
	PriorityChange           // for pipes only
)

var eventKindNames = [...]string{"state", "lower heard", "priority"}

func (k EventKind) String() string { return eventKindNames[k] }

// The words for states and events, which are keepalived's.
const (
	Stop              = "STOP"
	Deleted           = "DELETED"
	MasterHeardLower  = "MASTER_RX_LOWER_PRI"
	MasterPriority    = "MASTER_PRIORITY"
	BackupPriority    = "BACKUP_PRIORITY"
	masterWord        = "MASTER"
	faultWord         = "FAULT"
	instanceStopsMail = "Stopping"
)

// Event is one thing that has happened to a subject.
type Event struct {
	Kind    EventKind
	Subject Subject
	// Word is the state or event as it is told: MASTER, BACKUP, FAULT, STOP,
	// DELETED, MASTER_RX_LOWER_PRI, MASTER_PRIORITY or BACKUP_PRIORITY.
	Word         string
	From, To     vrrp.State // of a StateChange
	Reason       string
	Detail       string
	Priority     uint8 // ours; of a group 0, as in keepalived
	Peer         netip.Addr
	PeerPriority uint8
	At           time.Time
	// Generation counts the changes of state of the subject since tandem runs:
	// of two programs that are told the same, the higher one is right.
	Generation uint64
}

// Line is what a pipe is told: keepalived's format, without the end of the line.
func (e Event) Line() string {
	return fmt.Sprintf("%s %q %s %d", e.Subject.Kind(), e.Subject.Name, e.Word, e.Priority)
}

// arguments are what a notify program gets behind its own.
func (e Event) arguments() []string {
	return []string{e.Subject.Kind(), e.Subject.Name, e.Word, fmt.Sprint(e.Priority)}
}
