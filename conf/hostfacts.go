package conf

import "net/netip"

// Host is what a file is judged by and templates are filled with: a picture of
// the host that it shall run on. conf/host takes it.
type Host struct {
	Name       string // up to the first dot, as @ID conditions mean it
	Interfaces []Interface
}

// Interface is one network interface of a host.
type Interface struct {
	Name         string
	Index        int
	MTU          int
	HardwareAddr string // empty: it has none
	Up, Loopback bool
	// Default tells that a default route leaves by it, of IPv4 or IPv6.
	Default   bool
	Addresses []netip.Prefix // as the kernel has them: the address, and its prefix length
}
