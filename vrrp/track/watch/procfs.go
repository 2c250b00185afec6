package watch

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/vrrp/track"
)

// procFS is where /proc is mounted (proc(5)).
type procFS string

// pids are those of all processes.
func (p procFS) pids() []int {
	dir, err := os.Open(string(p))
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	pids := make([]int, 0, len(names))
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// read reads a process. One that has ended and waits for its parent to notice
// does not run. The command line is read only if asked for: it is in the memory
// of the process, which may be swapped out.
func (p procFS) read(pid int, line bool) (r track.Running, alive bool) {
	dir := filepath.Join(string(p), strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return r, false
	}
	// PID (NAME) STATE ...: a name may hold anything, parentheses too.
	open, shut := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || shut < open || shut+2 >= len(stat) {
		return r, false
	}
	if state := stat[shut+2]; state == 'Z' || state == 'X' {
		return r, false
	}
	r.Name = string(stat[open+1 : shut])
	if !line {
		return r, true
	}
	text, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err == nil && len(text) > 0 {
		r.Line = strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	}
	return r, true
}
