package conf

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// addressOption is a word that may stand behind an address. read applies it, or
// reports why it is ignored; false means that the address is lost with it: it
// would go somewhere else than where the line wants it.
type addressOption struct {
	lineOption
	read func(*loader, *addressLine, syntax.Word, syntax.Word) bool
	only string // the kind of block that may have it; empty: any
}

// addressOptions are all of them. Those that are not built are checked.
var addressOptions = []addressOption{
	{lineOption{"dev", "IF", "the interface that it is set on; default is that of the instance", applied}, (*loader).addressDev, ""},
	{lineOption{"brd", "IP|+|-", "broadcast address of IPv4; + and - make it of the prefix, with its host bits set or clear", applied}, (*loader).addressBroadcast, ""},
	{lineOption{"broadcast", "IP|+|-", "another name of brd", applied}, (*loader).addressBroadcast, ""},
	{lineOption{"scope", "NAME|N", "scope of IPv4: global, site, link, host, nowhere or a number", applied}, (*loader).addressScope, ""},
	{lineOption{"label", "NAME", "label of IPv4, as ip address show has it", applied}, (*loader).addressLabel, ""},
	{lineOption{"peer", "IP[/LEN]", "the other end of a point-to-point link, and the network behind it", applied}, (*loader).addressPeer, ""},
	{lineOption{"preferred_lft", "N|forever", "seconds for which IPv6 prefers it as a source, from when it is set; 0 for a /128, else forever", applied}, (*loader).addressLifetime, ""},
	{lineOption{"home", "", "flag of IPv6: home address of a mobile node", applied}, (*loader).addressFlag, ""},
	{lineOption{"-nodad", "", "flag of IPv6: no duplicate address detection, which tandem leaves out anyway", applied}, (*loader).addressFlag, ""},
	{lineOption{"mngtmpaddr", "", "flag of a /64 of IPv6: the kernel makes temporary addresses of it", applied}, (*loader).addressFlag, ""},
	{lineOption{"noprefixroute", "", "no route to its network", applied}, (*loader).addressFlag, ""},
	{lineOption{"autojoin", "", "ignored: it is for addresses of multicast, and the kernel refuses any other with it", departs}, (*loader).addressAutojoin, ""},
	{lineOption{"no_track", "", "it is not put back when somebody else removes it", applied}, (*loader).addressFlag, ""},
	{lineOption{"use_vmac", "", "on a virtual MAC of its interface", unbuilt}, (*loader).addressFlag, "virtual"},
	{lineOption{"track_group", "NAME", "the instances of that track_group are in fault while it is missing", applied}, (*loader).addressTrackGroup, "static"},
}

// optionOf finds an option by its word.
func optionOf(word string) (addressOption, bool) {
	for _, o := range addressOptions {
		if o.name == word {
			return o, true
		}
	}
	return addressOption{}, false
}

// lose reports an option whose value costs the address.
func (l *loader) lose(a *addressLine, option, value syntax.Word, why string) bool {
	l.errorf(value.Pos, "", "address %s is ignored: %s %s: %s", a.Prefix.Addr(), option.Text, quote(value.Text), why)
	return false
}

// drop reports an option that is ignored.
func (l *loader) drop(a *addressLine, at syntax.Word, option, why string) bool {
	l.errorf(at.Pos, "", "address %s: %s is ignored: %s", a.Prefix.Addr(), option, why)
	return true
}

func (l *loader) addressDev(a *addressLine, option, value syntax.Word) bool {
	if a.dev.Text != "" {
		l.errorf(option.Pos, "", "address %s is ignored: it has more than one dev", a.Prefix.Addr())
		return false
	}
	filled, err := l.fill(option.Text, value)
	if err != nil {
		return l.lose(a, option, value, err.Error())
	}
	if value = filled; !interfaceName(value.Text) {
		return l.lose(a, option, value, badInterface)
	}
	a.dev, a.Dev = value, value.Text
	return true
}

func (l *loader) addressBroadcast(a *addressLine, option, value syntax.Word) bool {
	if a.Prefix.Addr().Is6() {
		return l.lose(a, option, value, "IPv6 has no broadcast")
	}
	brd, ok := parseBroadcast(value.Text, a.Prefix)
	switch {
	case !ok && (value.Text == "+" || value.Text == "-"):
		return l.drop(a, option, "brd "+value.Text, fmt.Sprintf("a prefix of length %d has no broadcast address", a.Prefix.Bits()))
	case !ok:
		return l.lose(a, option, value, "it takes an IPv4 address, or + or -")
	}
	a.Broadcast = brd
	return true
}

func (l *loader) addressScope(a *addressLine, option, value syntax.Word) bool {
	scope, ok := parseScope(value.Text)
	switch {
	case a.Prefix.Addr().Is6():
		return l.drop(a, option, "scope", "IPv6 has none")
	case !ok:
		return l.drop(a, value, "scope "+quote(value.Text), "it takes global, site, link, host or a number")
	}
	a.Scope = scope
	return true
}

func (l *loader) addressLabel(a *addressLine, option, value syntax.Word) bool {
	switch {
	case a.Prefix.Addr().Is6():
		return l.drop(a, option, "label", "IPv6 has none")
	case len(value.Text) > 15:
		return l.lose(a, option, value, "a label has at most 15 bytes")
	}
	a.Label = value.Text
	return true
}

func (l *loader) addressPeer(a *addressLine, option, value syntax.Word) bool {
	text, length, slash := strings.Cut(value.Text, "/")
	ip, ok := parseAddr(text)
	bits, fits := ip.BitLen(), true
	if slash {
		bits, fits = whole(length, 0, bits)
	}
	switch {
	case !ok:
		return l.drop(a, value, "peer "+quote(value.Text), "it is no IP address")
	case ip.Is4() != a.Prefix.Addr().Is4():
		return l.drop(a, value, "peer "+quote(value.Text), "it is of the other family")
	case a.length:
		return l.drop(a, option, "peer", "the prefix length belongs to the peer, not to the address")
	case !fits:
		return l.drop(a, value, "peer "+quote(value.Text), fmt.Sprintf("its prefix length is not a number from 0 to %d", ip.BitLen()))
	case ip == a.Prefix.Addr():
		return l.drop(a, option, "peer", "it is the address itself")
	}
	a.Peer = netip.PrefixFrom(ip, bits)
	return true
}

func (l *loader) addressLifetime(a *addressLine, option, value syntax.Word) bool {
	n, ok := whole(value.Text, 0, 1<<32-1)
	switch {
	case !ok && value.Text != "forever":
		return l.drop(a, value, "preferred_lft "+quote(value.Text), "it takes a number of seconds, or forever")
	case a.Prefix.Addr().Is4():
		return l.drop(a, option, "preferred_lft", "only IPv6 has it")
	case value.Text == "forever" || n == 1<<32-1:
		a.Preferred = vrrp.Lifetime{Mode: vrrp.LifetimeInfinite}
	default:
		a.Preferred = vrrp.Lifetime{Mode: vrrp.LifetimeFixed, For: time.Duration(n) * time.Second}
	}
	return true
}

// addressFlags are the options that are a flag of an address.
var addressFlags = []struct {
	name string
	of   func(*vrrp.Address) *bool
	six  bool // only IPv6 has it
	bits int  // the only prefix length that has it; 0: any
}{
	{"home", func(a *vrrp.Address) *bool { return &a.Home }, true, 0},
	{"mngtmpaddr", func(a *vrrp.Address) *bool { return &a.Temporary }, true, 64},
	{"noprefixroute", func(a *vrrp.Address) *bool { return &a.NoPrefixRoute }, false, 0},
	{"no_track", func(a *vrrp.Address) *bool { return &a.NoTrack }, false, 0},
}

func (l *loader) addressFlag(a *addressLine, option, _ syntax.Word) bool {
	for _, f := range addressFlags {
		switch {
		case f.name != option.Text:
		case f.six && a.Prefix.Addr().Is4():
			return l.drop(a, option, f.name, "only IPv6 has it")
		case f.bits != 0 && a.Prefix.Bits() != f.bits:
			// The kernel would refuse the address.
			return l.drop(a, option, f.name, fmt.Sprintf("only an address with the prefix length %d can have it", f.bits))
		default:
			*f.of(&a.Address) = true
		}
	}
	return true
}

// addressAutojoin ignores a flag with which no virtual address could be set.
func (l *loader) addressAutojoin(a *addressLine, option, _ syntax.Word) bool {
	return l.drop(a, option, option.Text, "it is for addresses of multicast: the kernel would refuse this one with it")
}
