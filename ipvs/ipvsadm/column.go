package ipvsadm

import (
	"net/netip"
	"strconv"

	"github.com/tandem-ha/tandem/ipvs"
)

// nameWidth is the column of addresses; statsWidth is it with what is before.
const (
	nameWidth  = 28
	statsWidth = 33
)

// left appends s in a column of the width, or longer.
func left(b []byte, s string, width int) []byte {
	return fill(append(b, s...), width-len(s))
}

func leftNumber(b []byte, n uint64, width int) []byte {
	start := len(b)
	b = strconv.AppendUint(b, n, 10)
	return fill(b, width-(len(b)-start))
}

// fill appends blanks.
func fill(b []byte, n int) []byte {
	for ; n > 0; n-- {
		b = append(b, ' ')
	}
	return b
}

// counter appends a counter in a column of 8, right-justified, with a blank
// before it. What has more than 8 digits is cut to thousands, millions or
// billions unless it shall be exact.
func counter(b []byte, n uint64, exact bool) []byte {
	const digits = 8
	unit := ""
	if !exact {
		switch {
		case n >= 100_000_000_000_000:
			n, unit = n/1_000_000_000, "G"
		case n >= 100_000_000_000:
			n, unit = n/1_000_000, "M"
		case n >= 100_000_000:
			n, unit = n/1_000, "K"
		}
	}
	var text [24]byte
	s := append(strconv.AppendUint(text[:0], n, 10), unit...)
	b = append(b, ' ')
	b = fill(b, digits-len(s))
	return append(b, s...)
}

// printer writes addresses as numbers or names.
type printer struct {
	names   *names
	numeric bool
}

// addrPort appends an address and port; an IPv6 one has brackets, name or not.
func (p printer) addrPort(b []byte, a netip.AddrPort, proto ipvs.Protocol) []byte {
	addr := a.Addr()
	if addr.Is6() {
		b = append(b, '[')
	}
	b = p.host(b, addr)
	if addr.Is6() {
		b = append(b, ']')
	}
	b = append(b, ':')
	if p.numeric {
		return strconv.AppendUint(b, uint64(a.Port()), 10)
	}
	return append(b, p.names.service(a.Port(), proto)...)
}

func (p printer) host(b []byte, a netip.Addr) []byte {
	if !p.numeric {
		if name := p.names.host(a); name != "" {
			return append(b, name...)
		}
	}
	// inet_ntop(3) still writes the IPv4-compatible addresses of RFC 4291
	// section 2.5.5.1 with dots, and netip does not.
	if raw := a.As16(); a.Is6() && [12]byte(raw[:12]) == ([12]byte{}) && (raw[12] != 0 || raw[13] != 0) {
		return netip.AddrFrom4([4]byte(raw[12:])).AppendTo(append(b, "::"...))
	}
	return a.AppendTo(b)
}

// name is addrPort in the column of a listing, which cuts the names of IPv4
// addresses and nothing else.
func (p printer) name(b []byte, a netip.AddrPort, proto ipvs.Protocol) []byte {
	start := len(b)
	b = p.addrPort(b, a, proto)
	if !p.numeric && a.Addr().Is4() {
		b = b[:min(len(b), start+nameWidth)]
	}
	return b
}
