package lab

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// dumpTries bounds the repetitions of a netlink dump that a change of the table
// interrupts (NLM_F_DUMP_INTR).
const dumpTries = 10

// dump repeats a dump until no change interrupts it.
func dump[T any](list func() ([]T, error)) (entries []T, err error) {
	for range dumpTries {
		if entries, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return entries, err
}

// HasAddress reports whether any interface of the host has the address. A host
// without power has none.
func (h *Host) HasAddress(a netip.Addr) (bool, error) {
	family := unix.AF_INET
	if a.Is6() {
		family = unix.AF_INET6
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return false, nil
	}
	addrs, err := dump(func() ([]netlink.Addr, error) { return h.handle.AddrList(nil, family) })
	if err != nil {
		return false, fmt.Errorf("list addresses of %s: %w", h.Name, err)
	}
	for _, have := range addrs {
		if have.IP.Equal(a.AsSlice()) {
			return true, nil
		}
	}
	return false, nil
}

// Neighbour returns the hardware address that the host's ARP table holds for
// an address on a link, nil where it holds none.
func (h *Host) Neighbour(link string, a netip.Addr) (net.HardwareAddr, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return nil, fmt.Errorf("list neighbours of %s: %w", h.Name, errGone)
	}
	l, err := h.handle.LinkByName(link)
	if err != nil {
		return nil, fmt.Errorf("find %s in %s: %w", link, h.Name, err)
	}
	neighbours, err := dump(func() ([]netlink.Neigh, error) {
		return h.handle.NeighList(l.Attrs().Index, unix.AF_UNSPEC)
	})
	if err != nil {
		return nil, fmt.Errorf("list neighbours of %s: %w", h.Name, err)
	}
	for _, n := range neighbours {
		if n.IP.Equal(a.AsSlice()) && len(n.HardwareAddr) > 0 && n.State&(unix.NUD_INCOMPLETE|unix.NUD_FAILED) == 0 {
			return bytes.Clone(n.HardwareAddr), nil
		}
	}
	return nil, nil
}
