package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/ndp"
	"golang.org/x/sys/unix"
)

// neighbor is a host on the same wire.
type neighbor struct {
	ip  netip.Addr
	mac net.HardwareAddr
}

// everybody is the frame that tells everybody where an address is:
// gratuitous ARP, or an unsolicited neighbour advertisement.
func everybody(dev device, ip netip.Addr, router bool) ([]byte, error) {
	if dev.mac == nil {
		return nil, errNoEthernet
	}
	if ip.Is4() {
		return gratuitousARP(dev.mac, ip)
	}
	return neighborAdvertisement(dev.mac, ip, router)
}

// privately is the same frame for one neighbour alone.
func privately(dev device, ip netip.Addr, router bool, to neighbor) ([]byte, error) {
	if ip.Is6() {
		return advertiseTo(dev.mac, ip, router, to)
	}
	frame, err := gratuitousARP(dev.mac, ip)
	if err == nil {
		copy(frame, to.mac)
	}
	return frame, err
}

// errNoEthernet says that an interface has no neighbours to tell.
var errNoEthernet = errors.New("the interface has no Ethernet address")

var broadcast = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// gratuitousARP is an ARP request for the sender's own address (RFC 9568
// section 8.1.2 with errata 7947 and 7949). The target hardware address is
// broadcast, where the RFC has the sender's again: a request's receiver does
// not look at it, and keepalived's neighbours are used to it.
func gratuitousARP(mac net.HardwareAddr, ip netip.Addr) ([]byte, error) {
	p, err := arp.NewPacket(arp.OperationRequest, mac, ip, broadcast, ip)
	if err != nil {
		return nil, err
	}
	b, err := p.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return append(ethernet(broadcast, mac, unix.ETH_P_ARP), b...), nil
}

// neighborAdvertisement is an unsolicited one (RFC 9568 section 8.2.2, RFC
// 4861 section 4.4) from the address itself to all nodes. The router flag says
// what the kernel says when it is asked, rather than always: a host that hears
// it change drops its default route through us (RFC 4861 section 7.2.5).
func neighborAdvertisement(mac net.HardwareAddr, ip netip.Addr, router bool) ([]byte, error) {
	return advertiseTo(mac, ip, router, neighbor{netip.IPv6LinkLocalAllNodes(), net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}})
}

// advertiseTo is a neighbour advertisement to one neighbour, or to a group.
func advertiseTo(mac net.HardwareAddr, ip netip.Addr, router bool, to neighbor) ([]byte, error) {
	message, err := ndp.MarshalMessageChecksum(&ndp.NeighborAdvertisement{
		Router:        router,
		Override:      true,
		TargetAddress: ip,
		Options:       []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Target, Addr: mac}},
	}, ip, to.ip)
	if err != nil {
		return nil, err
	}
	b := ethernet(to.mac, mac, unix.ETH_P_IPV6)
	b = append(b, 6<<4, 0, 0, 0) // version; no traffic class, no flow label
	b = binary.BigEndian.AppendUint16(b, uint16(len(message)))
	b = append(b, unix.IPPROTO_ICMPV6, 255) // RFC 4861 section 7.1.2: the hop limit is 255.
	b = append(b, ip.AsSlice()...)
	b = append(b, to.ip.AsSlice()...)
	return append(b, message...), nil
}

// ethernet is a frame's header: 6 bytes each of destination and source, and 2
// of type.
func ethernet(dst, src net.HardwareAddr, kind uint16) []byte {
	b := make([]byte, 0, 128)
	b = append(b, dst...)
	b = append(b, src...)
	return binary.BigEndian.AppendUint16(b, kind)
}

// forwardsIPv6 says whether the interface is a router's.
func forwardsIPv6(name string) bool {
	b, err := os.ReadFile("/proc/sys/net/ipv6/conf/" + name + "/forwarding")
	return err == nil && len(b) > 0 && !bytes.HasPrefix(b, []byte("0"))
}
