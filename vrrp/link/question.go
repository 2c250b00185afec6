package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"github.com/mdlayher/arp"
	"golang.org/x/net/bpf"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// question is what is asked on an interface so that somebody there says a word.
type question struct {
	mac net.HardwareAddr
	// ip and ip6 are the interface's own addresses; zero: it has none yet.
	ip, ip6 netip.Addr
	// known are asked from the own address: gateways, peers, neighbours.
	known []netip.Addr
	// virtual are asked from no address, as who wants one asks whether it is
	// taken (RFC 5227 section 2.1.1): a question that changes nobody's memory.
	virtual []netip.Addr
}

// maxAsked bounds the questions of a kind, each second.
const maxAsked = 16

// frames are the Ethernet frames of the question.
func (q question) frames() (list [][]byte) {
	ask := func(from netip.Addr, targets []netip.Addr) {
		for i, ip := range targets {
			if i == maxAsked {
				break
			}
			p, err := arp.NewPacket(arp.OperationRequest, q.mac, from, make(net.HardwareAddr, 6), ip)
			if err != nil {
				continue // IPv6
			}
			if b, err := p.MarshalBinary(); err == nil {
				list = append(list, append(ethernet(broadcast, q.mac, unix.ETH_P_ARP), b...))
			}
		}
	}
	none := netip.IPv4Unspecified()
	if q.ip.IsValid() {
		ask(q.ip, q.known)
	} else {
		ask(none, q.known)
	}
	ask(none, q.virtual)
	if q.ip6.IsValid() {
		list = append(list, q.echo())
	}
	return list
}

// echo asks all IPv6 nodes of the link (RFC 4443 section 4.1). Not a query for
// groups (MLD): whoever sends those from a low address becomes the link's
// querier.
func (q question) echo() []byte {
	all := netip.IPv6LinkLocalAllNodes()
	m := icmp.Message{Type: ipv6.ICMPTypeEchoRequest, Body: &icmp.Echo{ID: protocol, Seq: 1}}
	b, err := m.Marshal(icmp.IPv6PseudoHeader(q.ip6.AsSlice(), all.AsSlice()))
	if err != nil {
		panic(err) // The message is always the same.
	}
	frame := ethernet(net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, q.mac, unix.ETH_P_IPV6)
	frame = append(frame, ipv6.Version<<4, 0, 0, 0)
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(b)))
	frame = append(frame, unix.IPPROTO_ICMPV6, 1) // nobody forwards it
	frame = append(frame, q.ip6.AsSlice()...)
	frame = append(frame, all.AsSlice()...)
	return append(frame, b...)
}

// typeLoop is what switches send to themselves to find loops (the Ethernet
// configuration testing protocol), whatever state the port is in.
const typeLoop = 0x9000

// overheard says what a frame is and of whom, if it is a sign that the link
// forwards: not our own that came back, and nothing that a switch says by
// itself on a port that does not forward. Those go to 01:80:c2:00:00:0X (IEEE
// 802.1D reserved addresses: spanning tree, LLDP, LACP) and 01:00:0c:X:X:X
// (Cisco's).
func overheard(frame []byte, own net.HardwareAddr) (what string, ok bool) {
	if len(frame) < 14 {
		return "", false
	}
	dst, src, kind := frame[:6], net.HardwareAddr(frame[6:12]), binary.BigEndian.Uint16(frame[12:])
	reserved := bytes.HasPrefix(dst, []byte{0x01, 0x80, 0xc2, 0, 0}) && dst[5] < 0x10
	if bytes.Equal(src, own) || reserved || bytes.HasPrefix(dst, []byte{0x01, 0x00, 0x0c}) || kind == typeLoop {
		return "", false
	}
	body := frame[14:]
	switch {
	case kind == unix.ETH_P_ARP:
		var p arp.Packet
		if p.UnmarshalBinary(body) == nil {
			verb := "ARP request"
			if p.Operation == arp.OperationReply {
				verb = "ARP reply"
			}
			return fmt.Sprintf("%s of %s", verb, p.SenderIP), true
		}
	case kind == unix.ETH_P_IP && len(body) >= ipv4.HeaderLen:
		return fmt.Sprintf("%s of %s", named(body[9], "IPv4"), netip.AddrFrom4([4]byte(body[12:16]))), true
	case kind == unix.ETH_P_IPV6 && len(body) >= ipv6.HeaderLen:
		return fmt.Sprintf("%s of %s", named(body[6], "IPv6"), netip.AddrFrom16([16]byte(body[8:24]))), true
	}
	return fmt.Sprintf("frame of %s", src), true
}

func named(proto byte, family string) string {
	if proto == protocol {
		return "advert"
	}
	return family + " packet"
}

// overhear is the filter of a socket for overheard: it leaves out in the kernel
// what we send, and what is most likely on a port that does not forward.
func overhear() ([]bpf.RawInstruction, error) {
	const enough = 128 // bytes of a frame
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING, SkipTrue: 3},
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x0180c200, SkipTrue: 2},
		bpf.RetConstant{Val: enough},
		bpf.RetConstant{Val: 0},
		bpf.LoadAbsolute{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: 0x10, SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: enough},
	})
}
