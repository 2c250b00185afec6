package ipvsadm

import (
	"cmp"
	"encoding/binary"
	"net/netip"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// sortServices puts services in the original's order.
func sortServices(list []kernel.Listed) {
	mergeSort(list, make([]kernel.Listed, len(list)), func(a, b *kernel.Listed) int { return byKey(&a.Key, &b.Key) })
}

// sortServers does so with the servers of one service. What it returns is space
// for the next.
func sortServers(servers, space []kernel.Real) []kernel.Real {
	if len(servers) > len(space) {
		space = make([]kernel.Real, 2*len(servers))
	}
	mergeSort(servers, space, func(a, b *kernel.Real) int { return byAddrPort(a.Server, b.Server) })
	return space
}

// byKey compares services. One without a firewall mark counts as mark 0, so
// marks from 2^31 on, which are negative, come before it.
func byKey(a, b *ipvs.Key) int {
	if c := bySign(a.FWMark, b.FWMark); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Family, b.Family); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Protocol, b.Protocol); c != 0 || a.FWMark != 0 {
		return c
	}
	return byAddrPort(a.Addr, b.Addr)
}

// byAddrPort compares addresses as words of 32 bits, the first first, as many
// as the family of a has: of an IPv4 server and an IPv6 one with the same
// first word it matters which is a.
func byAddrPort(a, b netip.AddrPort) int {
	v, w := words(a.Addr()), words(b.Addr())
	n := len(v)
	if a.Addr().Is4() {
		n = 1
	}
	for i := range n {
		if c := bySign(v[i], w[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Port(), b.Port())
}

// words are the 32-bit words of an address; an IPv4 one has the first, and
// zeros behind it.
func words(a netip.Addr) (w [4]uint32) {
	if a.Is4() {
		b := a.As4()
		w[0] = binary.BigEndian.Uint32(b[:])
		return w
	}
	b := a.As16()
	for i := range w {
		w[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	return w
}

// bySign compares by the sign of a difference of 32 bits, as the original
// does: what is more than 2^31 apart comes in the wrong order.
func bySign(a, b uint32) int { return cmp.Compare(int32(a-b), 0) }

// mergeSort is the sort of the C library: where bySign goes in circles, the
// result depends on how one sorts. The halves are split and merged as there.
func mergeSort[T any](s, space []T, compare func(a, b *T) int) {
	if len(s) <= 1 {
		return
	}
	half := len(s) / 2
	left, right := s[:half], s[half:]
	mergeSort(left, space, compare)
	mergeSort(right, space, compare)
	out := space[:0]
	for len(left) > 0 && len(right) > 0 {
		if compare(&left[0], &right[0]) <= 0 {
			out, left = append(out, left[0]), left[1:]
		} else {
			out, right = append(out, right[0]), right[1:]
		}
	}
	out = append(out, left...)
	copy(s, out)
}
