package conf

import (
	"fmt"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
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
	{lineOption{"peer", "IP", "the other end of a point-to-point link", unbuilt}, (*loader).addressPeer, ""},
	{lineOption{"preferred_lft", "N|forever", "seconds for which IPv6 prefers it as a source; 0 for a /128, else forever", unbuilt}, (*loader).addressLifetime, ""},
	{lineOption{"home", "", "flag of IPv6: home address of a mobile node", unbuilt}, (*loader).addressFlag, ""},
	{lineOption{"-nodad", "", "flag of IPv6: no duplicate address detection, which tandem leaves out anyway", applied}, (*loader).addressFlag, ""},
	{lineOption{"mngtmpaddr", "", "flag of IPv6: the kernel makes temporary addresses of it", unbuilt}, (*loader).addressFlag, ""},
	{lineOption{"noprefixroute", "", "no route to its network", unbuilt}, (*loader).addressFlag, ""},
	{lineOption{"autojoin", "", "joins its multicast group", unbuilt}, (*loader).addressFlag, ""},
	{lineOption{"no_track", "", "its loss does not matter", unbuilt}, (*loader).addressFlag, ""},
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
	peer, _, _ := strings.Cut(value.Text, "/")
	ip, ok := parseAddr(peer)
	switch {
	case !ok:
		return l.drop(a, value, "peer "+quote(value.Text), "it is no IP address")
	case ip.Is4() != a.Prefix.Addr().Is4():
		return l.drop(a, value, "peer "+quote(value.Text), "it is of the other family")
	case a.length:
		return l.drop(a, option, "peer", "the prefix length belongs to the peer, not to the address")
	}
	return true
}

func (l *loader) addressLifetime(a *addressLine, _, value syntax.Word) bool {
	if _, ok := whole(value.Text, 0, 1<<32-1); !ok && value.Text != "forever" {
		return l.drop(a, value, "preferred_lft "+quote(value.Text), "it takes a number of seconds, or forever")
	}
	return true
}

func (l *loader) addressFlag(*addressLine, syntax.Word, syntax.Word) bool { return true }
