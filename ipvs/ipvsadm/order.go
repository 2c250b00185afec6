package ipvsadm

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"

	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// sorted puts a listing and the servers of each service in the original's
// order.
func sorted(list []kernel.Listed) {
	mergeSort(list, make([]kernel.Listed, len(list)), func(a, b *kernel.Listed) int {
		x, y := a.Key, b.Key
		if x.FWMark != 0 || y.FWMark != 0 {
			return cmp.Or(
				cmp.Compare(min(x.FWMark, 1), min(y.FWMark, 1)), // marks last
				cmp.Compare(x.Family, y.Family),
				bySign(x.FWMark, y.FWMark))
		}
		return cmp.Or(
			cmp.Compare(x.Family, y.Family),
			cmp.Compare(x.Protocol, y.Protocol),
			byAddrPort(x.Addr, y.Addr))
	})
	var space []kernel.Real
	for i := range list {
		servers := list[i].Servers
		if len(servers) > len(space) {
			space = make([]kernel.Real, len(servers))
		}
		mergeSort(servers, space, func(a, b *kernel.Real) int { return byAddrPort(a.Server, b.Server) })
	}
}

func byAddrPort(a, b netip.AddrPort) int {
	x, y := a.Addr(), b.Addr()
	c := cmp.Compare(x.BitLen(), y.BitLen())
	switch {
	case c != 0:
	case x.Is4():
		c = bySign(number4(x), number4(y))
	default:
		v, w := x.As16(), y.As16()
		c = bytes.Compare(v[:], w[:])
	}
	return cmp.Or(c, cmp.Compare(a.Port(), b.Port()))
}

func number4(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
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
