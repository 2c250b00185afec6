package kernel

import (
	"bufio"
	"bytes"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// schedulers are all that Linux has had.
var schedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"}

// Schedulers are those that this kernel can be seen to offer, built in or as
// modules; none when nothing tells, as where a container hides the modules. The
// kernel loads them by itself when a service names one.
func Schedulers() []string {
	var release string
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		release = unix.ByteSliceToString(u.Release[:])
	}
	seen := map[string]bool{}
	for _, file := range []string{"/proc/modules", path.Join("/lib/modules", release, "modules.dep"), path.Join("/lib/modules", release, "modules.builtin")} {
		if text, err := os.ReadFile(file); err == nil {
			modules(text, seen)
		}
	}
	var names []string
	for _, name := range schedulers {
		if seen["ip_vs_"+name] {
			names = append(names, name)
		}
	}
	return slices.Clip(names)
}

// modules notes the names that the lines of one of the lists of modules begin
// with.
func modules(text []byte, seen map[string]bool) {
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		word, _, _ := strings.Cut(lines.Text(), " ")
		name, _, _ := strings.Cut(path.Base(strings.TrimSuffix(word, ":")), ".")
		if strings.HasPrefix(name, "ip_vs") {
			seen[name] = true
		}
	}
}
