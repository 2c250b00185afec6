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

// failure is an error of the kernel where the original has no words for it.
// Without IPVS or the right to use it the original does not begin.
func failure(status int, err error) *refusal {
	switch {
	case errors.Is(err, ipvs.ErrNoIPVS):
		return refuse(statusUsage, "Can't initialize ipvs: %v", err)
	case errors.Is(err, ipvs.ErrNotAllowed):
		return refuse(statusUsage, "Can't initialize ipvs: Permission denied: it takes root or CAP_NET_ADMIN in this network namespace")
	}
	return refuse(status, "%v", err)
}

// changeFailed is the kernel's refusal of a change: first the original's
// words, then which entry it is and what to do.
func changeFailed(c *kernel.Change, err error) *refusal {
	key, server := c.Virtual.Key, c.Server
	onServer := server.IsValid()
	switch {
	case errors.Is(err, ipvs.ErrExist) && onServer:
		return refuse(statusKernel, "Destination already exists: %s in %s; -e changes it", server, key)
	case errors.Is(err, ipvs.ErrExist):
		return refuse(statusKernel, "Service already exists: %s; -E changes it", key)
	case missingService(err) && onServer:
		return refuse(statusKernel, "Service not defined: %s; -A adds it, -Ln lists those that are there", key)
	case missingService(err):
		return refuse(statusKernel, "No such service: %s; -Ln lists those that are there", key)
	case errors.Is(err, ipvs.ErrNoScheduler):
		return refuse(statusKernel, "Scheduler or persistence engine not found: %s: %v", key, err)
	case errors.Is(err, ipvs.ErrNotExist):
		return refuse(statusKernel, "No such destination: %s in %s; only with -m may its port differ from the service's", server, key)
	}
	r := failure(statusKernel, err)
	r.text = c.Op().String() + ": " + r.text
	return r
}

// missingService says whether it is a service that does not exist: the kernel
// answers ESRCH for one, and ENOENT for a server.
func missingService(err error) bool {
	return errors.Is(err, ipvs.ErrNotExist) && errors.Is(err, unix.ESRCH)
}
