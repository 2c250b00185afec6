package program

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// aside does something on a thread of ordinary priority, and nothing else runs
// there meanwhile. A program inherits the scheduling of the thread that starts
// it, and one that the configuration names shall not outrank the host.
func aside(do func() error) error {
	runtime.LockOSThread()
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("read the priority of a thread: %w", err)
	}
	if before.Policy == unix.SCHED_NORMAL && before.Nice >= 0 {
		defer runtime.UnlockOSThread()
		return do()
	}
	ordinary := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}
	if err := unix.SchedSetAttr(0, ordinary, 0); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("lower the priority of a thread: %w", err)
	}
	failed := do()
	// A thread that may not be raised again stays with its goroutine, and ends
	// with it.
	if err := unix.SchedSetAttr(0, before, 0); err == nil {
		runtime.UnlockOSThread()
	}
	return failed
}
