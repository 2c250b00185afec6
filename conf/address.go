package conf

import (
	"math"
	"net/netip"
	"strconv"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// maxAddresses is what the count of an advert can say (RFC 9568 section 5.2.5).
// keepalived still sets the addresses beyond it and leaves them out of the
// advert, where the other routers cannot compare them.
const maxAddresses = math.MaxUint8

// addAddresses reads virtual_ipaddress: IP[/LEN] [option ...] a line. The
// first address decides the family of the instance: an advert is sent over one
// family and holds addresses of that one only (RFC 9568 section 5.2.9).
func (in *instance) addAddresses(l *loader, s *syntax.Statement) {
	in.readAddresses(l, s, func(a vrrp.Address, pos syntax.Pos) bool {
		ip := a.Prefix.Addr()
		switch {
		case len(in.Addresses) > 0 && in.Addresses[0].Prefix.Addr().Is4() != ip.Is4():
			l.errorf(pos, "write a vrrp_instance for each family, or virtual_ipaddress_excluded", "address %s is ignored: the first virtual address is not %s", ip, family(ip))
		case len(in.Addresses) == maxAddresses:
			l.errorf(pos, "write the others into virtual_ipaddress_excluded", "address %s is ignored: an instance has at most %d", ip, maxAddresses)
		default:
			in.Addresses = append(in.Addresses, a)
			return true
		}
		return false
	})
}

// addExcluded reads virtual_ipaddress_excluded: addresses that move with the
// others and are in no advert, so that their number and family are free.
func (in *instance) addExcluded(l *loader, s *syntax.Statement) {
	in.readAddresses(l, s, func(a vrrp.Address, _ syntax.Pos) bool {
		in.Excluded = append(in.Excluded, a)
		return true
	})
}

// readAddresses reads the lines of a block of addresses; take keeps one, or
// reports why not.
func (in *instance) readAddresses(l *loader, s *syntax.Statement, take func(vrrp.Address, syntax.Pos) bool) {
	for _, e := range l.entries(s) {
		a, ok := l.addressOf(e, "virtual")
		if !ok {
			continue
		}
		ip := a.Prefix.Addr()
		if first, twice := in.lines[ip]; twice && first.Address == a.Address && first.pos.Compare(s.Pos) > 0 {
			// The same line of the same block once more changes nothing.
			l.warnf(a.pos, "", "address %s is listed twice", ip)
		} else if twice {
			l.seeing(Error, a.pos, first.pos, "", "address %s is listed twice: what %s says of it counts", ip, first.pos.LineFrom(a.pos))
		} else if take(a.Address, a.pos) {
			if in.lines == nil {
				in.lines = make(map[netip.Addr]addressLine)
			}
			in.lines[ip] = a
			if a.Dev != "" {
				in.use("dev", a.dev)
			}
		}
	}
}

// addressAt is where an instance lists an address, or else the block in which it
// would.
func (in *instance) addressAt(ip netip.Addr) syntax.Pos {
	if line, said := in.lines[ip]; said {
		return line.pos
	}
	return in.said("virtual_ipaddress", "virtual_ipaddress_excluded")
}

// showAddresses gives a block of addresses, but for those that a snat_pool
// brought: it shows them itself.
func (in *instance) showAddresses(keyword string, all []vrrp.Address) []Node {
	var lines []Node
	for _, a := range all {
		if line, said := in.lines[a.Prefix.Addr()]; said {
			lines = append(lines, Node{Values: line.words(), Pos: line.pos})
		}
	}
	if lines == nil {
		return nil
	}
	return blockOf(keyword, nil, lines)
}

// scopes are those with a name (linux/rtnetlink.h, enum rt_scope_t).
var scopes = []struct {
	name string
	n    uint8
}{{"global", 0}, {"site", 200}, {"link", 253}, {"host", 254}, {"nowhere", 255}}

// parseScope reads a scope by its name in iproute2 or its number.
func parseScope(text string) (uint8, bool) {
	for _, s := range scopes {
		if s.name == text {
			return s.n, true
		}
	}
	n, ok := whole(text, 0, 255)
	return uint8(n), ok
}

// scopeName is what parseScope reads.
func scopeName(n uint8) string {
	for _, s := range scopes {
		if s.n == n {
			return s.name
		}
	}
	return strconv.Itoa(int(n))
}

// parseBroadcast reads a broadcast address; + sets the host bits of the
// prefix and - clears them.
func parseBroadcast(text string, p netip.Prefix) (netip.Addr, bool) {
	if text != "+" && text != "-" {
		a, ok := parseAddr(text)
		return a, ok && a.Is4()
	}
	switch {
	case p.Bits() > 30:
		return netip.Addr{}, false
	case text == "-":
		return p.Masked().Addr(), true
	}
	return lastAddr(p), true
}

// lastAddr is the last address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	ip := p.Addr().AsSlice()
	for i := range ip {
		host := 8 - min(max(p.Bits()-8*i, 0), 8) // bits of this byte behind the prefix
		ip[i] |= byte(1<<host - 1)
	}
	last, _ := netip.AddrFromSlice(ip)
	return last
}
