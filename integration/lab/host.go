package lab

import (
	"context"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Host is a network namespace of the lab.
type Host struct {
	// Name is "client", "router", "a", "b", "s1" ... for logs and errors.
	Name string
}

// Do runs fn on an operating-system thread inside the namespace and returns
// its error. Sockets that fn opens belong to the namespace for their life, and
// /proc/thread-self/net shows it; goroutines that fn starts are elsewhere. A
// thread that cannot be brought back is left to die.
func (h *Host) Do(fn func() error) error { panic("soon") }

// Netlink returns the route-netlink handle of the namespace, good from any
// goroutine until the host goes.
func (h *Host) Netlink() *netlink.Handle { panic("soon") }

// Listen listens in the namespace. Only the creation of the socket needs it;
// the listener works from any goroutine.
func (h *Host) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	panic("soon")
}

// ListenPacket opens a packet-oriented socket in the namespace.
func (h *Host) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	panic("soon")
}

// DialTCP connects from the namespace; the zero local address leaves the
// choice to the kernel. The wait for the peer blocks no thread.
func (h *Host) DialTCP(ctx context.Context, local, remote netip.AddrPort) (*net.TCPConn, error) {
	panic("soon")
}

// Sysctl sets a value in the namespace, by its dotted name or its path below
// /proc/sys.
func (h *Host) Sysctl(name, value string) error { panic("soon") }

// HasAddress reports whether any interface of the host has the address.
func (h *Host) HasAddress(a netip.Addr) (bool, error) { panic("soon") }

// Neighbour returns the hardware address that the host's ARP table holds for
// an address on a link, nil where it holds none.
func (h *Host) Neighbour(link string, a netip.Addr) (net.HardwareAddr, error) { panic("soon") }
