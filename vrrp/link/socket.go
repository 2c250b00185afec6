package link

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// The protocols of adverts in the IP header (RFC 9568 section 5.1.1.4, RFC 4302).
const (
	protocol   = advert.Protocol
	protocolAH = unix.IPPROTO_AH
)

// receiveBuffer holds more than a second of adverts of 255 instances at
// 10 ms, so that a pause of the process loses none.
const receiveBuffer = 16 << 20

// socket is a raw socket bound to one interface. IP headers are ours when it
// sends, so that a sender may use any source address, one it has just lost for
// example. When it hears, IPv4 shows the header and IPv6 tells what was in it
// (ancillary data).
type socket struct {
	ear
	index  int          // of the interface it is bound to
	groups []netip.Addr // that it has joined
	file   *os.File
	raw    syscall.RawConn
}

// openSocket opens what an ear names on the interface with the given index.
func openSocket(e ear, index int) (*socket, error) {
	domain, proto := unix.AF_INET, protocol
	switch e.kind {
	case inAH:
		proto = protocolAH
	case overIPv6:
		domain = unix.AF_INET6
	case forFrames:
		// Protocol 0: it sends whatever the frame says and is never handed one.
		domain, proto = unix.AF_PACKET, 0
	}
	fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	// The file waits for a non-blocking descriptor as any connection does.
	s := &socket{ear: e, index: index, file: os.NewFile(uintptr(fd), "adverts of "+e.dev)}
	if err := s.setOptions(fd); err != nil {
		s.close()
		return nil, err
	}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		s.close()
		return nil, err
	}
	drain(fd)
	return s, nil
}

func (s *socket) close() { s.file.Close() }

// setOptions sets up a socket of any kind.
func (s *socket) setOptions(fd int) error {
	set := func(level, option, value int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, option, value))
	}
	// In front of bulk traffic in the device's queue (TC_PRIO_CONTROL).
	err := set(unix.SOL_SOCKET, unix.SO_PRIORITY, 7)
	if s.kind == forFrames {
		return err
	}
	err = errors.Join(err,
		// By index, not by name: a rename between look-up and bind is harmless.
		set(unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, s.index),
		set(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
	)
	// Past net.core.rmem_max where we may, else as far as it allows.
	if set(unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = set(unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	switch s.kind {
	case overIPv4, inAH:
		here := unix.IPMreqn{Ifindex: int32(s.index)}
		err = errors.Join(err,
			set(unix.IPPROTO_IP, unix.IP_HDRINCL, 1),
			set(unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0),
			// Only groups joined on this socket, not those of other programs.
			set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0),
			os.NewSyscallError("setsockopt", unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &here)))
	case overIPv6:
		_ = set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0) // since Linux 4.20
		err = errors.Join(err,
			// The checksum is ours: where it may not be right, as in an advert
			// to test a peer with, and to count those that are not when heard.
			set(unix.IPPROTO_IPV6, unix.IPV6_CHECKSUM, -1),
			set(unix.IPPROTO_IPV6, unix.IPV6_HDRINCL, 1),
			set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0),
			set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, s.index),
			set(unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1),
			set(unix.IPPROTO_IPV6, unix.IPV6_RECVHOPLIMIT, 1))
	}
	if s.kind == inAH {
		err = errors.Join(err, onlyVRRP(fd))
	}
	return err
}

// onlyVRRP lets no other AH through than that around VRRP, of which IPsec
// between hosts can have a lot. A raw socket's filter sees the IP header first.
func onlyVRRP(fd int) error {
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadMemShift{Off: 0}, // the length of the IP header
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocol, SkipFalse: 1},
		bpf.RetConstant{Val: 1 << 16},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return err
	}
	return setFilter(fd, program)
}

// setFilter attaches a classic BPF program (socket(7), SO_ATTACH_FILTER).
func setFilter(fd int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, in := range program {
		code[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
	return os.NewSyscallError("attach a filter", err)
}

// drain throws away what arrived before the socket was bound: a raw socket
// hears every interface from its creation on.
func drain(fd int) {
	var b [1]byte
	for {
		if _, _, err := unix.Recvfrom(fd, b[:], unix.MSG_DONTWAIT); err != nil {
			return
		}
	}
}

// join makes the socket a member of these groups and no others.
func (s *socket) join(groups []netip.Addr) error {
	var errs []error
	err := s.raw.Control(func(fd uintptr) {
		for _, g := range s.groups {
			if !slices.Contains(groups, g) {
				_ = s.member(int(fd), g, false)
			}
		}
		joined := make([]netip.Addr, 0, len(groups))
		for _, g := range groups {
			if !slices.Contains(s.groups, g) {
				if err := s.member(int(fd), g, true); err != nil {
					errs = append(errs, fmt.Errorf("join %s: %w", g, err))
					continue
				}
			}
			joined = append(joined, g)
		}
		s.groups = joined
	})
	return errors.Join(append(errs, err)...)
}

// member joins or leaves a group.
func (s *socket) member(fd int, group netip.Addr, in bool) error {
	if group.Is4() {
		option := unix.IP_ADD_MEMBERSHIP
		if !in {
			option = unix.IP_DROP_MEMBERSHIP
		}
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, option, &unix.IPMreqn{Multiaddr: group.As4(), Ifindex: int32(s.index)})
	}
	option := unix.IPV6_ADD_MEMBERSHIP
	if !in {
		option = unix.IPV6_DROP_MEMBERSHIP
	}
	return unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, option, &unix.IPv6Mreq{Multiaddr: group.As16(), Interface: uint32(s.index)})
}
