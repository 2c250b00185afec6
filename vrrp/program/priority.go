package program

import (
	"golang.org/x/sys/unix"
)

// unhurried starts a program from a thread without the priority that tandem has
// given itself, so that it does not have it from its first instruction on: a
// busy script with the priority of adverts would delay them. The caller has
// locked the thread. On Linux priorities belong to threads (sched(7)).
func unhurried(start func() error) error {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy == unix.SCHED_NORMAL && attr.Nice >= 0 {
		return start()
	}
	plain := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}
	if err := unix.SchedSetAttr(0, &plain, 0); err != nil {
		return start() // RESET_ON_FORK is what is left, where it is set
	}
	defer unix.SchedSetAttr(0, attr, 0)
	return start()
}
