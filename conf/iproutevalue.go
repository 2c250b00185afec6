package conf

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// The values of options of routes and rules, in the way of iproute2.

// upTo is a number, decimal, or hexadecimal behind 0x.
func upTo(most uint64) value {
	return func(text string) (string, string, bool) {
		n, ok := unsigned(text, most)
		return strconv.FormatUint(n, 10), fmt.Sprintf("a number from 0 to %d", most), ok
	}
}

// unsigned reads a number as iproute2 writes it.
func unsigned(text string, most uint64) (uint64, bool) {
	if strings.ContainsAny(text, "_+-") {
		return 0, false
	}
	digits, base := text, 10
	if hex, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	return n, err == nil && n <= most
}

// between is a decimal number.
func between(from, to int) value {
	return func(text string) (string, string, bool) {
		n, ok := whole(text, from, to)
		return strconv.Itoa(n), fmt.Sprintf("a number from %d to %d", from, to), ok
	}
}

// named is a number, or a name that a table of iproute2 has.
func named(most uint64) value {
	return func(text string) (string, string, bool) {
		return text, fmt.Sprintf("a number up to %d, or a name of iproute2", most), iprouteName(text, most)
	}
}

// iprouteName tells whether text is a number up to most or may be a name in the
// files below /etc/iproute2. Which names they have is the host's business.
func iprouteName(text string, most uint64) bool {
	if _, ok := unsigned(text, most); ok {
		return true
	}
	if text == "" || len(text) > 31 || !letter(text[0]) {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+") == ""
}

// letter tells whether c is one.
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// dsfield is the type of service: hexadecimal, or a name.
func dsfield(text string) (string, string, bool) {
	_, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 8)
	return text, "a hexadecimal number up to 0xff, or a name of iproute2", err == nil || iprouteName(text, 0)
}

// realms is [FROM/]TO.
func realms(text string) (string, string, bool) {
	ok := true
	for part := range strings.SplitSeq(text, "/") {
		ok = ok && iprouteName(part, 1<<16-1)
	}
	return text, "REALM or REALM/REALM", ok && strings.Count(text, "/") <= 1
}

// duration is a time in iproute2's way, with its unit; without one the kernel's
// own.
func duration(text string) (string, string, bool) {
	number := text
	for _, unit := range [...]string{"msecs", "msec", "ms", "secs", "sec", "s"} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			number = n
			break
		}
	}
	_, _, ok := decimal(number)
	return text, "a time such as 300ms or 2s", ok
}

// deviceName is the name of an interface.
func deviceName(text string) (string, string, bool) {
	return text, "an interface: 1 to 15 bytes, and no /", interfaceName(text)
}

// anyWord is a name that only the kernel knows.
func anyWord(text string) (string, string, bool) {
	return text, "a name", text != ""
}

// ipVersion is that of the Internet Protocol.
func ipVersion(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// parseNetwork reads IP[/LENGTH]; bits behind the length are dropped, as the
// kernel wants none.
func parseNetwork(text string) (netip.Prefix, bool) {
	if a, ok := parseAddr(text); ok {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	n, err := netip.ParsePrefix(text)
	if err != nil || n.Addr().Is4In6() {
		return netip.Prefix{}, false
	}
	return n.Masked(), true
}
