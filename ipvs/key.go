package ipvs

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
)

// String is the protocol's name as IPVS tools print it.
func (p Protocol) String() string {
	switch p {
	case 0:
		return "-"
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	case SCTP:
		return "SCTP"
	}
	return fmt.Sprintf("protocol %d", uint8(p))
}

// String is "IPv4" or "IPv6".
func (f Family) String() string {
	switch f {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return fmt.Sprintf("family %d", uint8(f))
}

// FamilyOf is the family of an address; an IPv4-mapped one is IPv4.
func FamilyOf(a netip.Addr) Family {
	if a.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

var forwardingNames = [...]string{"NAT", "local", "TUN", "DR"}

// String is the method as a configuration file spells it.
func (f Forwarding) String() string {
	if int(f) < len(forwardingNames) {
		return forwardingNames[f]
	}
	return fmt.Sprintf("method %d", uint8(f))
}

// String lists the flags that are set, "-" for none.
func (f Flags) String() string {
	names := [...]struct {
		bit  Flags
		name string
	}{{Persistent, "persistent"}, {OnePacket, "ops"}, {Sched1, "flag-1"}, {Sched2, "flag-2"}, {Sched3, "flag-3"}}
	var set []string
	for _, n := range names {
		if f&n.bit != 0 {
			set = append(set, n.name)
		}
		f &^= n.bit
	}
	if f != 0 {
		set = append(set, fmt.Sprintf("%#x", uint32(f)))
	}
	if set == nil {
		return "-"
	}
	return strings.Join(set, ",")
}

// String is "192.0.2.80:80 TCP", "fwmark 7" or "fwmark 7 IPv6".
func (k Key) String() string {
	switch {
	case k.FWMark == 0:
		return fmt.Sprintf("%s %s", k.Addr, k.Protocol)
	case k.Family == IPv6:
		return fmt.Sprintf("fwmark %d IPv6", k.FWMark)
	}
	return fmt.Sprintf("fwmark %d", k.FWMark)
}

// Compare orders keys: addresses before firewall marks, IPv4 before IPv6,
// then by address, port and protocol.
func (k Key) Compare(o Key) int {
	return cmp.Or(
		cmp.Compare(k.FWMark, o.FWMark),
		cmp.Compare(k.Family, o.Family),
		k.Addr.Compare(o.Addr),
		cmp.Compare(k.Protocol, o.Protocol),
	)
}

// Normal is the key as a dump of the kernel spells it: the family follows the
// address, an address is neither IPv4-mapped nor zoned, and of address and
// mark only one is set. Two keys name the same service when their normal
// forms are equal.
func (k Key) Normal() Key {
	if k.FWMark != 0 {
		family := k.Family
		if family == 0 {
			family = IPv4
		}
		return Key{FWMark: k.FWMark, Family: family}
	}
	addr := k.Addr.Addr().Unmap().WithZone("")
	return Key{
		Addr:     netip.AddrPortFrom(addr, k.Addr.Port()),
		Protocol: k.Protocol,
		Family:   FamilyOf(addr),
	}
}
