package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Who made an address, since Linux 5.18 (include/uapi/linux/if_addr.h,
// IFA_PROTO), which the libraries have no name for. tandem marks what it sets
// with the protocol number of VRRP.
const (
	ifaProto = 11
	mark     = 112
)

// addresses gives every interface its own. The messages are read here: the
// library drops who made an address.
func (p picture) addresses() error {
	var msgs [][]byte
	err := again(func() (err error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		req.AddData(nl.NewIfAddrmsg(unix.AF_UNSPEC))
		msgs, err = req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range msgs {
		index, prefix, floating, ok := parseAddress(m)
		in := p.at(index)
		switch {
		case !ok || in == nil:
		case floating:
			in.Floating = append(in.Floating, prefix)
		default:
			in.Addresses = append(in.Addresses, prefix)
		}
	}
	return nil
}

// parseAddress decodes the payload of RTM_NEWADDR: struct ifaddrmsg (8 bytes:
// family, prefix length, flags, scope, index) and its attributes.
func parseAddress(b []byte) (index int, p netip.Prefix, floating, ok bool) {
	if len(b) < unix.SizeofIfAddrmsg || len(b)%unix.RTA_ALIGNTO != 0 {
		return 0, p, false, false
	}
	attrs, err := nl.ParseRouteAttr(b[unix.SizeofIfAddrmsg:])
	if err != nil {
		return 0, p, false, false
	}
	var local, addr netip.Addr
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.IFA_LOCAL:
			local, _ = netip.AddrFromSlice(a.Value)
		case unix.IFA_ADDRESS:
			addr, _ = netip.AddrFromSlice(a.Value)
		case ifaProto:
			floating = len(a.Value) == 1 && a.Value[0] == mark
		}
	}
	length := int(b[1])
	switch {
	case !local.IsValid():
		local = addr // IPv6 has IFA_ADDRESS alone, unless it has a peer
	case addr.IsValid() && addr != local:
		length = local.BitLen() // the length is that of the peer's network, which a route tells
	}
	p = netip.PrefixFrom(local, length)
	return int(binary.NativeEndian.Uint32(b[4:])), p, floating, p.IsValid()
}
