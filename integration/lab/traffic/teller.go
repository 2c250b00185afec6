package traffic

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Protocol is a transport that IPVS balances.
type Protocol int

// The transports. SCTP is used like TCP: RFC 6458 section 4, one to one.
const (
	TCP Protocol = iota
	UDP
	SCTP
)

// String returns the name as a configuration and the kernel's tables have it.
func (p Protocol) String() string {
	names := [...]string{"TCP", "UDP", "SCTP"}
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("protocol %d", int(p))
	}
	return names[p]
}

// Sockets makes sockets where the traffic lives: a *lab.Host does.
type Sockets interface {
	Socket(family, kind, protocol int) (fd int, err error)
}

// socket makes one for a transport, bound to an address, that never blocks.
func socket(in Sockets, p Protocol, local netip.AddrPort) (fd int, err error) {
	family, kind := unix.AF_INET, unix.SOCK_STREAM
	if local.Addr().Is6() {
		family = unix.AF_INET6
	}
	if p == UDP {
		kind = unix.SOCK_DGRAM
	}
	number := [...]int{unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_SCTP}[p]
	if fd, err = in.Socket(family, kind|unix.SOCK_NONBLOCK, number); err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, sockaddr(local)); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("bind to %s %s: %w", local, p, err)
	}
	return fd, nil
}

// sockaddr converts an address for the system calls.
func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// Teller answers whatever it is told with its name and the address of the
// client as it sees it. It hears at any number of addresses; Hear and Close are
// one caller's.
type Teller struct {
	Name string
	In   Sockets
	Loop *Loop

	open map[int]bool // Its sockets, and its clients'. Owned by the loop.
}

// Hear makes it answer at an address, which must be that to which clients
// talk: its own for NAT, the VIP for DR and TUN.
func (t *Teller) Hear(p Protocol, at netip.AddrPort) error {
	fd, err := socket(t.In, p, at)
	if err != nil {
		return err
	}
	var h handler = &tellDatagrams{t.Name, fd}
	if p != UDP {
		h = &tellCallers{t, fd}
		err = unix.Listen(fd, 64)
	}
	if err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("listen at %s %s: %w", at, p, err)
	}
	t.Loop.do(func() { err = t.add(fd, h) })
	return err
}

func (t *Teller) add(fd int, h handler) error {
	if err := t.Loop.add(fd, h); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if t.open == nil {
		t.open = make(map[int]bool)
	}
	t.open[fd] = true
	return nil
}

// Close closes all of its sockets: an open one keeps its namespace.
func (t *Teller) Close() {
	t.Loop.do(func() {
		for fd := range t.open {
			t.Loop.drop(fd)
		}
		t.open = nil
	})
}

// tellCallers accepts connections of TCP or SCTP.
type tellCallers struct {
	*Teller
	fd int
}

func (t *tellCallers) readable(time.Time) {
	fd, from, err := unix.Accept4(t.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return // The client has gone again.
	}
	_ = t.add(fd, &tellCaller{t.Teller, fd, addrPort(from)}) // Where it fails, the client is told in vain.
}

// tellCaller is one of them. What a client says is less than any packet.
type tellCaller struct {
	*Teller
	fd   int
	from netip.AddrPort
}

func (t *tellCaller) readable(time.Time) {
	var b [1024]byte
	n, err := unix.Read(t.fd, b[:])
	if err == unix.EAGAIN {
		return
	}
	if err == nil && n > 0 {
		_, err = unix.Write(t.fd, tale(t.Name, t.from))
	}
	if err != nil || n == 0 {
		delete(t.open, t.fd)
		t.Loop.drop(t.fd)
	}
}

// tellDatagrams answers those of UDP.
type tellDatagrams struct {
	name string
	fd   int
}

func (t *tellDatagrams) readable(time.Time) {
	var b [1024]byte
	_, from, err := unix.Recvfrom(t.fd, b[:], 0)
	if err == nil {
		_ = unix.Sendto(t.fd, tale(t.name, addrPort(from)), unix.MSG_DONTWAIT, from)
	}
}

// tale is what a Teller says.
func tale(name string, client netip.AddrPort) []byte {
	return fmt.Appendf(nil, "%s %s", name, client)
}
