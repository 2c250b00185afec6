package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// protocol is VRRP's number in the IP header (RFC 9568 section 5.1.1.4).
const protocol = 112

// group is where multicast adverts go (RFC 9568 section 5.1.1.2).
var group = netip.AddrFrom4([4]byte{224, 0, 0, 18})

const (
	// receiveBuffer holds more than a second of adverts of 255 instances at
	// 10 ms, so that a pause of the process loses none.
	receiveBuffer = 16 << 20
	// batchSize is how many frames are read per system call.
	batchSize = 32
	// frameSize is more than the largest advert: 20 bytes of IP header without
	// options, 8 of VRRP, 255 addresses, and a trailer.
	frameSize = 2048
)

// socket is a raw socket of protocol 112 bound to one interface. It sends and
// hears; IP headers are ours in both directions, so that a sender may use any
// source address and the receiver sees TTL and destination.
type socket struct {
	index     int // of the interface it is bound to
	multicast bool
	conn      *net.IPConn
	raw       syscall.RawConn
}

// openSocket binds a socket to the interface with the given index, and joins
// the multicast group there if asked.
func openSocket(ctx context.Context, index int, multicast bool) (*socket, error) {
	var optErr error
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		err := raw.Control(func(fd uintptr) { optErr = setOptions(int(fd), index, multicast) })
		return errors.Join(err, optErr)
	}}
	c, err := config.ListenPacket(ctx, fmt.Sprintf("ip4:%d", protocol), "0.0.0.0")
	if err != nil {
		return nil, err
	}
	conn := c.(*net.IPConn)
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &socket{index: index, multicast: multicast, conn: conn, raw: raw}
	s.drain()
	return s, nil
}

func setOptions(fd, index int, multicast bool) error {
	set := func(level, option, value int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, value))
	}
	here := unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(index)}
	err := errors.Join(
		// By index, not by name: a rename between look-up and bind is harmless.
		set(unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, index),
		set(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		// In front of bulk traffic in the device's queue (TC_PRIO_CONTROL).
		set(unix.SOL_SOCKET, unix.SO_PRIORITY, 7),
		set(unix.IPPROTO_IP, unix.IP_HDRINCL, 1),
		set(unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0),
		// Only groups joined on this socket, not those of other programs.
		set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0),
		os.NewSyscallError("setsockopt", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &here)),
	)
	if err == nil && multicast {
		err = os.NewSyscallError("join 224.0.0.18",
			unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &here))
	}
	// Past net.core.rmem_max where we may, else as far as it allows.
	if set(unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = set(unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	return err
}

// drain throws away what arrived before the socket was bound: a raw socket
// hears every interface from its creation on.
func (s *socket) drain() {
	var b [1]byte
	_ = s.raw.Control(func(fd uintptr) {
		for {
			if _, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_DONTWAIT); err != nil {
				return
			}
		}
	})
}

func (s *socket) close() { s.conn.Close() }

// send transmits one message and never waits: a full queue is an error.
func (s *socket) send(out vrrp.Outgoing) error {
	if !out.Src.Is4() || !out.Dst.Is4() {
		return fmt.Errorf("adverts from %s to %s: only IPv4 is spoken", out.Src, out.Dst)
	}
	packet := appendIPv4(make([]byte, 0, ipv4.HeaderLen+len(out.Payload)), out.Src, out.Dst, out.Payload)
	var err error
	if ctl := s.raw.Control(func(fd uintptr) {
		err = unix.Sendto(int(fd), packet, unix.MSG_DONTWAIT, &unix.SockaddrInet4{Addr: out.Dst.As4()})
	}); ctl != nil {
		return ctl
	}
	return os.NewSyscallError("sendto", err)
}

// receive hands every frame to deliver until the socket is closed or fails.
func (s *socket) receive(iface string, deliver func(vrrp.Frame)) error {
	conn := ipv4.NewPacketConn(s.conn)
	batch := make([]ipv4.Message, batchSize)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, frameSize)}
		batch[i].OOB = make([]byte, unix.CmsgSpace(int(timespecSize)))
	}
	for {
		n, err := conn.ReadBatch(batch, 0)
		if err != nil {
			return err
		}
		now := time.Now()
		for _, m := range batch[:n] {
			src, dst, ttl, payload, ok := parseIPv4(m.Buffers[0][:m.N])
			if !ok {
				continue
			}
			deliver(vrrp.Frame{
				Interface: iface, Src: src, Dst: dst, TTL: ttl,
				Payload: append([]byte(nil), payload...),
				At:      arrival(now, m.OOB[:m.NN]),
			})
		}
	}
}
