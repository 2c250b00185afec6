package wire

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// errNoPort says that all ports of a range are taken.
var errNoPort = errors.New("no source port is free from 49152 to 65535")

// family tells IPv4 from IPv6.
func family(a netip.Addr) string {
	if a.Is4() {
		return "udp4"
	}
	return "udp6"
}

// sender is the socket that a session sends from: no two share a port (RFC 5881
// section 4).
type sender struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	to   unix.Sockaddr
}

// Ports that a session may send from (RFC 5881 section 4).
const (
	firstPort = 49152
	ports     = 65536 - firstPort
)

// newSender opens the socket of a session.
func newSender(c bfd.Config) (*sender, error) {
	conn, err := listenHigh(c)
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, err
	}
	s := &sender{conn: conn, raw: raw, to: sockaddr(c)}
	if err := s.configure(c); err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

// listenHigh binds to a port of the range that is free, beginning anywhere.
func listenHigh(c bfd.Config) (*net.UDPConn, error) {
	var at netip.Addr
	if at = c.Source; !at.IsValid() {
		at = netip.IPv6Unspecified()
		if c.Neighbor.Is4() {
			at = netip.IPv4Unspecified()
		}
	}
	begin := rand.IntN(ports)
	for i := range ports {
		port := uint16(firstPort + (begin+i)%ports)
		conn, err := net.ListenUDP(family(c.Neighbor), net.UDPAddrFromAddrPort(netip.AddrPortFrom(at, port)))
		if !errors.Is(err, unix.EADDRINUSE) {
			return conn, err
		}
	}
	return nil, errNoPort
}

// precedence is the traffic class of routing protocols (RFC 791 internetwork
// control, DSCP CS6).
const precedence = 0xc0

// configure sets the TTL and the traffic class.
func (s *sender) configure(c bfd.Config) error {
	level, ttl, class := unix.IPPROTO_IP, unix.IP_TTL, unix.IP_TOS
	if c.Neighbor.Is6() {
		level, ttl, class = unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, unix.IPV6_TCLASS
	}
	var failed error
	err := s.raw.Control(func(fd uintptr) {
		failed = errors.Join(
			os.NewSyscallError("setsockopt TTL", unix.SetsockoptInt(int(fd), level, ttl, c.HopLimit())),
			os.NewSyscallError("setsockopt traffic class", unix.SetsockoptInt(int(fd), level, class, precedence)),
		)
	})
	return errors.Join(err, failed)
}

func sockaddr(c bfd.Config) unix.Sockaddr {
	if c.Neighbor.Is4() {
		return &unix.SockaddrInet4{Port: int(c.Port()), Addr: c.Neighbor.As4()}
	}
	sa := &unix.SockaddrInet6{Port: int(c.Port()), Addr: c.Neighbor.As16()}
	if zone := c.Neighbor.Zone(); zone != "" {
		if dev, err := net.InterfaceByName(zone); err == nil {
			sa.ZoneId = uint32(dev.Index)
		}
	}
	return sa
}

// send sends a packet, or says why not, and never waits.
func (s *sender) send(b []byte) error {
	var failed error
	err := s.raw.Write(func(fd uintptr) bool {
		failed = unix.Sendto(int(fd), b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, s.to)
		return true
	})
	return errors.Join(err, os.NewSyscallError("sendto", failed))
}

func (s *sender) close() { s.conn.Close() }
