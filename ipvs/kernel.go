package ipvs

import (
	"context"
	"errors"
)

// Kernel is IPVS as the Reconciler needs it; kernel.Kernel is the real one,
// ipvstest.Kernel keeps a table in memory with the real one's errors.
type Kernel interface {
	// Read is the whole table, in normal form, with its live figures.
	Read(ctx context.Context) (Table, Figures, error)
	// Entries are the given services, in normal form. One that is not there
	// is left out.
	Entries(ctx context.Context, keys []Key) (Table, error)
	// Services are the services without their destinations: cheap enough to
	// ask twice a second.
	Services(ctx context.Context) (map[Key]Service, error)
	// Apply does the operations in order and returns an error per operation
	// (nil: done). It goes on after a failure.
	Apply(ctx context.Context, ops []Op) []error
	TimeoutKernel
}

// TimeoutKernel is the part of a kernel that has the connection timeouts.
type TimeoutKernel interface {
	// Timeouts are all of them; one whose protocol the kernel lacks is zero.
	Timeouts(ctx context.Context) (Timeouts, error)
	// SetTimeouts sets those that are not zero.
	SetTimeouts(ctx context.Context, t Timeouts) error
}

// What the kernel answers, translated once at the edge.
var (
	ErrExist       = errors.New("already exists")               // EEXIST
	ErrNotExist    = errors.New("does not exist")               // ESRCH for a service, ENOENT for a destination or a scheduler
	ErrNoIPVS      = errors.New("this kernel has no IPVS")      // the netlink family does not resolve
	ErrNotAllowed  = errors.New("not allowed to change IPVS")   // EPERM
	ErrInvalid     = errors.New("the kernel refuses the value") // EINVAL, ERANGE
	ErrNoScheduler = errors.New("scheduler not available")      // ENOENT on a service
	ErrNoAnswer    = errors.New("the kernel gave no answer")    // a wait ran out: the table may or may not have changed
)

// Verb is what an Op does.
type Verb uint8

// The verbs, in the order in which Diff emits them for one service.
const (
	_ Verb = iota
	AddService
	SetService
	AddDestination
	SetDestination
	DelDestination
	DelService
)

var verbNames = [...]string{"?", "add service", "change service", "add server", "change server", "remove server", "remove service"}

func (v Verb) String() string {
	if int(v) < len(verbNames) {
		return verbNames[v]
	}
	return "?"
}

// Op is one change of the kernel's table. Service is set for service verbs,
// Server and Destination for destination verbs.
type Op struct {
	Verb        Verb
	Key         Key
	Service     Service
	Server      Server
	Destination Destination
}
