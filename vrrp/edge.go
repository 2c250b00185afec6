package vrrp

import (
	"net/netip"
	"time"
)

// Frame is one VRRP message as the network edge heard it.
type Frame struct {
	Interface string
	Src, Dst  netip.Addr
	TTL       uint8     // TTL or hop limit of the IP header
	Payload   []byte    // from the VRRP version byte on; owned by the receiver
	At        time.Time // taken as near the socket as possible, monotonic
}

// Outgoing is one VRRP message to put on the wire.
type Outgoing struct {
	Interface string
	Src, Dst  netip.Addr
	Payload   []byte
}

// Network is what the Router needs of the wire. link.Network is the real one.
type Network interface {
	// Frames is where heard messages arrive; never closed while running.
	Frames() <-chan Frame
	// Send transmits the batch without blocking and returns an error per
	// message, in order (nil: sent). Its cost is a system call, not a wait.
	Send(batch []Outgoing) []error
	// Listen sets which interface hears what; it is called with the full
	// list at start and after a reload. It does not block; what cannot be
	// opened yet (no such interface, no address) is retried by the edge.
	//
	// The edge calls tell for each of the interfaces, from any goroutine: once
	// it has tried to open it, and at every change. tell does not block.
	Listen(want []Listen, tell func(Hearing))
}

// Hearing says whether VRRP messages can be heard and sent on an interface.
type Hearing struct {
	Interface string
	Deaf      string // why they cannot; empty: they can
}

// Listen asks for VRRP messages of one interface. Peers decides the mode:
// multicast joins 224.0.0.18 there, unicast does not.
type Listen struct {
	Interface string
	Unicast   bool
}

// Host is what the Router asks of the kernel's addresses. Its calls state a
// wish and return at once; the edge does the work on a goroutine of its own,
// in order per instance, re-reads the kernel and repairs what it finds.
type Host interface {
	// Want states that an instance's addresses shall be present or absent.
	// A call for the same instance replaces the wish before; the edge never removes an address that
	// another instance still wants.
	Want(instance string, iface string, addrs []Address, present bool)
	// Announce sends one burst: every address repeat times.
	Announce(instance string, repeat int)
	// Forget drops an instance (a reload took it away): addresses go.
	Forget(instance string)
	// Together makes one of the wishes that do states: the edge acts on none
	// of them before it has all. An address that moves from one instance to
	// another stays where it is.
	Together(do func())
}

// LinkState is what the link watcher knows of an interface. It is read anew
// from the kernel each time; an event only says "look again".
type LinkState struct {
	Name    string
	Exists  bool
	Up      bool       // administratively up and with carrier
	Primary netip.Addr // first IPv4 address that is no virtual address; zero: none
	Owned   netip.Addr // a virtual address that is the interface's own first address; zero: none
}
