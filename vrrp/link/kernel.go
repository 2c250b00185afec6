package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// errNoLink says that an interface does not exist (now).
var errNoLink = errors.New("no such interface")

// kernel is a connection to rtnetlink in the network namespace it was opened
// in. One goroutine uses it.
//
// Links are decoded by the netlink library. Address messages are made here:
// the library has no IFA_PROTO, and its dump loses what is needed to put an
// address back exactly as it was.
type kernel struct {
	sockets map[int]*nl.SocketHandle
}

// kernelTimeout bounds each wait for an answer of the kernel, which otherwise
// takes microseconds.
const kernelTimeout = 2 * time.Second

func openKernel() (*kernel, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open a route netlink socket: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(kernelTimeout))
	err = errors.Join(s.SetSendTimeout(&timeout), s.SetReceiveTimeout(&timeout))
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("set up a route netlink socket: %w", err)
	}
	// Since Linux 4.12 the kernel can say in words what it dislikes.
	_ = s.SetExtAck(true)
	// Strict checking lets the kernel filter a dump by interface. Before
	// Linux 4.20 it is refused and the dump is filtered here.
	_ = unix.SetsockoptInt(s.GetFd(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1)
	return &kernel{map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: s}}}, nil
}

func (k *kernel) close() {
	for _, s := range k.sockets {
		s.Close()
	}
}

// port is what the kernel calls the connection by; 0: unknown.
func (k *kernel) port() uint32 {
	pid, err := k.sockets[unix.NETLINK_ROUTE].Socket.GetPid()
	if err != nil {
		return 0
	}
	return pid
}

// read makes one request and returns the answers of the given type.
func (k *kernel) read(kind, flags int, answer uint16, data ...nl.NetlinkRequestData) ([][]byte, error) {
	req := newRequest(kind, flags, data...)
	req.Sockets = k.sockets
	return req.Execute(unix.NETLINK_ROUTE, answer)
}

func newRequest(kind, flags int, data ...nl.NetlinkRequestData) *nl.NetlinkRequest {
	req := nl.NewNetlinkRequest(kind, flags)
	for _, d := range data {
		req.AddData(d)
	}
	return req
}

// chunk is how many writes go to the kernel in one message.
const chunk = 64

// write makes many changes and returns an error per request, in order. What is
// there already, or gone already, is no error.
//
// Only the last request of a chunk asks for an answer; of the others the kernel
// answers those that it refused. A thousand addresses take 11 ms this way, and
// 45 ms with an answer each.
func (k *kernel) write(reqs []*nl.NetlinkRequest) []error {
	errs := make([]error, 0, len(reqs))
	for part := range slices.Chunk(reqs, chunk) {
		errs = append(errs, k.writeChunk(part)...)
	}
	return errs
}

func (k *kernel) writeChunk(reqs []*nl.NetlinkRequest) []error {
	errs := make([]error, len(reqs))
	socket := k.sockets[unix.NETLINK_ROUTE]
	first := socket.Seq + 1
	var b []byte
	for i, req := range reqs {
		req.Seq = first + uint32(i)
		if i == len(reqs)-1 {
			req.Flags |= unix.NLM_F_ACK
		}
		b = append(b, req.Serialize()...)
	}
	last := first + uint32(len(reqs)-1)
	socket.Seq = last
	err := unix.Sendto(socket.Socket.GetFd(), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	for err == nil {
		var answers []syscall.NetlinkMessage
		answers, _, err = socket.Socket.Receive()
		for _, m := range answers {
			i := int(m.Header.Seq - first)
			if m.Header.Type != unix.NLMSG_ERROR || i < 0 || i >= len(reqs) || len(m.Data) < 4 {
				continue // an answer that came too late for its own request
			}
			errs[i] = refusal(reqs[i].Type, m)
			if m.Header.Seq == last {
				return errs
			}
		}
	}
	for i := range errs {
		errs[i] = errors.Join(errs[i], fmt.Errorf("talk to the kernel: %w", err))
	}
	return errs
}

// refusal is the error that the kernel answered a write with, in its own words
// where it has any (struct nlmsgerr and what follows it, uapi/linux/netlink.h).
func refusal(kind uint16, m syscall.NetlinkMessage) error {
	errno := unix.Errno(-int32(binary.NativeEndian.Uint32(m.Data)))
	switch {
	case errno == 0,
		kind == unix.RTM_NEWADDR && errno == unix.EEXIST,
		kind == unix.RTM_DELADDR && (errno == unix.EADDRNOTAVAIL || errno == unix.ENODEV),
		kind == unix.RTM_DELROUTE && (errno == unix.ESRCH || errno == unix.ENODEV),
		kind == unix.RTM_NEWRULE && errno == unix.EEXIST,
		kind == unix.RTM_DELRULE && errno == unix.ENOENT:
		return nil
	}
	const echo = 4 // where the refused request is repeated, its length first
	if m.Header.Flags&unix.NLM_F_ACK_TLVS == 0 || len(m.Data) < echo+unix.SizeofNlMsghdr {
		return errno
	}
	words := echo + (int(binary.NativeEndian.Uint32(m.Data[echo:]))+3)&^3
	if words > len(m.Data) {
		return errno
	}
	attrs, err := attributes(m.Data[words:])
	if err != nil {
		return errno
	}
	for _, a := range attrs {
		if a.Attr.Type == nl.NLMSGERR_ATTR_MSG {
			return fmt.Errorf("%w: %s", errno, unix.ByteSliceToString(a.Value))
		}
	}
	return errno
}

// attributes splits a list of attributes. The library panics on one that does
// not end on a multiple of 4 bytes, which the kernel never sends.
func attributes(b []byte) ([]syscall.NetlinkRouteAttr, error) {
	if len(b)%unix.RTA_ALIGNTO != 0 {
		return nil, unix.EINVAL
	}
	return nl.ParseRouteAttr(b)
}

// device is an interface as the kernel has it.
type device struct {
	name  string
	index int
	// up: administratively up (IFF_UP), and with carrier: IFF_LOWER_UP is the
	// driver's word, IFF_RUNNING adds the operational state (RFC 2863).
	up bool
	// mac is set where ARP and neighbour discovery work: Ethernet.
	mac net.HardwareAddr
	// active is the index of the interface that a bond sends by, of this one or
	// of the one below it; 0: there is none. When it changes, switches look for
	// us on the wrong port until they hear us.
	active int
	// loopback has no network behind it.
	loopback bool
}

// device looks an interface up by name. It costs one message, not a dump, and
// another for each interface below it.
func (k *kernel) device(name string) (device, error) {
	kind := unix.IFLA_IFNAME
	if len(name) >= unix.IFNAMSIZ {
		kind = unix.IFLA_ALT_IFNAME // an alternative name may be longer
	}
	l, err := k.link(0, nl.NewRtAttr(kind, nl.ZeroTerminated(name)))
	if errors.Is(err, errNoLink) {
		return device{}, errNoLink
	}
	if err != nil {
		return device{}, fmt.Errorf("read interface %s: %w", name, err)
	}
	const wantFlags = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
	a := l.Attrs()
	d := device{name: name, index: a.Index, up: a.RawFlags&wantFlags == wantFlags, loopback: a.RawFlags&unix.IFF_LOOPBACK != 0}
	if a.EncapType == "ether" && a.RawFlags&unix.IFF_NOARP == 0 && len(a.HardwareAddr) == 6 {
		d.mac = a.HardwareAddr
	}
	d.active = k.active(l)
	return d, nil
}

// link reads one interface by index, or by what else names it.
func (k *kernel) link(index int, name ...nl.NetlinkRequestData) (netlink.Link, error) {
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Index = int32(index)
	msgs, err := k.read(unix.RTM_GETLINK, 0, unix.RTM_NEWLINK, append([]nl.NetlinkRequestData{msg}, name...)...)
	switch {
	case errors.Is(err, unix.ENODEV),
		errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE), // no name an interface can have
		err == nil && len(msgs) == 0:
		return nil, errNoLink
	case err != nil:
		return nil, err
	}
	return netlink.LinkDeserialize(nil, msgs[0])
}

// active finds a bond at or below an interface and returns what it sends by. A
// bridge has more than one interface below it, and learns by itself.
func (k *kernel) active(l netlink.Link) int {
	const deepest = 8 // as many as the kernel stacks (MAX_NEST_DEV)
	for range deepest {
		if bond, ok := l.(*netlink.Bond); ok {
			return max(0, bond.ActiveSlave)
		}
		a := l.Attrs()
		switch l.Type() {
		case "vlan", "macvlan", "macvtap", "ipvlan", "ipvtap":
		default:
			return 0
		}
		if a.ParentIndex == 0 || a.NetNsID >= 0 {
			return 0 // or it is in another namespace
		}
		below, err := k.link(a.ParentIndex)
		if err != nil {
			return 0
		}
		l = below
	}
	return 0
}
