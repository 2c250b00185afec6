package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/mdlayher/arp"
	"github.com/mdlayher/ndp"
	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// announcer tells the neighbours where an address is now. It keeps one packet
// socket per interface open, which hears nothing. One goroutine uses it.
//
// arp.Client is not used: its Dial leaks the socket when it fails, and it
// fails on an interface without an IPv4 address. Only its codec is.
type announcer struct {
	conns map[int]*packet.Conn // by interface index
}

func newAnnouncer() *announcer {
	return &announcer{conns: make(map[int]*packet.Conn)}
}

func (a *announcer) close() {
	for index := range a.conns {
		a.drop(index)
	}
}

func (a *announcer) drop(index int) {
	if c, ok := a.conns[index]; ok {
		c.Close()
		delete(a.conns, index)
	}
}

// patience is how long a full device queue may hold up one announcement.
const patience = 20 * time.Millisecond

// send announces one address on an interface.
func (a *announcer) send(dev device, ip netip.Addr) error {
	frame, err := announcement(dev, ip)
	if err != nil {
		return err
	}
	c, ok := a.conns[dev.index]
	if !ok {
		// Protocol 0: the socket sends whatever the frame says and is never
		// handed a frame.
		c, err = packet.Listen(&net.Interface{Index: dev.index, HardwareAddr: dev.mac}, packet.Raw, 0, nil)
		if err != nil {
			return fmt.Errorf("open a packet socket on %s: %w", dev.name, err)
		}
		a.conns[dev.index] = c
	}
	if err := c.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.WriteTo(frame, &packet.Addr{HardwareAddr: net.HardwareAddr(frame[:6])}); err != nil {
		if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, unix.ENOBUFS) {
			a.drop(dev.index)
		}
		return fmt.Errorf("announce %s on %s: %w", ip, dev.name, err)
	}
	return nil
}

// announcement is the Ethernet frame that announces an address: gratuitous
// ARP, or an unsolicited neighbour advertisement.
func announcement(dev device, ip netip.Addr) ([]byte, error) {
	if dev.mac == nil {
		return nil, errNoEthernet
	}
	if ip.Is4() {
		return gratuitousARP(dev.mac, ip)
	}
	return neighborAdvertisement(dev.mac, ip, forwardsIPv6(dev.name))
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
	allNodes := netip.IPv6LinkLocalAllNodes()
	message, err := ndp.MarshalMessageChecksum(&ndp.NeighborAdvertisement{
		Router:        router,
		Override:      true,
		TargetAddress: ip,
		Options:       []ndp.Option{&ndp.LinkLayerAddress{Direction: ndp.Target, Addr: mac}},
	}, ip, allNodes)
	if err != nil {
		return nil, err
	}
	b := ethernet(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, mac, unix.ETH_P_IPV6)
	b = append(b, 6<<4, 0, 0, 0) // version; no traffic class, no flow label
	b = binary.BigEndian.AppendUint16(b, uint16(len(message)))
	b = append(b, unix.IPPROTO_ICMPV6, 255) // RFC 4861 section 7.1.2: the hop limit is 255.
	b = append(b, ip.AsSlice()...)
	b = append(b, allNodes.AsSlice()...)
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
