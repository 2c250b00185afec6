package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// namespaceMembers returns the processes of a nanny's process namespace except
// the nanny, by their pids as the lab sees them.
func namespaceMembers(nanny int) ([]int, error) {
	namespace, err := os.Readlink(procFile(nanny, "ns/pid"))
	if err != nil {
		return nil, fmt.Errorf("find the process namespace: %w", err)
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	var members []int
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == nanny {
			continue
		}
		// A process that has just ended has no namespace.
		if ns, err := os.Readlink(procFile(pid, "ns/pid")); err == nil && ns == namespace {
			members = append(members, pid)
		}
	}
	return members, nil
}

// outerPid translates a pid of a nanny's namespace to the lab's.
func outerPid(nanny, inner int) (int, error) {
	members, err := namespaceMembers(nanny)
	if err != nil {
		return 0, err
	}
	for _, pid := range members {
		// proc_pid_status(5): NSpid has one number a namespace, ours first.
		ids := strings.Fields(statusField(pid, "NSpid"))
		if len(ids) > 0 && ids[len(ids)-1] == strconv.Itoa(inner) {
			return pid, nil
		}
	}
	return 0, fmt.Errorf("find process %d: %w", inner, fs.ErrNotExist)
}

// stopRounds bounds stopAll: a round stops what the round before has forked.
const stopRounds = 100

// stopAll stops every process of a nanny's namespace and returns when all of
// them have stopped.
func stopAll(nanny int) error {
	for range stopRounds {
		members, err := namespaceMembers(nanny)
		if err != nil {
			return err
		}
		moving := 0
		for _, pid := range members {
			if stopped(pid) {
				continue
			}
			moving++
			if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && err != syscall.ESRCH {
				return err
			}
		}
		if moving == 0 {
			return nil
		}
		time.Sleep(time.Millisecond) // The kernel stops them at their next return to user space.
	}
	return errors.New("processes fork faster than they can be stopped")
}

// stopped reports a process that runs none of its code before a SIGCONT: it is
// stopped, or it has ended, or it is deep in a system call with the SIGSTOP
// waiting at the way out, as a parent whose vfork(2) child was stopped.
func stopped(pid int) bool {
	switch state, _, _ := strings.Cut(statusField(pid, "State"), " "); state {
	case "T", "Z", "X", "":
		return true
	case "D":
		pending, err := strconv.ParseUint(statusField(pid, "ShdPnd"), 16, 64)
		return err == nil && pending&(1<<(syscall.SIGSTOP-1)) != 0
	default:
		return false
	}
}

// statusField returns a field of a process's status, empty where the process
// has ended.
func statusField(pid int, field string) string {
	f, err := os.Open(procFile(pid, "status"))
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func procFile(pid int, name string) string {
	return filepath.Join("/proc", strconv.Itoa(pid), name)
}
