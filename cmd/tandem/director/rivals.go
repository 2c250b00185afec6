package director

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// rivals finds other managers of virtual addresses and IPVS that run in this
// network namespace, and says so in words. procfs is usually /proc.
func rivals(procfs string) []string {
	own, err := os.Readlink(filepath.Join(procfs, "self/ns/net"))
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(procfs)
	if err != nil {
		return nil
	}
	var found []string
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		dir := filepath.Join(procfs, entry.Name())
		name := rivalName(dir)
		if name == "" {
			continue
		}
		if name == "keepalived" && parentIs(dir, "keepalived") {
			continue // a child of one that is reported already
		}
		// A director in another namespace is no rival. Whether it is in ours
		// cannot be told of a process with more capabilities than we have.
		ns, err := os.Readlink(filepath.Join(dir, "ns/net"))
		runs := "runs"
		switch {
		case errors.Is(err, fs.ErrPermission):
			runs = "may run"
		case err != nil || ns != own:
			continue
		}
		found = append(found, fmt.Sprintf("%s (pid %d) %s beside tandem: both would change the same addresses and IPVS services; stop one of them", name, pid, runs))
	}
	return found
}

// rivalName is the name of a program that does tandem's work; empty: none.
func rivalName(dir string) string {
	command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return ""
	}
	// ldirectord is a Perl script: its name is the interpreter's argument.
	words := bytes.SplitN(command, []byte{0}, 4)
	for _, word := range words[:min(2, len(words))] {
		switch name := filepath.Base(string(word)); name {
		case "keepalived", "ldirectord":
			return name
		}
	}
	return ""
}

func parentIs(dir, name string) bool {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return false
	}
	// The second field is the command in parentheses and may hold blanks (proc(5)).
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return false
	}
	return rivalName(filepath.Join(filepath.Dir(dir), string(fields[1]))) == name
}
