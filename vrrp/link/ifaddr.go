package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

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
	secondary bool // falls with its subnet's first address
	marked    bool // carries tandem's mark
	peer      bool // point to point: the prefix length is the other side's
	raw       []byte
}

// place is what identifies an address in the kernel.
type place struct {
	index  int // of the interface
	prefix netip.Prefix
}

// home is where an address is, whatever its prefix length.
type home struct {
	index int // of the interface
	addr  netip.Addr
}

func (p place) home() home { return home{p.index, p.prefix.Addr()} }

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
		place: place{a.Index, a.Prefix},
		label: a.Label, broadcast: a.Broadcast, scope: a.Scope,
		secondary: a.Secondary, marked: a.Marked, peer: a.Peer,
		raw: b,
	}, ok
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
		if a.Prefix.IsSingleIP() {
			data = append(data, nl.NewRtAttr(unix.IFA_CACHEINFO, deprecated()))
		}
	}
	data = append(data, nl.NewRtAttr(ifaddr.Proto, []byte{ifaddr.Mark}))
	return newRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, data...)
}

// deprecated is struct ifa_cacheinfo (linux/if_addr.h) of an address that is
// valid for ever and preferred never (RFC 6724 section 5, rule 3): it answers
// whoever talks to it, and what the director itself begins, a health check for
// example, leaves from an address that does not move away meanwhile.
// keepalived, too, has preferred_lft 0 for what is a single address.
func deprecated() []byte {
	const preferred, forever = 0, 1<<32 - 1
	b := binary.NativeEndian.AppendUint32(nil, preferred)
	b = binary.NativeEndian.AppendUint32(b, forever)
	return append(b, make([]byte, 8)...) // When it was made and changed: the kernel knows.
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
