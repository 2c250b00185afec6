package ipvsadm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// Exit statuses of the original.
const (
	statusOK     = 0
	statusList   = 1   // a service to list does not exist; and ours: a director owns it
	statusUsage  = 2   // what the command line means
	statusKernel = 255 // the kernel's refusal, and what is no option at all
)

// refusal is why a command is not done, and the exit status that tells it.
type refusal struct {
	status int
	text   string
	// stops says that a restore ends here. It goes on after what the kernel
	// refuses and after unknown options.
	stops bool
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...), status == statusUsage}
}

// stop makes a refusal one that ends a restore.
func (r *refusal) stop() *refusal {
	r.stops = true
	return r
}

// kernelRefusal is what the kernel said in the original's words, where it has
// words, and then in ours.
func kernelRefusal(verb ipvs.Verb, err error) *refusal {
	said := ""
	onServer := verb == ipvs.AddDestination || verb == ipvs.SetDestination || verb == ipvs.DelDestination
	switch {
	case errors.Is(err, ipvs.ErrNoIPVS):
		return refuse(statusUsage, "%v", err).stop()
	case errors.Is(err, ipvs.ErrExist) && onServer:
		said = "Destination already exists: "
	case errors.Is(err, ipvs.ErrExist):
		said = "Service already exists: "
	case errors.Is(err, ipvs.ErrNoScheduler):
		said = "Scheduler or persistence engine not found: "
	case missingService(err) && onServer:
		said = "Service not defined: "
	case missingService(err):
		said = "No such service: "
	case errors.Is(err, ipvs.ErrNotExist):
		said = "No such destination: "
	}
	return refuse(statusKernel, "%s%v", said, err)
}

// missingService says whether it is a service that does not exist: the kernel
// answers ESRCH for one, and ENOENT for a server.
func missingService(err error) bool {
	return errors.Is(err, ipvs.ErrNotExist) && errors.Is(err, unix.ESRCH)
}

// about adds which entry it was, and what helps.
func (r *refusal) about(c *kernel.Change) *refusal {
	op := c.Op()
	r.text += " (" + op.String() + ")"
	return r
}
