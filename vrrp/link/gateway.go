package link

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Nobody has a route of their own to these: class E, and the documentation
// prefix of RFC 3849. What leads there is the default route.
var (
	elsewhere4 = netip.MustParseAddr("240.0.0.1")
	elsewhere6 = netip.MustParseAddr("2001:db8:ffff:ffff::1")
)

// gateways asks for each gateway once.
type gateways struct {
	kernel  *kernel
	indexes map[string]int // by interface
	known   map[side]neighbor
}

func (k *keeper) newGateways() gateways {
	g := gateways{k.kernel, make(map[string]int, len(k.devices)), make(map[side]neighbor)}
	for index, dev := range k.devices {
		g.indexes[dev.name] = index
	}
	return g
}

// of returns the gateway that a target's neighbours go through, which has
// routes on the base interface; zero: it is not known.
func (g gateways) of(t target) neighbor {
	at := side{t.index, t.prefix.Addr().Is6()}
	if base, ok := g.indexes[t.base()]; ok {
		at.index = base
	}
	gateway, known := g.known[at]
	if !known {
		gateway, _ = g.kernel.gateway(at.index, at.ipv6)
		g.known[at] = gateway
	}
	return gateway
}

// gateway returns where packets to elsewhere leave an interface to, if its
// hardware address is known. It asks two questions, whatever the size of the
// tables.
func (k *kernel) gateway(index int, ipv6 bool) (neighbor, bool) {
	dst, family := elsewhere4, unix.AF_INET
	if ipv6 {
		dst, family = elsewhere6, unix.AF_INET6
	}
	// struct rtmsg (linux/rtnetlink.h): family, length of the destination, and
	// what only a change has. Its flags are zero.
	header := rawData{byte(family), byte(dst.BitLen()), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	msgs, err := k.read(unix.RTM_GETROUTE, 0, unix.RTM_NEWROUTE, header,
		nl.NewRtAttr(unix.RTA_DST, dst.AsSlice()), nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(index))))
	if err != nil || len(msgs) != 1 || len(msgs[0]) < unix.SizeofRtMsg {
		return neighbor{}, false
	}
	ip, ok := netip.AddrFromSlice(attribute(msgs[0][unix.SizeofRtMsg:], unix.RTA_GATEWAY))
	if !ok {
		return neighbor{}, false
	}
	mac := k.neighborMAC(index, family, ip)
	return neighbor{ip, mac}, mac != nil
}

// neighborMAC is what the kernel's neighbour table has for an address; nil:
// nothing that could be used. Kernels before 5.0 do not say it of one alone.
func (k *kernel) neighborMAC(index, family int, ip netip.Addr) net.HardwareAddr {
	header := make(rawData, unix.SizeofNdMsg)
	header[0] = byte(family)
	copy(header[4:], nl.Uint32Attr(uint32(index)))
	msgs, err := k.read(unix.RTM_GETNEIGH, 0, unix.RTM_NEWNEIGH, header, nl.NewRtAttr(unix.NDA_DST, ip.AsSlice()))
	if err != nil || len(msgs) != 1 || len(msgs[0]) < unix.SizeofNdMsg {
		return nil
	}
	mac := attribute(msgs[0][unix.SizeofNdMsg:], unix.NDA_LLADDR)
	if len(mac) != 6 {
		return nil
	}
	return net.HardwareAddr(mac)
}

// attribute returns the value of an attribute; nil: there is none.
func attribute(b []byte, kind uint16) []byte {
	attrs, err := attributes(b)
	if err != nil {
		return nil
	}
	for _, a := range attrs {
		if a.Attr.Type == kind {
			return a.Value
		}
	}
	return nil
}
