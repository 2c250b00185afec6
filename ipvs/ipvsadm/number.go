package ipvsadm

import (
	"strconv"
	"strings"
)

// blanks are what strtol skips.
const blanks = " \t\n\v\f\r"

// number reads a decimal number between low and high as the original does:
// blanks and a plus sign may come first, and a leading zero means nothing.
func number(s string, low, high int64) (int64, bool) {
	s = strings.TrimLeft(s, blanks)
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && low <= n && n <= high
}

// leadingNumber reads the number at the beginning and ignores what follows.
func leadingNumber(s string) int64 {
	s = strings.TrimLeft(s, blanks)
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[0] == '+' || s[0] == '-')) {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return -1
	}
	return n
}
