package vrrp

import (
	"net/netip"
	"strings"
	"time"
)

// Frame is one VRRP message as the network edge heard it.
type Frame struct {
	Interface string
	Src, Dst  netip.Addr
	TTL       uint8  // TTL or hop limit of the IP header
	Payload   []byte // what follows the IP header; owned by the receiver
	// Header is the IPv4 header of a frame of protocol 51 (AH, RFC 4302), whose
	// check spans it; Payload begins with the AH then. nil: protocol 112.
	Header []byte
	At     time.Time // taken as near the socket as possible, monotonic
}

// Outgoing is one VRRP message to put on the wire.
type Outgoing struct {
	Interface string
	Src, Dst  netip.Addr
	TTL       uint8  // 0: 255
	Payload   []byte // what follows the IP header
	// Header is a complete IPv4 header to send instead of one made from the
	// above: AH signs it. Length and checksum are the kernel's; an identification
	// of 0 would be replaced by it, which breaks the signature. nil: make one.
	Header []byte
	// MAC is the source of the Ethernet frame (RFC 9568 section 7.3); zero: that
	// of the interface. It is for multicast, and needs a Listen with Own.
	MAC [6]byte
}

// Network is what the Router needs of the wire. link.Network is the real one.
type Network interface {
	// Frames is where heard messages arrive; never closed while running.
	Frames() <-chan Frame
	// Send transmits the batch without blocking and returns an error per
	// message, in order (nil: sent). Its cost is a system call, not a wait. The
	// batch is the caller's again afterwards; payloads are never changed.
	Send(batch []Outgoing) []error
	// Listen sets which interface hears what; it is called with the full
	// list at start and after a reload. It does not block; what cannot be
	// opened yet (no such interface, no address) is retried by the edge.
	//
	// The edge calls tell for each of the interfaces, from any goroutine: once
	// it has tried to open all that this call wants there, and at every change.
	// An earlier tell is not called any more. tell does not block.
	Listen(want []Listen, tell func(Hearing))
}

// Hearing says whether VRRP messages can be heard and sent on an interface.
type Hearing struct {
	Interface string
	Deaf      string // why they cannot over IPv4; empty: they can, or nobody asked
	Deaf6     string // the same over IPv6
}

// Listen asks for VRRP messages of one interface and family.
type Listen struct {
	Interface  string
	IPv6       bool
	Unicast    bool       // no group is joined
	Group      netip.Addr // to join; zero: 224.0.0.18 or ff02::12
	AuthHeader bool       // those in an AH are heard too (protocol 51)
	// Own is a macvlan of the instance's own on Interface; empty: none. While it
	// is up it takes frames with its MAC, which those of another master have too,
	// away from Interface: what it hears is heard as if Interface had. It need
	// not exist.
	Own string
}

// Host is what the Router asks of the kernel's addresses. Its calls state a
// wish and return at once; the edge does the work on a goroutine of its own,
// in order per instance, re-reads the kernel and repairs what it finds.
type Host interface {
	// Want states what shall be present for an instance, or absent. A call for
	// the same instance replaces the wish before; the edge never removes what
	// another instance still wants.
	Want(instance string, w Wish)
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
	// Primary6 is the first link-local IPv6 address that is no virtual address
	// and usable (not tentative); zero: none.
	Primary6 netip.Addr
	// Tentative6 says that there is none yet, but one that is being checked for
	// duplicates (RFC 4862 section 5.4).
	Tentative6 bool
	// Silent says that the interface came up a moment ago and that nobody else
	// has been heard there: it may not forward yet (see Config.ForwardingWait).
	Silent bool
	// Addresses are all addresses of the interface that can be used and are not
	// virtual, sorted, as one string with spaces in between, so that states can be
	// compared: "10.0.0.1 fe80::1".
	Addresses string
}

// has reports whether an address is one of the interface's.
func (st LinkState) has(ip netip.Addr) bool {
	for word := range strings.FieldsSeq(st.Addresses) {
		word, _, _ = strings.Cut(word, "/")
		if a, err := netip.ParseAddr(word); err == nil && a.WithZone("") == ip {
			return true
		}
	}
	return false
}
