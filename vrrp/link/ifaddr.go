package link

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// held is an address that the kernel holds.
type held struct {
	place
	label     string
	broadcast netip.Addr
	scope     uint8
	secondary bool   // falls with its subnet's first address
	marked    bool   // carries tandem's mark of one that floats
	static    bool   // carries its mark of one that stays
	finite    bool   // the kernel will take it away by itself
	tentative bool   // cannot be used yet
	checked   bool   // and may be soon
	flags     uint32 // see ifaddr.Address
	raw       []byte
}

// place is what identifies an address in the kernel. Of IPv4 the same address
// may be there with several peers and by itself.
type place struct {
	index  int // of the interface
	prefix netip.Prefix
	peer   netip.Addr // point to point: the other side, whose the prefix length is; zero: none
}

// placeOf is where an address belongs on an interface.
func placeOf(index int, a vrrp.Address) place {
	if a.Peer.IsValid() {
		return place{index, netip.PrefixFrom(a.Prefix.Addr(), a.Peer.Bits()), a.Peer.Addr()}
	}
	return place{index: index, prefix: a.Prefix}
}

// home is where an address is, whatever its prefix length.
type home struct {
	index int // of the interface
	addr  netip.Addr
	peer  netip.Addr
}

func (p place) home() home { return home{p.index, p.prefix.Addr(), p.peer} }

// subnet is the network that the kernel makes a route to for the address.
func (p place) subnet() place {
	if p.peer.Is4() { // Of IPv6 it is the address's own, and the peer has one to itself.
		return place{index: p.index, prefix: netip.PrefixFrom(p.peer, p.prefix.Bits()).Masked()}
	}
	return place{index: p.index, prefix: p.prefix.Masked()}
}

// addresses reads all addresses of one interface; 0 means of all interfaces.
func (k *kernel) addresses(index int) ([]held, error) {
	msg := nl.NewIfAddrmsg(unix.AF_UNSPEC)
	msg.Index = uint32(index)
	var msgs [][]byte
	err := ifaddr.Whole(func() (err error) {
		msgs, err = k.read(unix.RTM_GETADDR, unix.NLM_F_DUMP, unix.RTM_NEWADDR, msg)
		return err
	})
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

// parseAddress decodes an RTM_NEWADDR payload, and keeps it.
func parseAddress(b []byte) (held, bool) {
	a, ok := ifaddr.Parse(b)
	return held{
		place: place{a.Index, a.Prefix, a.Peer},
		label: a.Label, broadcast: a.Broadcast, scope: a.Scope,
		secondary: a.Secondary, marked: a.Marked, static: a.Static, finite: a.Finite, tentative: a.Tentative, checked: a.Checked,
		flags: a.Flags, raw: b,
	}, ok
}

// put is the request that puts a virtual address on an interface, or changes
// how long it stays there.
func put(t target, flags int) *nl.NetlinkRequest {
	msg, data := addressRequest(t.place)
	msg.Scope = t.addr.Scope
	if t.prefix.Addr().Is4() {
		if t.addr.Broadcast.IsValid() {
			data = append(data, nl.NewRtAttr(unix.IFA_BROADCAST, t.addr.Broadcast.AsSlice()))
		}
		if t.addr.Label != "" {
			data = append(data, nl.NewRtAttr(unix.IFA_LABEL, nl.ZeroTerminated(t.addr.Label)))
		}
	}
	attrs := t.flags()
	if t.prefix.Addr().Is6() {
		// The address moves between directors: detection of duplicates would
		// keep it unusable for a second after each takeover.
		attrs |= unix.IFA_F_NODAD
	}
	data = append(data,
		nl.NewRtAttr(unix.IFA_FLAGS, nl.Uint32Attr(attrs)),
		nl.NewRtAttr(unix.IFA_CACHEINFO, cacheInfo(t.life, t.preferred)),
		nl.NewRtAttr(ifaddr.Proto, []byte{t.wish.mark()}))
	return newRequest(unix.RTM_NEWADDR, flags, data...)
}

// flags are those of ifaddr.Address that a target is set with.
func (t target) flags() (flags uint32) {
	if t.addr.NoPrefixRoute || t.shared {
		flags |= unix.IFA_F_NOPREFIXROUTE
	}
	if t.addr.Home {
		flags |= unix.IFA_F_HOMEADDRESS
	}
	if t.addr.Temporary {
		flags |= unix.IFA_F_MANAGETEMPADDR
	}
	return flags
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
	peer := p.peer
	if !peer.IsValid() {
		peer = p.prefix.Addr()
	}
	return msg, []nl.NetlinkRequestData{
		msg,
		nl.NewRtAttr(unix.IFA_LOCAL, p.prefix.Addr().AsSlice()),
		nl.NewRtAttr(unix.IFA_ADDRESS, peer.AsSlice()),
	}
}

// rawData is a message body that is already encoded.
type rawData []byte

func (d rawData) Len() int          { return len(d) }
func (d rawData) Serialize() []byte { return d }
