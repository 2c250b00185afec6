package conf

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// The ranges of addresses in virtual_server_group and snat_pool. A reason for
// refusing one is the rest of a sentence: "... is ignored: " and it.

// parseRange reads A, A-B or A-E, where E stands for the last part of the
// address: decimal in IPv4, hexadecimal in IPv6, as keepalived has it.
func parseRange(text string) (r rules.Range, why string) {
	first, end, dash := strings.Cut(text, "-")
	a, ok := parseAddr(first)
	if !ok {
		return r, "it is no IP address"
	}
	if !dash {
		return rules.Range{First: a, Last: a}, ""
	}
	b, ok := parseAddr(end)
	if !ok {
		b, ok = withLastPart(a, end)
	}
	switch {
	case !ok:
		return r, "the range ends neither in an address nor in the last part of one"
	case a.Is4() != b.Is4():
		return r, "the range ends in another family than it begins"
	case b.Less(a):
		return r, "the range ends before it begins"
	}
	return rules.Range{First: a, Last: b}, ""
}

// parsePrefix reads IP/LEN as the range of all its addresses, the first and
// last included: they are no less virtual addresses than the others.
func parsePrefix(text string) (r rules.Range, why string) {
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return r, "it is no IP address with a prefix length"
	case p != p.Masked():
		return r, "host bits are set: the prefix is " + p.Masked().String()
	}
	return rules.Range{First: p.Addr(), Last: lastAddr(p)}, ""
}

// withLastPart is an address with another last byte, or another last 16 bits
// in IPv6.
func withLastPart(a netip.Addr, text string) (netip.Addr, bool) {
	if a.Is4() {
		n, ok := whole(text, 0, 255)
		b := a.As4()
		b[3] = byte(n)
		return netip.AddrFrom4(b), ok
	}
	n, err := strconv.ParseUint(text, 16, 16)
	b := a.As16()
	binary.BigEndian.PutUint16(b[14:], uint16(n))
	return netip.AddrFrom16(b), err == nil
}

// rangeSize is the number of addresses in a range, or limit+1 where there are
// more than limit.
func rangeSize(r rules.Range, limit int) int {
	a, b := r.First.As16(), r.Last.As16()
	low, borrow := bits.Sub64(binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(a[8:]), 0)
	high, _ := bits.Sub64(binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(a[:8]), borrow)
	if high != 0 || low >= uint64(limit) {
		return limit + 1
	}
	return int(low) + 1
}

// addressesOf are the addresses of a range; the caller has bounded its size.
func addressesOf(r rules.Range) []netip.Addr {
	all := []netip.Addr{r.First}
	for a := r.First; a != r.Last; {
		a = a.Next()
		all = append(all, a)
	}
	return all
}

// rangeName is the range as messages call it.
func rangeName(r rules.Range) string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "-" + r.Last.String()
}
