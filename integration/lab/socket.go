package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Socket makes a socket in the namespace, as socket(2) does, closed on exec.
func (h *Host) Socket(family, kind, protocol int) (fd int, err error) {
	err = h.Do(func() error {
		fd, err = unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
		return err
	})
	if err != nil {
		return -1, fmt.Errorf("open a socket in %s: %w", h.Name, err)
	}
	return fd, nil
}

// Listen listens in the namespace. Only the creation of the socket needs it;
// the listener works from any goroutine.
func (h *Host) Listen(ctx context.Context, network, address string) (l net.Listener, err error) {
	err = h.Do(func() error {
		l, err = new(net.ListenConfig).Listen(ctx, network, address)
		return err
	})
	return l, err
}

// ListenPacket opens a packet-oriented socket in the namespace.
func (h *Host) ListenPacket(ctx context.Context, network, address string) (c net.PacketConn, err error) {
	err = h.Do(func() error {
		c, err = new(net.ListenConfig).ListenPacket(ctx, network, address)
		return err
	})
	return c, err
}

// DialTCP connects from the namespace; the zero local address leaves the
// choice to the kernel. The wait for the peer blocks no thread, which net.Dialer
// would: hundreds of connections may wait through an outage.
func (h *Host) DialTCP(ctx context.Context, local, remote netip.AddrPort) (*net.TCPConn, error) {
	conn, err := h.dialTCP(ctx, local, remote)
	if err != nil {
		return nil, fmt.Errorf("dial %s from %s: %w", remote, h.Name, err)
	}
	return conn, nil
}

func (h *Host) dialTCP(ctx context.Context, local, remote netip.AddrPort) (*net.TCPConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	family := unix.AF_INET
	if remote.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := h.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, unix.IPPROTO_TCP)
	if err != nil {
		return nil, err
	}
	if local.IsValid() {
		if err := unix.Bind(fd, sockaddr(local)); err != nil {
			return nil, errors.Join(fmt.Errorf("bind to %s: %w", local, err), unix.Close(fd))
		}
	}
	err = unix.Connect(fd, sockaddr(remote))
	// From here the runtime's poller watches the socket.
	f := os.NewFile(uintptr(fd), "tcp "+remote.String())
	defer f.Close() // FileConn works on a duplicate.
	if err == unix.EINPROGRESS {
		err = finishConnect(ctx, f)
	}
	if err != nil {
		return nil, err
	}
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// finishConnect waits until a connection under way stands or has failed.
func finishConnect(ctx context.Context, f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	var result error
	err = raw.Write(func(fd uintptr) (done bool) {
		errno, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			result = err
		case errno != 0:
			result = unix.Errno(errno)
		default:
			// No error may mean "not yet"; only a peer's name means "yes".
			_, err := unix.Getpeername(int(fd))
			return err == nil
		}
		return true
	})
	if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return ctx.Err()
	}
	return errors.Join(err, result)
}

// sockaddr converts an address for the system calls.
func sockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
}
