package calm

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// priority is how the kernel schedules a thread (sched(7)).
type priority struct {
	realTime int // of SCHED_RR; 0: SCHED_OTHER
	nice     int // of SCHED_OTHER
}

func realTime(n int) priority { return priority{realTime: n} }

func ordinary(nice int) priority { return priority{nice: nice} }

func (p priority) String() string {
	if p.realTime > 0 {
		return fmt.Sprintf("real-time %d", p.realTime)
	}
	return fmt.Sprintf("nice %d", p.nice)
}

// give sets the priority of a thread; 0 is the calling one.
func (p priority) give(tid int) error {
	attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: int32(p.nice)}
	if p.realTime > 0 {
		attr = &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: uint32(p.realTime)}
	}
	if err := unix.SchedSetAttr(tid, attr, 0); err != nil {
		return fmt.Errorf("set thread %d to %s: %w", tid, p, err)
	}
	return nil
}
