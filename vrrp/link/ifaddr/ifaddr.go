// Package ifaddr reads the addresses of interfaces as rtnetlink tells them
// (man 7 rtnetlink), with what the netlink libraries drop: who made an address,
// and whether its prefix is the other side's. It knows nothing of VRRP, so that
// whoever looks at a host sees the same addresses as the one who sets them.
package ifaddr

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

const (
	// Proto is IFA_PROTO (include/uapi/linux/if_addr.h), which the libraries
	// have no name for: who made the address; since Linux 5.18, ignored before.
	Proto = 11
	// Mark is tandem's IFA_PROTO, shown by `ip -d address` as "proto 112":
	// the protocol number of VRRP. The mark lives and dies with the address,
	// so that after a crash the next run still knows which ones are ours.
	Mark = 112
	// StaticMark is the mark of an address that tandem keeps whoever is master. It
	// is the host's own in every other way: adverts may come from it.
	StaticMark = 113
)

// Address is an address as the kernel holds it.
type Address struct {
	Index     int // of the interface
	Prefix    netip.Prefix
	Label     string
	Broadcast netip.Addr
	Scope     uint8
	Secondary bool // falls with its subnet's first address
	Marked    bool // carries tandem's mark: it floats
	Static    bool // carries tandem's mark of one that stays
	// Peer is the other side of a link between two, whose prefix length it is;
	// zero: none.
	Peer netip.Addr
	// Flags are those that whoever sets an address chooses: IFA_F_HOMEADDRESS,
	// IFA_F_MANAGETEMPADDR and IFA_F_NOPREFIXROUTE.
	Flags  uint32
	Finite bool // the kernel will take it away by itself (valid_lft)
	// Tentative says that the address cannot be used yet, or never: it is being
	// looked for on the link, or was found there (RFC 4862 section 5.4).
	Tentative bool
	// Checked says that it is still being looked for: it may be usable soon.
	Checked bool
}

// Parse decodes the payload of RTM_NEWADDR: struct ifaddrmsg (8 bytes: family,
// prefix length, flags, scope, index) and its attributes. It reports false for
// what is none, or holds no address.
func Parse(b []byte) (Address, bool) {
	// The library panics on attributes that do not end on a multiple of 4
	// bytes, which the kernel never sends.
	if len(b) < unix.SizeofIfAddrmsg || len(b)%unix.RTA_ALIGNTO != 0 {
		return Address{}, false
	}
	attrs, err := nl.ParseRouteAttr(b[unix.SizeofIfAddrmsg:])
	if err != nil {
		return Address{}, false
	}
	a := Address{Index: int(binary.NativeEndian.Uint32(b[4:])), Scope: b[3]}
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
			a.Broadcast, _ = netip.AddrFromSlice(v)
		case unix.IFA_LABEL:
			a.Label = unix.ByteSliceToString(v)
		case unix.IFA_FLAGS:
			if len(v) == 4 {
				flags = binary.NativeEndian.Uint32(v)
			}
		case unix.IFA_CACHEINFO: // struct ifa_cacheinfo: preferred, valid, made, changed
			a.Finite = len(v) >= 8 && binary.NativeEndian.Uint32(v[4:]) != 1<<32-1
		case Proto:
			a.Marked = len(v) == 1 && v[0] == Mark
			a.Static = len(v) == 1 && v[0] == StaticMark
		}
	}
	if !local.IsValid() {
		local = addr // IPv6 has IFA_ADDRESS alone, unless it has a peer
	}
	a.Prefix = netip.PrefixFrom(local, int(b[1]))
	if addr.IsValid() && addr != local {
		a.Peer = addr
	}
	a.Flags = flags & (unix.IFA_F_HOMEADDRESS | unix.IFA_F_MANAGETEMPADDR | unix.IFA_F_NOPREFIXROUTE)
	a.Secondary = local.Is4() && flags&unix.IFA_F_SECONDARY != 0
	// An optimistic one can be used meanwhile (RFC 4429).
	a.Tentative = flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_OPTIMISTIC) == unix.IFA_F_TENTATIVE || flags&unix.IFA_F_DADFAILED != 0
	a.Checked = a.Tentative && flags&unix.IFA_F_DADFAILED == 0
	return a, a.Prefix.IsValid()
}

// tries bounds the repetitions of a dump.
const tries = 5

// Whole makes a dump until no change interrupts it (NLM_F_DUMP_INTR), a few
// times: an interrupted one lacks some entries and may have others twice. It
// returns the error of the last. The dump starts anew each time, and is to
// forget what it gave before.
func Whole(dump func() error) error {
	err := error(netlink.ErrDumpInterrupted)
	for try := 0; try < tries && errors.Is(err, netlink.ErrDumpInterrupted); try++ {
		err = dump()
	}
	return err
}
