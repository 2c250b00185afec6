package conf

import (
	"io/fs"
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// Host is what a file is judged by and templates are filled with: a picture of
// the host that it shall run on. conf/host takes it.
type Host struct {
	Name       string // up to the first dot, as @ID conditions mean it
	Interfaces []Interface
	Names      Names // of routing tables and the like
	// Resolve says what a command would run there, and as whom, or why nothing is
	// run, as program.Resolve does; nil: programs are not judged.
	Resolve func(program.Command, program.Policy) (program.Resolved, error)
	// Lstat says what is at a path there, as os.Lstat does; nil: files are not
	// judged.
	Lstat func(path string) (fs.FileInfo, error)
}

// Interface is one network interface of a host.
type Interface struct {
	Name         string
	Index        int
	MTU          int
	HardwareAddr string // empty: it has none
	Up, Loopback bool
	// Broadcast, Multicast and PointToPoint are what the kernel says that it can.
	Broadcast, Multicast, PointToPoint bool
	// Default4 and Default6 tell that the default route of the family leaves by
	// it; where there are several, the one that the kernel prefers.
	Default4, Default6 bool
	Addresses          []netip.Prefix // the host's own: the address, and its prefix length
	// Floating are the addresses that tandem has put there. The next moment the
	// other director may have them, so nothing follows from them.
	Floating []netip.Prefix
	// Networks are what it reaches without a router, besides those of Addresses:
	// routes without a gateway.
	Networks []netip.Prefix
}

// Interface finds one by its name; nil: the host has none.
func (h *Host) Interface(name string) *Interface {
	i := slices.IndexFunc(h.Interfaces, func(i Interface) bool { return i.Name == name })
	if i < 0 {
		return nil
	}
	return &h.Interfaces[i]
}

// owner is the interface that has an address for its own.
func (h *Host) owner(a netip.Addr) *Interface {
	i := slices.IndexFunc(h.Interfaces, func(i Interface) bool {
		return slices.ContainsFunc(i.Addresses, func(p netip.Prefix) bool { return p.Addr() == a })
	})
	if i < 0 {
		return nil
	}
	return &h.Interfaces[i]
}

// neighbour is the interface by which an address is reached without a router:
// of several, the one whose network is the smallest, as the kernel has it.
func (h *Host) neighbour(a netip.Addr) *Interface {
	best, bits := -1, -1
	for i, in := range h.Interfaces {
		if n := in.network(a); n.IsValid() && n.Bits() > bits {
			best, bits = i, n.Bits()
		}
	}
	if best < 0 {
		return nil
	}
	return &h.Interfaces[best]
}

// network is the smallest network of the interface that an address is in.
func (in *Interface) network(a netip.Addr) (found netip.Prefix) {
	for _, p := range slices.Concat(in.Addresses, in.Networks) {
		if p.Contains(a) && (!found.IsValid() || p.Bits() > found.Bits()) {
			found = p.Masked()
		}
	}
	return found
}

// way is the interface by which an address is reached, nil where that is not
// known: it is the one in its network, else that of the default route.
func (h *Host) way(a netip.Addr) *Interface {
	if in := h.neighbour(a); in != nil {
		return in
	}
	for i, in := range h.Interfaces {
		if a.Is4() && in.Default4 || a.Is6() && in.Default6 {
			return &h.Interfaces[i]
		}
	}
	return nil
}
