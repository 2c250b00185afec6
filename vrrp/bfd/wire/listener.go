package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// datagram is what came, as far as a session needs to know.
type datagram struct {
	from, to netip.Addr // to: zero where the kernel does not say
	port     uint16     // it came to
	ttl      int
	payload  []byte
}

// ear is what one socket hears: a family and a port.
type ear struct {
	family string
	port   uint16
}

// listener hears for all sessions of a family and port.
type listener struct {
	ear
	conn   *net.UDPConn // nil: it could not be opened
	said   string       // in the log: why
	known  func(netip.Addr) bool
	done   chan struct{}
	reader sync.WaitGroup
}

// listen opens and closes listeners as the sessions need them. What is missing is
// opened by openAll.
func (l *loop) listen() {
	need, neighbors := make(map[ear]bool), make(map[netip.Addr]bool)
	for _, s := range l.sessions {
		e := ear{family(s.Config().Neighbor), s.Config().Port()}
		need[e], neighbors[s.Config().Neighbor] = true, true
		if l.ears[e] == nil {
			l.ears[e] = &listener{ear: e, known: l.known, done: make(chan struct{})}
		}
	}
	l.neighbors.Store(&neighbors)
	for e, li := range l.ears {
		if !need[e] {
			li.close()
			delete(l.ears, e)
		}
	}
}

// known tells whether somebody is the neighbor of a session, and counts what is
// dropped because he is not. Readers call it.
func (w *Wire) known(from netip.Addr) bool {
	if all := w.neighbors.Load(); all != nil && (*all)[from] {
		return true
	}
	w.drops[bfd.NoSession].Add(1)
	return false
}

// open begins to listen.
func (li *listener) open(to chan<- datagram) error {
	conn, err := net.ListenUDP(li.family, &net.UDPAddr{Port: int(li.port)})
	if err != nil {
		return err
	}
	read, err := li.prepare(conn)
	if err != nil {
		conn.Close()
		return err
	}
	li.conn = conn
	li.reader.Go(func() { li.read(read, to) })
	return nil
}

// reading reads one packet with its TTL and where it was sent to.
type reading func(b []byte) (n, ttl int, from net.Addr, to net.IP, err error)

// prepare asks the kernel for the TTL of each packet.
func (li *listener) prepare(conn *net.UDPConn) (reading, error) {
	if li.family == "udp4" {
		p := ipv4.NewPacketConn(conn)
		if err := p.SetControlMessage(ipv4.FlagTTL|ipv4.FlagDst, true); err != nil {
			return nil, fmt.Errorf("ask for the TTL: %w", err)
		}
		return func(b []byte) (int, int, net.Addr, net.IP, error) {
			n, cm, from, err := p.ReadFrom(b)
			if cm == nil {
				return n, 0, from, nil, err
			}
			return n, cm.TTL, from, cm.Dst, err
		}, nil
	}
	p := ipv6.NewPacketConn(conn)
	if err := p.SetControlMessage(ipv6.FlagHopLimit|ipv6.FlagDst, true); err != nil {
		return nil, fmt.Errorf("ask for the hop limit: %w", err)
	}
	return func(b []byte) (int, int, net.Addr, net.IP, error) {
		n, cm, from, err := p.ReadFrom(b)
		if cm == nil {
			return n, 0, from, nil, err
		}
		return n, cm.HopLimit, from, cm.Dst, err
	}, nil
}

// maxPacket is more than any packet without authentication has.
const maxPacket = 512

// errorPause is how long a reader rests after an error, which may come at once
// again.
const errorPause = 10 * time.Millisecond

// read reads until the socket is closed. What comes from no neighbor goes no
// further: anybody may send it, as fast as they can.
func (li *listener) read(read reading, to chan<- datagram) {
	b := make([]byte, maxPacket)
	for {
		n, ttl, from, dst, err := read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-time.After(errorPause):
				continue
			case <-li.done:
				return
			}
		}
		peer, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		d := datagram{from: peer.AddrPort().Addr().Unmap(), port: li.port, ttl: ttl}
		if !li.known(d.from) {
			continue
		}
		d.payload = bytes.Clone(b[:n])
		if addr, ok := netip.AddrFromSlice(dst); ok {
			d.to = addr.Unmap()
		}
		select {
		case to <- d:
		case <-li.done:
			return
		}
	}
}

func (li *listener) close() {
	close(li.done)
	if li.conn != nil {
		li.conn.Close()
		li.reader.Wait()
	}
}
