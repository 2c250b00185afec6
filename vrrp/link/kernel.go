package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
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
		kind == unix.RTM_DELADDR && (errno == unix.EADDRNOTAVAIL || errno == unix.ENODEV):
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
	attrs, err := nl.ParseRouteAttr(m.Data[words:])
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

// device is an interface as the kernel has it.
type device struct {
	name  string
	index int
	// up: administratively up (IFF_UP), and with carrier: IFF_LOWER_UP is the
	// driver's word, IFF_RUNNING adds the operational state (RFC 2863).
	up bool
	// mac is set where ARP and neighbour discovery work: Ethernet.
	mac net.HardwareAddr
}

// device looks an interface up by name. It costs one message, not a dump.
func (k *kernel) device(name string) (device, error) {
	msgs, err := k.read(unix.RTM_GETLINK, 0, unix.RTM_NEWLINK,
		nl.NewIfInfomsg(unix.AF_UNSPEC),
		nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	if errors.Is(err, unix.ENODEV) || err == nil && len(msgs) == 0 {
		return device{}, errNoLink
	}
	if err != nil {
		return device{}, fmt.Errorf("read interface %s: %w", name, err)
	}
	l, err := netlink.LinkDeserialize(nil, msgs[0])
	if err != nil {
		return device{}, fmt.Errorf("read interface %s: %w", name, err)
	}
	const wantFlags = unix.IFF_UP | unix.IFF_RUNNING | unix.IFF_LOWER_UP
	a := l.Attrs()
	d := device{name: name, index: a.Index, up: a.RawFlags&wantFlags == wantFlags}
	if a.EncapType == "ether" && a.RawFlags&unix.IFF_NOARP == 0 && len(a.HardwareAddr) == 6 {
		d.mac = a.HardwareAddr
	}
	return d, nil
}

// Address attributes that the libraries have no name for
// (include/uapi/linux/if_addr.h).
const (
	ifaProto = 11 // who made the address; since Linux 5.18, ignored before
	// mark is tandem's IFA_PROTO, shown by `ip -d address` as "proto 112":
	// the protocol number of VRRP. The mark lives and dies with the address,
	// so that after a crash the next run still knows which ones are ours.
	mark = 112
)

// held is an address that the kernel holds.
type held struct {
	place
	label     string
	broadcast netip.Addr
	scope     uint8
	secondary bool // falls with its subnet's first address
	marked    bool // carries tandem's mark
	peer      bool // point to point: the prefix is the other side's
	raw       []byte
}

// place is what identifies an address in the kernel.
type place struct {
	index  int // of the interface
	prefix netip.Prefix
}

// addresses reads all addresses of one interface; 0 means of all interfaces.
func (k *kernel) addresses(index int) ([]held, error) {
	msg := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	msg.Index = uint32(index)
	var msgs [][]byte
	err := error(netlink.ErrDumpInterrupted)
	// A change during the dump makes it unreliable: read again, a few times.
	for try := 0; try < 5 && errors.Is(err, netlink.ErrDumpInterrupted); try++ {
		msgs, err = k.read(unix.RTM_GETADDR, unix.NLM_F_DUMP, unix.RTM_NEWADDR, msg)
	}
	if errors.Is(err, unix.ENODEV) {
		return nil, errNoLink
	}
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	list := make([]held, 0, len(msgs))
	for _, m := range msgs {
		if a, ok := parseAddress(m); ok && (index == 0 || a.index == index) {
			list = append(list, a)
		}
	}
	return list, nil
}

// parseAddress decodes an RTM_NEWADDR payload: struct ifaddrmsg (8 bytes:
// family, prefix length, flags, scope, index) and its attributes.
func parseAddress(b []byte) (held, bool) {
	if len(b) < unix.SizeofIfAddrmsg {
		return held{}, false
	}
	a := held{scope: b[3], raw: b}
	a.index = int(binary.NativeEndian.Uint32(b[4:]))
	attrs, err := nl.ParseRouteAttr(b[unix.SizeofIfAddrmsg:])
	if err != nil {
		return held{}, false
	}
	flags := uint32(b[2])
	var local, addr netip.Addr
	for _, attr := range attrs {
		v := attr.Value
		switch attr.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(v)
		case unix.IFA_ADDRESS:
			addr, _ = netip.AddrFromSlice(v)
		case unix.IFA_BROADCAST:
			a.broadcast, _ = netip.AddrFromSlice(v)
		case unix.IFA_LABEL:
			a.label = unix.ByteSliceToString(v)
		case unix.IFA_FLAGS:
			if len(v) == 4 {
				flags = binary.NativeEndian.Uint32(v)
			}
		case ifaProto:
			a.marked = len(v) == 1 && v[0] == mark
		}
	}
	if !local.IsValid() {
		local = addr // IPv6 has IFA_ADDRESS alone, unless it has a peer
	}
	if !local.IsValid() || int(b[1]) > local.BitLen() {
		return held{}, false
	}
	a.peer = addr.IsValid() && addr != local
	a.prefix = netip.PrefixFrom(local, int(b[1]))
	a.secondary = local.Is4() && flags&unix.IFA_F_SECONDARY != 0
	return a, true
}

// create is the request that puts a virtual address on an interface.
func create(p place, a vrrp.Address) *nl.NetlinkRequest {
	msg, data := addressRequest(p)
	msg.Scope = a.Scope
	if a.Prefix.Addr().Is4() {
		if a.Broadcast.IsValid() {
			data = append(data, nl.NewRtAttr(unix.IFA_BROADCAST, a.Broadcast.AsSlice()))
		}
		if a.Label != "" {
			data = append(data, nl.NewRtAttr(unix.IFA_LABEL, nl.ZeroTerminated(a.Label)))
		}
	} else {
		// The address moves between directors: detection of duplicates would
		// keep it unusable for a second after each takeover.
		msg.Flags = unix.IFA_F_NODAD
	}
	data = append(data, nl.NewRtAttr(ifaProto, []byte{mark}))
	return newRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, data...)
}

// restore is the request that puts an address back exactly as a dump showed it.
func restore(a held) *nl.NetlinkRequest {
	return newRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, rawData(a.raw))
}

// remove is the request that takes an address off an interface.
func remove(p place) *nl.NetlinkRequest {
	_, data := addressRequest(p)
	return newRequest(unix.RTM_DELADDR, 0, data...)
}

// addressRequest is what RTM_NEWADDR and RTM_DELADDR have in common.
func addressRequest(p place) (*nl.IfAddrmsg, []nl.NetlinkRequestData) {
	family := unix.AF_INET6
	if p.prefix.Addr().Is4() {
		family = unix.AF_INET
	}
	msg := nl.NewIfAddrmsg(family)
	msg.Index = uint32(p.index)
	msg.Prefixlen = uint8(p.prefix.Bits())
	ip := p.prefix.Addr().AsSlice()
	return msg, []nl.NetlinkRequestData{
		msg,
		nl.NewRtAttr(unix.IFA_LOCAL, ip),
		nl.NewRtAttr(unix.IFA_ADDRESS, slices.Clone(ip)),
	}
}

// rawData is a message body that is already encoded.
type rawData []byte

func (d rawData) Len() int          { return len(d) }
func (d rawData) Serialize() []byte { return d }
