package link

import (
	"net"
	"testing"

	"github.com/mdlayher/packet"
	"golang.org/x/sys/unix"
)

// listen returns all frames of one EtherType that arrive at the far end.
func (p *pair) listen(t testing.TB, kind int) <-chan []byte {
	t.Helper()
	var conn *packet.Conn
	p.over(t, func() { conn = listenOn(t, p.far, kind) })
	return follow(t, conn)
}

// listenNear returns those that arrive at our end.
func (p *pair) listenNear(t testing.TB, kind int) <-chan []byte {
	t.Helper()
	return follow(t, listenOn(t, p.near, kind))
}

func listenOn(t testing.TB, dev string, kind int) *packet.Conn {
	t.Helper()
	ifi, err := net.InterfaceByName(dev)
	must(t, err)
	conn, err := packet.Listen(ifi, packet.Raw, kind, nil)
	must(t, err)
	return conn
}

// follow returns what a socket receives until the test ends.
func follow(t testing.TB, conn *packet.Conn) <-chan []byte {
	frames := make(chan []byte, 65536)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, _, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			frames <- append([]byte(nil), b[:n]...)
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return frames
}

// inject sends a frame from the far end.
func (p *pair) inject(t testing.TB, frame []byte) {
	t.Helper()
	p.over(t, func() {
		ifi, err := net.InterfaceByName(p.far)
		if err != nil {
			t.Error(err)
			return
		}
		conn, err := packet.Listen(ifi, packet.Raw, 0, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if _, err := conn.WriteTo(frame, &packet.Addr{HardwareAddr: net.HardwareAddr(frame[:6])}); err != nil {
			t.Error(err)
		}
	})
}

// isAdvert says whether an Ethernet frame carries IPv4 protocol 112.
func isAdvert(f []byte) bool { return len(f) > 34 && f[14]>>4 == 4 && f[23] == protocol }

const (
	typeIPv4 = unix.ETH_P_IP
	typeARP  = unix.ETH_P_ARP
	typeIPv6 = unix.ETH_P_IPV6
)
