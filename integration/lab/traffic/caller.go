package traffic

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Tale is what a Teller said.
type Tale struct {
	Server string
	Client netip.AddrPort // As the server sees it.
}

// Caller is a client's socket that is connected to a service. A connected
// socket hears nobody but the address it has called, so that an answer proves
// that replies carry the virtual address.
type Caller struct {
	Local, Remote netip.AddrPort
	fd            int
	patience      time.Duration
}

// Call connects to a Teller through a service, from an address of the client
// and a port that the kernel chooses where it is 0. Nothing waits longer than
// patience.
func Call(from Sockets, p Protocol, local, remote netip.AddrPort, patience time.Duration) (*Caller, error) {
	fd, err := socket(from, p, local)
	if err != nil {
		return nil, err
	}
	c := &Caller{Remote: remote, fd: fd, patience: patience}
	if err = unix.Connect(fd, sockaddr(remote)); err == unix.EINPROGRESS {
		err = c.finishConnect()
	}
	var name unix.Sockaddr
	if err == nil {
		name, err = unix.Getsockname(fd)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("call %s %s from %s: %w", remote, p, local.Addr(), err)
	}
	c.Local = addrPort(name)
	return c, nil
}

func (c *Caller) finishConnect() error {
	if err := c.wait(unix.POLLOUT); err != nil {
		return err
	}
	errno, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	return err
}

// wait waits until the socket is ready.
func (c *Caller) wait(events int16) error {
	end := time.Now().Add(c.patience)
	for left := c.patience; left > 0; left = time.Until(end) {
		fds := []unix.PollFd{{Fd: int32(c.fd), Events: events}}
		n, err := unix.Poll(fds, int(left/time.Millisecond)+1)
		if err != unix.EINTR && (n > 0 || err != nil) {
			return err
		}
	}
	return os.ErrDeadlineExceeded
}

// Ask says something and returns the answer.
func (c *Caller) Ask(words string) (t Tale, err error) {
	if _, err := unix.Write(c.fd, []byte(words)); err != nil {
		return t, fmt.Errorf("talk to %s: %w", c.Remote, err)
	}
	var b [128]byte
	err = c.wait(unix.POLLIN)
	n := 0
	if err == nil {
		n, err = unix.Read(c.fd, b[:])
	}
	if err != nil {
		return t, fmt.Errorf("hear %s: %w", c.Remote, err)
	}
	server, client, ok := strings.Cut(string(b[:n]), " ")
	if t.Server = server; !ok {
		return t, fmt.Errorf("hear %s: %q: %w", c.Remote, b[:n], errGarbled)
	}
	t.Client, err = netip.ParseAddrPort(client)
	return t, err
}

// Close ends the connection.
func (c *Caller) Close() { _ = unix.Close(c.fd) }
