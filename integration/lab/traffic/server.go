package traffic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"

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
	// Addresses are its own and, where it holds them itself (DR, TUN), the
	// VIPs. It binds each one: a datagram socket bound to none would answer
	// from the wrong address.
	Addresses []netip.Addr

	open []io.Closer // nil while down.
	done sync.WaitGroup

	mu    sync.Mutex
	conns map[netip.AddrPort]net.Conn // The echo's clients. Guarded by mu.
}

// Up starts to answer, on lab.HTTPPort, lab.EchoPort and UDPPort.
func (s *Server) Up(ctx context.Context) error {
	s.conns = make(map[netip.AddrPort]net.Conn)
	for _, a := range s.Addresses {
		if err := s.listen(ctx, a); err != nil {
			return errors.Join(fmt.Errorf("start server %s on %s: %w", s.Name, a, err), s.Down())
		}
	}
	return nil
}

// Down is the end of the server's process on a host that lives on: listeners
// and connections close, and the kernel refuses what comes after.
func (s *Server) Down() error {
	var errs []error
	for _, c := range s.open {
		errs = append(errs, c.Close())
	}
	s.open = nil
	s.mu.Lock()
	for _, c := range s.conns {
		c.Close()
	}
	s.conns = nil // Who is accepted just now finds the server down.
	s.mu.Unlock()
	s.done.Wait()
	return errors.Join(errs...)
}

// Holds reports whether a client has a connection to the echo here.
func (s *Server) Holds(client netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.conns[client]
	return ok
}

func (s *Server) listen(ctx context.Context, a netip.Addr) error {
	web, err := s.Net.Listen(ctx, "tcp4", netip.AddrPortFrom(a, lab.HTTPPort).String())
	if err != nil {
		return err
	}
	site := &http.Server{Handler: http.HandlerFunc(s.page), ErrorLog: log.New(io.Discard, "", 0)}
	s.open = append(s.open, site)
	s.done.Go(func() { _ = site.Serve(web) }) // Returns when the site is closed.

	echo, err := s.Net.Listen(ctx, "tcp4", netip.AddrPortFrom(a, lab.EchoPort).String())
	if err != nil {
		return err
	}
	s.open = append(s.open, echo)
	s.done.Go(func() { s.accept(echo) })

	datagrams, err := s.Net.ListenPacket(ctx, "udp4", netip.AddrPortFrom(a, UDPPort).String())
	if err != nil {
		return err
	}
	s.open = append(s.open, datagrams)
	s.done.Go(func() { s.reflect(datagrams) })
	return nil
}

// page answers every path, lab.HealthPath among them, with the server's name.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, s.Name)
}

func (s *Server) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.done.Go(func() { s.echo(c) })
	}
}

// echo answers each line with the server's name and the line.
func (s *Server) echo(c net.Conn) {
	defer c.Close()
	tcp, _ := c.RemoteAddr().(*net.TCPAddr)
	client := tcp.AddrPort()
	if !s.enter(client, c) {
		return
	}
	defer s.leave(client)
	lines := bufio.NewReaderSize(c, 64)
	answer := make([]byte, 0, 64)
	for {
		line, err := lines.ReadSlice('\n')
		if err != nil {
			return
		}
		answer = append(append(append(answer[:0], s.Name...), ' '), line...)
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func (s *Server) enter(client netip.AddrPort, c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[client] = c
	return true
}

func (s *Server) leave(client netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, client)
}

// reflect answers each datagram with itself and the server's name.
func (s *Server) reflect(c net.PacketConn) {
	b := make([]byte, 64, 128)
	for {
		n, from, err := c.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = c.WriteTo(append(b[:n], s.Name...), from)
		}
	}
}
