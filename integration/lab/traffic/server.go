package traffic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
)

// UDPPort is where a Server answers datagrams, and the port of the service that
// a Probe asks.
const UDPPort = 7001

// Server is a real server: HTTP, a line echo and a datagram echo, each of which
// tells its name. It may go down and up any number of times; Up and Down are
// one caller's.
type Server struct {
	Name string
	Net  Net
	Loop *Loop
	// Addresses are its own and, where it holds them itself (DR, TUN), the
	// VIPs. It binds each one: a datagram socket bound to none would answer
	// from the wrong address.
	Addresses []netip.Addr

	sockets []int                  // Listeners and datagram sockets.
	clients map[int]netip.AddrPort // Accepted connections. Owned by the loop.
}

// Up starts to answer, on lab.HTTPPort, lab.EchoPort and UDPPort.
func (s *Server) Up(ctx context.Context) error {
	s.clients = make(map[int]netip.AddrPort)
	for _, a := range s.Addresses {
		err := errors.Join(
			s.listen(ctx, netip.AddrPortFrom(a, lab.HTTPPort), page),
			s.listen(ctx, netip.AddrPortFrom(a, lab.EchoPort), echo),
			s.reflect(ctx, netip.AddrPortFrom(a, UDPPort)),
		)
		if err != nil {
			s.Down()
			return fmt.Errorf("start server %s on %s: %w", s.Name, a, err)
		}
	}
	return nil
}

// Down is the end of the server's process on a host that lives on: listeners
// and connections close, and the kernel refuses what comes after.
func (s *Server) Down() {
	s.Loop.do(func() {
		for _, fd := range s.sockets {
			s.Loop.drop(fd)
		}
		for fd := range s.clients {
			s.Loop.drop(fd)
		}
		s.sockets, s.clients = nil, nil
	})
}

// Clients returns the other ends of the server's connections.
func (s *Server) Clients() (clients []netip.AddrPort) {
	s.Loop.do(func() {
		for _, c := range s.clients {
			clients = append(clients, c)
		}
	})
	slices.SortFunc(clients, netip.AddrPort.Compare)
	return clients
}

// answer turns what a client has said so far into an answer, nil where there
// is nothing to say yet, and says whether the connection ends with it.
type answer func(name string, said []byte) (reply []byte, last bool)

// echo answers each line with the server's name and the line.
func echo(name string, said []byte) (reply []byte, last bool) {
	if !bytes.HasSuffix(said, []byte("\n")) {
		return nil, false
	}
	return append([]byte(name+" "), said...), false
}

// page answers a request for anything, lab.HealthPath among it, with the
// server's name.
func page(name string, said []byte) (reply []byte, last bool) {
	if !bytes.Contains(said, []byte("\r\n\r\n")) {
		return nil, false
	}
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s\n",
		len(name)+1, name), true
}

func (s *Server) listen(ctx context.Context, at netip.AddrPort, answer answer) error {
	l, err := s.Net.Listen(ctx, "tcp", at.String())
	if err != nil {
		return err
	}
	fd, err := detach(l.(*net.TCPListener))
	if err != nil {
		return err
	}
	return s.serve(fd, &listener{fd, s, answer})
}

func (s *Server) reflect(ctx context.Context, at netip.AddrPort) error {
	c, err := s.Net.ListenPacket(ctx, "udp", at.String())
	if err != nil {
		return err
	}
	fd, err := detach(c.(*net.UDPConn))
	if err != nil {
		return err
	}
	return s.serve(fd, &mirror{fd, s.Name})
}

func (s *Server) serve(fd int, h handler) (err error) {
	s.Loop.do(func() {
		s.sockets = append(s.sockets, fd)
		err = s.Loop.add(fd, h)
	})
	return err
}

// listener accepts connections.
type listener struct {
	fd     int
	server *Server
	answer answer
}

func (l *listener) readable(time.Time) {
	fd, from, err := unix.Accept4(l.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		return // The client has gone again, or it is told in vain.
	}
	if l.server.Loop.add(fd, &visitor{fd: fd, server: l.server, answer: l.answer}) != nil {
		_ = unix.Close(fd)
		return
	}
	l.server.clients[fd] = addrPort(from)
}

// visitor is an accepted connection.
type visitor struct {
	fd     int
	server *Server
	answer answer
	said   []byte
}

// saidLimit is more than any client of the lab says before an answer.
const saidLimit = 4096

func (v *visitor) readable(time.Time) {
	var b [512]byte
	n, err := unix.Read(v.fd, b[:])
	if err == unix.EAGAIN {
		return
	}
	if v.said = append(v.said, b[:max(n, 0)]...); n <= 0 || len(v.said) > saidLimit {
		v.leave()
		return
	}
	reply, last := v.answer(v.server.Name, v.said)
	if reply == nil {
		return
	}
	v.said = v.said[:0]
	if _, err := unix.Write(v.fd, reply); err != nil || last {
		v.leave()
	}
}

func (v *visitor) leave() {
	delete(v.server.clients, v.fd)
	v.server.Loop.drop(v.fd)
}

// mirror answers each datagram with itself and the server's name.
type mirror struct {
	fd   int
	name string
}

func (m *mirror) readable(time.Time) {
	var b [128]byte
	n, from, err := unix.Recvfrom(m.fd, b[:64], 0)
	if err == nil {
		_ = unix.Sendto(m.fd, append(b[:n], m.name...), unix.MSG_DONTWAIT, from)
	}
}
