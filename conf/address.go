package conf

import (
	"math"
	"net/netip"
	"slices"
	"strings"

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
		a, dev, ok := l.addressLine(e)
		if !ok {
			continue
		}
		ip, pos := a.Prefix.Addr(), e.Words[0].Pos
		same := func(b vrrp.Address) bool { return b.Prefix.Addr() == ip }
		if slices.ContainsFunc(in.Addresses, same) || slices.ContainsFunc(in.Excluded, same) {
			l.errorf(pos, "", "address %s is listed twice", ip)
		} else if take(a, pos) && dev.Text != "" {
			in.use("dev", dev)
		}
	}
}

// addressLine reads one address with its options, and the word that names its
// interface. ok is false where the address cannot be used.
func (l *loader) addressLine(e *syntax.Statement) (a vrrp.Address, dev syntax.Word, ok bool) {
	if !l.shared("address", e.Words[0]) {
		return a, dev, false
	}
	if a.Prefix, ok = l.addressPrefix(e.Words[0]); !ok {
		return a, dev, false
	}
	name := a.Prefix.Addr().String()
	if why := noVirtual(a.Prefix); why != "" {
		l.errorf(e.Words[0].Pos, "", "address %s is ignored: %s", name, why)
		return a, dev, false
	}
	args := e.Args()
	for i := 0; i < len(args); i++ {
		w := args[i]
		takes, known := addressOptions[w.Text]
		if !known {
			// The address without its option is still better than none: an
			// option that is known and wrong may change where it goes, one
			// that is not known hardly does.
			hint := hintFor(w.Text)
			if _, isAddr := parseAddr(w.Text); isAddr {
				hint = "one address a line"
			}
			l.errorf(w.Pos, hint, "address %s: unknown option %s is ignored", name, quote(w.Text))
			continue
		}
		var value syntax.Word
		if takes {
			if i++; i == len(args) {
				l.errorf(w.Pos, "", "address %s is ignored: %s lacks a value", name, w.Text)
				return a, dev, false
			}
			value = args[i]
		}
		if w.Text == "dev" {
			if dev.Text != "" {
				l.errorf(w.Pos, "", "address %s is ignored: it has more than one dev", name)
				return a, dev, false
			}
			filled, err := l.fill(w.Text, value)
			if err != nil {
				l.errorf(value.Pos, "", "address %s is ignored: dev %s: %v", name, quote(value.Text), err)
				return a, dev, false
			}
			dev, value = filled, filled
		}
		if !l.addressOption(&a, w, value) {
			return a, dev, false
		}
	}
	return a, dev, true
}

// addressOptions are the words that may stand behind an address, and whether
// each takes a value.
var addressOptions = map[string]bool{
	"dev": true, "scope": true, "brd": true, "broadcast": true, "label": true,
	// Not built yet.
	"peer": true, "preferred_lft": true, "track_group": true, "home": false, "-nodad": false, "mngtmpaddr": false,
	"noprefixroute": false, "autojoin": false, "no_track": false, "use_vmac": false,
}

// addressOption applies one option; false means that the address is lost.
func (l *loader) addressOption(a *vrrp.Address, option, value syntax.Word) bool {
	ip := a.Prefix.Addr()
	lose := func(why string) bool {
		l.errorf(value.Pos, "", "address %s is ignored: %s %s: %s", ip, option.Text, quote(value.Text), why)
		return false
	}
	switch option.Text {
	case "dev":
		if !interfaceName(value.Text) {
			return lose(badInterface)
		}
		a.Dev = value.Text
	case "label":
		switch {
		case ip.Is6():
			l.errorf(option.Pos, "", "address %s: label is ignored: IPv6 has none", ip)
		case len(value.Text) > 15:
			return lose("a label has at most 15 bytes")
		default:
			a.Label = value.Text
		}
	case "scope":
		if ip.Is6() {
			l.errorf(option.Pos, "", "address %s: scope is ignored: IPv6 has none", ip)
		} else if scope, ok := parseScope(value.Text); ok {
			a.Scope = scope
		} else {
			l.errorf(value.Pos, "", "address %s: scope %s is ignored: it takes global, site, link, host or a number", ip, quote(value.Text))
		}
	case "brd", "broadcast":
		if ip.Is6() {
			return lose("IPv6 has no broadcast")
		}
		brd, ok := parseBroadcast(value.Text, a.Prefix)
		if !ok {
			return lose("it takes an IPv4 address, or + or - with a prefix length up to 30")
		}
		a.Broadcast = brd
	default:
		l.warnf(option.Pos, "", "address %s: %s is not supported yet and has no effect", ip, option.Text)
	}
	return true
}

// addressPrefix reads IP[/LEN]. Without a length, or with one that cannot be,
// it is the address alone, as in keepalived: a director whose interface has an
// address of the network already needs no second route to it.
func (l *loader) addressPrefix(w syntax.Word) (netip.Prefix, bool) {
	text, length, slash := strings.Cut(w.Text, "/")
	ip, ok := parseAddr(text)
	if !ok {
		l.errorf(w.Pos, hintFor(w.Text), "address %s is ignored: it is no IP address", quote(w.Text))
		return netip.Prefix{}, false
	}
	bits := ip.BitLen()
	if slash {
		n, ok := whole(length, 0, bits)
		if !ok {
			l.errorf(w.Pos, "", "address %s: the prefix length is not a number from 0 to %d: %d is used", quote(w.Text), bits, bits)
			n = bits
		}
		bits = n
	}
	return netip.PrefixFrom(ip, bits), true
}

// parseScope reads a scope by its name in iproute2 or its number
// (linux/rtnetlink.h, enum rt_scope_t).
func parseScope(text string) (uint8, bool) {
	switch text {
	case "global":
		return 0, true
	case "site":
		return 200, true
	case "link":
		return 253, true
	case "host":
		return 254, true
	case "nowhere":
		return 255, true
	}
	n, ok := whole(text, 0, 255)
	return uint8(n), ok
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
