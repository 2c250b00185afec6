package host

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/conf"
)

// nameDirs are where iproute2 keeps the names of numbers. What stands in a later
// one counts.
var nameDirs = []string{"/usr/lib/iproute2", "/usr/share/iproute2", "/etc/iproute2"}

// names reads the names of routing tables and the like. A file that is not there
// has none.
func names(dirs []string) conf.Names {
	read := func(file string) map[string]uint32 {
		all := make(map[string]uint32)
		for _, dir := range dirs {
			more, _ := filepath.Glob(filepath.Join(dir, file+".d", "*.conf"))
			slices.Sort(more)
			for _, path := range append([]string{filepath.Join(dir, file)}, more...) {
				text, err := os.ReadFile(path)
				if err == nil {
					readNames(string(text), all)
				}
			}
		}
		return all
	}
	return conf.Names{
		Tables: read("rt_tables"), Protocols: read("rt_protos"), Realms: read("rt_realms"),
		DSFields: read("rt_dsfield"), Groups: read("group"),
	}
}

// readNames reads lines of a number, decimal or hexadecimal behind 0x, and a
// name. What begins with # is a comment.
func readNames(text string, into map[string]uint32) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		if n, err := strconv.ParseUint(words[0], 0, 32); err == nil {
			into[words[1]] = uint32(n)
		}
	}
}
