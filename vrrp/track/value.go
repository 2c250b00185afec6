package track

import (
	"math"
	"strconv"
	"strings"
)

// MaxFile is how much of a file is read, in bytes; its number is in there.
const MaxFile = 127

// Oddity says what is wrong with a file. Its value is what keepalived takes then.
type Oddity uint8

// The oddities.
const (
	Fine       Oddity = iota
	Missing           // there is no such file: it counts as 0
	Unreadable        // it cannot be read, or is no file: 0
	Empty             // it holds nothing: 0, unless somebody is just writing it
	NoNumber          // it does not begin with a number: 0
	OutOfRange        // its number has more than 32 bits: the one before counts on
)

var oddityNames = [...]string{"fine", "missing", "unreadable", "empty", "not a number", "out of range"}

func (o Oddity) String() string {
	if int(o) < len(oddityNames) {
		return oddityNames[o]
	}
	return "?"
}

// Number reads what a file begins with as strtol(3) does with base 0, as
// keepalived does: blanks and empty lines, a sign, then decimal digits, octal
// ones behind a 0 or hexadecimal ones behind 0x. What follows counts for
// nothing.
func Number(text string) (int, Oddity) {
	text = strings.TrimLeft(text, " \t\n\v\f\r")
	if text == "" {
		return 0, Empty
	}
	digits, sign := text, ""
	if text[0] == '-' || text[0] == '+' {
		digits, sign = text[1:], text[:1]
	}
	digits, base := leading(digits)
	if digits == "" {
		return 0, NoNumber
	}
	n, err := strconv.ParseInt(sign+digits, base, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return 0, OutOfRange
	}
	return int(n), Fine
}

// leading are the digits that a text begins with, and their base.
func leading(text string) (digits string, base int) {
	of := func(text, set string) string { return text[:len(text)-len(strings.TrimLeft(text, set))] }
	if len(text) > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		if hex := of(text[2:], "0123456789abcdefABCDEF"); hex != "" {
			return hex, 16
		}
	}
	if strings.HasPrefix(text, "0") {
		return of(text, "01234567"), 8
	}
	return of(text, "0123456789"), 10
}
