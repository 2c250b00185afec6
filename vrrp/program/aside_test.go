package program

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A program that a thread of high priority starts is an ordinary one, and the
// thread is as it was afterwards.
func TestAside(t *testing.T) {
	high := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1}
	refused := make(chan error)
	go func() {
		defer close(refused)
		runtime.LockOSThread() // and left locked: the thread dies with its priority
		if err := unix.SchedSetAttr(0, high, 0); err != nil {
			refused <- err
			return
		}
		var said []byte
		err := aside(func() (err error) {
			said, err = exec.Command("cut", "-d", " ", "-f", "19,40,41", "/proc/self/stat").Output()
			return err
		})
		// Niceness, real-time priority, policy (proc(5)).
		if got := strings.TrimSpace(string(said)); err != nil || got != "0 0 0" {
			t.Errorf("the program ran with %q, %v; want nice 0, real-time priority 0 and policy 0", got, err)
		}
		after, err := unix.SchedGetAttr(0, 0)
		if err != nil || after.Policy != unix.SCHED_RR || after.Priority != 1 {
			t.Errorf("the thread is left with %+v, %v", after, err)
		}
	}()
	if err := <-refused; err != nil {
		t.Skip("needs the right to real-time priority: ", err)
	}
}
