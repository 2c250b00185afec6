package link

import (
	"encoding/binary"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr (recvmmsg(2), sendmmsg(2)).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32 // bytes received
}

// sockaddr is room for a socket address of any kind that is used here.
type sockaddr [unix.SizeofSockaddrInet6]byte

// vector is messages of which one system call takes many. The messages point
// into it, so that it stays where it was made.
//
// golang.org/x/net has the same, at several allocations for each message.
type vector struct {
	msgs  []mmsghdr
	iovs  []unix.Iovec
	names []sockaddr
	bufs  [][]byte
	oob   [][]byte
}

// newVector has room for n messages. Each has a buffer of the given sizes of
// its own; with size 0 they are set before each call.
func newVector(n, size, oob int) *vector {
	v := &vector{
		msgs: make([]mmsghdr, n), iovs: make([]unix.Iovec, n), names: make([]sockaddr, n),
		bufs: make([][]byte, n), oob: make([][]byte, n),
	}
	for i := range v.msgs {
		v.msgs[i].hdr.Iov = &v.iovs[i]
		v.msgs[i].hdr.SetIovlen(1)
		v.msgs[i].hdr.Name = &v.names[i][0]
		if size > 0 {
			v.set(i, make([]byte, size))
		}
		if oob > 0 {
			v.oob[i] = make([]byte, oob)
			v.msgs[i].hdr.Control = &v.oob[i][0]
		}
	}
	return v
}

// set gives a message its buffer.
func (v *vector) set(i int, b []byte) {
	v.bufs[i] = b
	v.iovs[i].Base = &b[0]
	v.iovs[i].SetLen(len(b))
}

// receive waits for messages and returns how many have come.
func (v *vector) receive(raw syscall.RawConn) (n int, err error) {
	for i := range v.msgs {
		v.msgs[i].hdr.Namelen = uint32(len(v.names[i]))
		v.msgs[i].hdr.SetControllen(len(v.oob[i]))
	}
	var errno unix.Errno
	err = raw.Read(func(fd uintptr) bool {
		n, errno = v.call(unix.SYS_RECVMMSG, fd, 0, len(v.msgs))
		return errno != unix.EAGAIN && errno != unix.EINTR
	})
	if err == nil && errno != 0 {
		err = os.NewSyscallError("recvmmsg", errno)
	}
	return n, err
}

// message returns what the last call has received: the message, where it came
// from (struct sockaddr), and ancillary data.
func (v *vector) message(i int) (b []byte, from *sockaddr, oob []byte) {
	m := &v.msgs[i]
	return v.bufs[i][:min(int(m.n), len(v.bufs[i]))], &v.names[i], v.oob[i][:m.hdr.Controllen]
}

// The messages go where these say, in struct sockaddr as the kernel reads it.

func (v *vector) toIPv4(i int, ip [4]byte) {
	to := &v.names[i]
	binary.NativeEndian.PutUint16(to[:], unix.AF_INET)
	copy(to[4:], ip[:])
	v.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
}

func (v *vector) toIPv6(i int, ip [16]byte, index int) {
	to := &v.names[i]
	clear(to[:])
	binary.NativeEndian.PutUint16(to[:], unix.AF_INET6)
	copy(to[8:], ip[:])
	binary.NativeEndian.PutUint32(to[24:], uint32(index))
	v.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet6
}

func (v *vector) toLink(i int, index int, frame []byte) {
	to := &v.names[i]
	clear(to[:])
	binary.NativeEndian.PutUint16(to[:], unix.AF_PACKET)
	copy(to[2:], frame[12:14]) // the EtherType, in network order in both
	binary.NativeEndian.PutUint32(to[4:], uint32(index))
	to[11] = 6
	copy(to[12:], frame[:6])
	v.msgs[i].hdr.Namelen = unix.SizeofSockaddrLinklayer
}

// send transmits the first n messages without waiting, and tells of each that
// could not be sent. The kernel stops at such a one; what follows it is sent
// by another call.
func (v *vector) send(raw syscall.RawConn, n int, fail func(i int, err error)) error {
	return raw.Control(func(fd uintptr) {
		for at := 0; at < n; {
			sent, errno := v.call(unix.SYS_SENDMMSG, fd, at, n-at)
			switch {
			case errno == unix.EINTR:
			case errno != 0:
				fail(at, os.NewSyscallError("sendmmsg", errno))
				at++
			default:
				at += sent
			}
		}
	})
}

// call makes the system call for messages from at on.
func (v *vector) call(trap, fd uintptr, at, n int) (int, unix.Errno) {
	done, _, errno := unix.Syscall6(trap, fd, uintptr(unsafe.Pointer(&v.msgs[at])), uintptr(n), unix.MSG_DONTWAIT, 0, 0)
	return int(done), errno
}
