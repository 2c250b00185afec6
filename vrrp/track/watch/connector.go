package watch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// procEvent is what the kernel says of a process.
type procEvent struct {
	what   procChange
	pid    int
	parent int  // of one that was forked
	lost   bool // events are missing
}

// procChange is a kind of it.
type procChange uint8

const (
	forked procChange = iota
	changed
	exited
)

// The process events connector (linux/cn_proc.h, linux/connector.h).
const (
	cnIdxProc, cnValProc = 1, 1
	cnMsgSize            = 20 // struct cn_msg: idx, val, seq, ack, len, flags
	multicastListen      = 1

	eventNone = 0x00000000
	eventFork = 0x00000001
	eventExec = 0x00000002
	eventComm = 0x00000200
	eventExit = 0x80000000
	// eventHeader is what, cpu and timestamp_ns.
	eventHeader = 16
)

// connector hears of all processes from the kernel.
type connector struct {
	socket *os.File
	events chan procEvent
	done   chan struct{}
	reader sync.WaitGroup
}

// errNoEvents says that the kernel has none to give: to another namespace than
// the first ones it tells nothing, and does not say so.
var errNoEvents = errors.New("it does not answer")

// answerTime is how long the kernel has to confirm that it will tell.
const answerTime = 200 * time.Millisecond

// newConnector listens to the kernel, which needs CAP_NET_ADMIN and the first
// network namespace.
func newConnector() (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("open the connector: %w", err)
	}
	c := &connector{socket: os.NewFile(uintptr(fd), "connector"), events: make(chan procEvent, 256), done: make(chan struct{})}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc}); err != nil {
		c.socket.Close()
		return nil, fmt.Errorf("join the connector's group: %w", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1<<20)
	if err := c.subscribe(); err != nil {
		c.socket.Close()
		return nil, fmt.Errorf("ask for process events: %w", err)
	}
	c.reader.Go(c.listen)
	return c, nil
}

// subscribe asks for events and waits until the kernel confirms it.
func (c *connector) subscribe() error {
	if _, err := c.socket.Write(subscription(uint32(os.Getpid()))); err != nil {
		return err
	}
	if err := c.socket.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	buffer := make([]byte, 8<<10)
	for {
		n, err := c.socket.Read(buffer)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return errNoEvents
		case err != nil:
			return err
		case n > 0 && confirmed(buffer[:n]):
			return c.socket.SetReadDeadline(time.Time{})
		}
	}
}

// subscription is the request for all events.
func subscription(port uint32) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			_ = binary.Write(&b, binary.NativeEndian, v) // of fixed size, into memory
		}
	}
	put(uint32(unix.SizeofNlMsghdr+cnMsgSize+4), uint16(unix.NLMSG_DONE), uint16(0), uint32(0), port)
	put(uint32(cnIdxProc), uint32(cnValProc), uint32(0), uint32(0), uint16(4), uint16(0))
	put(uint32(multicastListen))
	return b.Bytes()
}

// stream is where events arrive; nil where there are none.
func (c *connector) stream() <-chan procEvent {
	if c == nil {
		return nil
	}
	return c.events
}

func (c *connector) close() {
	if c == nil {
		return
	}
	close(c.done)
	c.socket.Close()
	c.reader.Wait()
}

// listen reads events until the socket is closed.
func (c *connector) listen() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := c.socket.Read(buffer)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			if !c.send(procEvent{lost: true}) {
				return
			}
			continue
		case err != nil:
			return
		}
		for _, e := range procEvents(buffer[:n]) {
			if !c.send(e) {
				return
			}
		}
	}
}

func (c *connector) send(e procEvent) bool {
	select {
	case c.events <- e:
		return true
	case <-c.done:
		return false
	}
}

// confirmed tells whether the kernel says that it will tell.
func confirmed(message []byte) bool {
	ok := false
	eachProcEvent(message, func(what uint32, data []byte) { ok = ok || what == eventNone && binary.NativeEndian.Uint32(data) == 0 })
	return ok
}

// procEvents are the events of a message that are about processes and not about
// threads.
func procEvents(message []byte) (events []procEvent) {
	eachProcEvent(message, func(what uint32, data []byte) {
		word := func(n int) int { return int(int32(binary.NativeEndian.Uint32(data[4*n:]))) }
		switch {
		case what == eventFork && len(data) >= 16 && word(2) == word(3): // parent, its group, child, its group
			events = append(events, procEvent{what: forked, pid: word(3), parent: word(1)})
		case len(data) < 8 || word(0) != word(1): // process, its group
		case what == eventExec, what == eventComm:
			events = append(events, procEvent{what: changed, pid: word(1)})
		case what == eventExit:
			events = append(events, procEvent{what: exited, pid: word(1)})
		}
	})
	return events
}

// eachProcEvent gives what each event of a netlink message is, and its data,
// which are at least a word.
func eachProcEvent(message []byte, take func(what uint32, data []byte)) {
	for len(message) >= unix.SizeofNlMsghdr {
		size := int(binary.NativeEndian.Uint32(message))
		kind := binary.NativeEndian.Uint16(message[4:])
		if size < unix.SizeofNlMsghdr || size > len(message) {
			return
		}
		body := message[unix.SizeofNlMsghdr:size]
		message = message[min(len(message), (size+3)&^3):]
		if kind == unix.NLMSG_ERROR || kind == unix.NLMSG_NOOP || len(body) < cnMsgSize+eventHeader+4 {
			continue
		}
		if binary.NativeEndian.Uint32(body) != cnIdxProc || binary.NativeEndian.Uint32(body[4:]) != cnValProc {
			continue
		}
		event := body[cnMsgSize:]
		take(binary.NativeEndian.Uint32(event), event[eventHeader:])
	}
}
