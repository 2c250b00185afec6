package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// wait bounds everything that is asked of the kernel at once, such as a whole
// table. It answers generic netlink while it takes the request, so this is
// never reached but for an answer that was lost.
const wait = 30 * time.Second

// conn is a generic-netlink socket of the network namespace in which it was
// made. Unlike those of nl and moby it gives up when the context ends, and
// reads into one buffer, which matters for a table of thousands of servers.
type conn struct {
	file  *os.File
	raw   syscall.RawConn
	seq   uint32
	buf   []byte // what was received last
	out   []byte // what is being sent; kept for its space
	dirty bool   // an exchange was given up: its answers may still come
}

func dial() (*conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_GENERIC)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	file := os.NewFile(uintptr(fd), "netlink")
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, errors.Join(fmt.Errorf("bind a netlink socket: %w", err), file.Close())
	}
	// An error needs no copy of the request that caused it. Without this
	// (before Linux 4.3) answers are only longer.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &conn{file: file, raw: raw, buf: make([]byte, 64<<10)}, nil
}

// answer is one netlink message from the kernel; body is valid until the next
// one is read.
type answer struct {
	typ  uint16
	seq  uint32
	body []byte
}

// errno is the error that an NLMSG_ERROR or NLMSG_DONE carries, 0 for none.
func (a answer) errno() unix.Errno {
	if len(a.body) < 4 {
		return 0
	}
	if code := int32(binary.NativeEndian.Uint32(a.body)); code < 0 {
		return unix.Errno(-code)
	}
	return 0
}

// arm bounds all exchanges until disarm is called: they end when ctx does or
// after wait. Once for many, because clocks are slow where they are emulated.
func (c *conn) arm(ctx context.Context) (armed context.Context, disarm func(), err error) {
	if err := c.file.SetReadDeadline(time.Time{}); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = c.file.SetReadDeadline(time.Unix(1, 0))
	})
	return ctx, func() {
		if !stop() {
			<-fired // or it would cut off the next one
		}
		cancel()
	}, nil
}

// exchange sends msgs and hands every answer to take until it says that it
// was the last. The connection must be armed with ctx.
func (c *conn) exchange(ctx context.Context, msgs []byte, take func(answer) (last bool, err error)) error {
	if err := ctx.Err(); err != nil {
		return err // before anything was asked
	}
	if c.dirty {
		if err := c.drain(); err != nil {
			return err
		}
	}
	c.dirty = true
	if err := c.send(msgs); err != nil {
		return err
	}
	for {
		n, err := c.read(true)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				err = fmt.Errorf("%w: %w", ipvs.ErrNoAnswer, ctx.Err())
			}
			return err
		}
		for a, err := range answers(c.buf[:n]) {
			if err != nil {
				return err
			}
			last, err := take(a)
			if err != nil {
				return err
			}
			if last {
				c.dirty = false
				return nil
			}
		}
	}
}

// send never waits: the kernel takes a netlink message as it is written.
func (c *conn) send(b []byte) error {
	var err error
	raw := c.raw.Write(func(fd uintptr) bool {
		for {
			err = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
			if err != unix.EINTR {
				return err != unix.EAGAIN
			}
		}
	})
	if err := errors.Join(raw, err); err != nil {
		return fmt.Errorf("send to the kernel: %w", err)
	}
	return nil
}

// read reads one datagram into the buffer.
func (c *conn) read(block bool) (n int, err error) {
	raw := c.raw.Read(func(fd uintptr) bool {
		for {
			var from unix.Sockaddr
			n, from, err = unix.Recvfrom(int(fd), c.buf, unix.MSG_TRUNC)
			if sender, ok := from.(*unix.SockaddrNetlink); err == nil && (!ok || sender.Pid != 0) {
				continue // not the kernel
			}
			if err != unix.EINTR {
				return err != unix.EAGAIN || !block
			}
		}
	})
	if raw != nil {
		err = raw // the deadline, or the socket is closed
	}
	if err != nil {
		return 0, fmt.Errorf("receive from the kernel: %w", err)
	}
	if n > len(c.buf) {
		return 0, fmt.Errorf("receive from the kernel: a message of %d bytes is too long", n)
	}
	return n, nil
}

// drain throws away what an exchange that was given up left in the socket,
// which also ends a dump that the kernel has not finished.
func (c *conn) drain() error {
	for {
		_, err := c.read(false)
		switch {
		case errors.Is(err, unix.EAGAIN):
			c.dirty = false
			return nil
		case err != nil && !errors.Is(err, unix.ENOBUFS):
			return err
		}
	}
}

func (c *conn) close() error { return c.file.Close() }
