package program

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lower gives a program that has just been started, and what it may have started
// already, the priority of everybody: a program inherits the scheduling of the
// thread that starts it, and one that the configuration names shall not outrank
// the host.
//
// It is not the thread that is lowered before. Between fork and exec the thread
// cannot be stopped, so that a collection of garbage would wait for it at
// real-time priority, and on a busy processor for ever: neither the thread nor
// its child would be let in.
func lower(pid int) {
	for _, one := range append([]int{pid}, children(pid)...) {
		attr, err := unix.SchedGetAttr(one, 0)
		if err != nil || attr.Policy == unix.SCHED_NORMAL && attr.Nice >= 0 {
			continue // It has ended, or there is nothing to lower.
		}
		_ = unix.SchedSetAttr(one, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}, 0)
	}
}

// children are the processes that a process has started, and those that they
// have.
func children(pid int) (all []int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil // It has ended, or the kernel does not tell.
	}
	for word := range strings.FieldsSeq(string(text)) {
		if child, err := strconv.Atoi(word); err == nil {
			all = append(append(all, child), children(child)...)
		}
	}
	return all
}
