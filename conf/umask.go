package conf

import (
	"slices"
	"strconv"
	"strings"
)

// umask reads a file creation mask: a number in octal with a leading 0, else in
// decimal, or names of bits with | between them: I, then R, W or X, then USR,
// GRP or OTH.
func umask(text string) (mask uint32, ok bool) {
	if n, err := strconv.ParseUint(text, 0, 32); err == nil {
		return uint32(n), n <= 0o777
	}
	for name := range strings.SplitSeq(text, "|") {
		bit, ok := umaskBit(name)
		if !ok {
			return 0, false
		}
		mask |= bit
	}
	return mask, true
}

// umaskBit is one right of one class, as sys/stat.h names it without its S_.
func umaskBit(name string) (uint32, bool) {
	if len(name) != len("IRUSR") || name[0] != 'I' {
		return 0, false
	}
	right := strings.IndexByte("XWR", name[1])
	class := slices.Index([]string{"OTH", "GRP", "USR"}, name[2:])
	if right < 0 || class < 0 {
		return 0, false
	}
	return 1 << (3*class + right), true
}
