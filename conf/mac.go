package conf

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp"
)

// ownLine is use_vmac or use_ipvlan while its instance is read.
type ownLine struct {
	keyword string
	words   []string // what of the line counts, as it is shown again
	pos     syntax.Pos
	vrrp.Subinterface
	group string
}

// macRows are the keywords about an interface of the instance's own: one with
// the MAC address of the virtual router (RFC 9568 section 7.3).
func macRows() []row[instance] {
	return []row[instance]{
		custom("use_vmac", "[[name] IF] [MAC] [netlink_notify_msg] [group GROUP]", (*instance).setVMAC).
			shown(func(in *instance) []Node { return in.own.show("use_vmac") }).
			doc("off", "the virtual addresses are on an interface with the virtual router's own MAC address").
			departing("the interface is up only while the instance is master, so that a backup never emits a frame with that address"),
		plain("use_vmac_addr", func(in *instance) *bool { return &in.vmacAddr }).
			doc("", "so are virtual addresses with a dev of their own"),
		plain("vmac_xmit_base", func(in *instance) *bool { return &in.xmitBase }).
			doc("on with unicast_peer", "adverts leave with the MAC address of the interface below the VMAC"),
		custom("use_ipvlan", "[[name] IF] [IP] [bridge|private|vepa] [group GROUP]", (*instance).setIPVLAN).
			shown(func(in *instance) []Node { return in.own.show("use_ipvlan") }).
			doc("off", "the virtual addresses are on an interface of their own with the MAC address of the one below"),
	}
}

// show gives the line where it is of the keyword.
func (o *ownLine) show(keyword string) []Node {
	if o == nil || o.keyword != keyword {
		return nil
	}
	return statement(keyword, anyOf(o.words)...)
}

// setVMAC reads the options of use_vmac, in any order.
func (in *instance) setVMAC(l *loader, s *syntax.Statement) {
	o := &ownLine{Subinterface: vrrp.Subinterface{Kind: vrrp.MACVLAN}}
	in.setOwn(l, s, o, func(w syntax.Word) (why string, mine bool) {
		if w.Text == "netlink_notify_msg" {
			return "", true // tandem always follows what the kernel tells.
		}
		if !strings.Contains(w.Text, ":") {
			return "", false
		}
		mac, err := net.ParseMAC(w.Text)
		switch {
		case err != nil || len(mac) != 6:
			return "it is no MAC address of six bytes", true
		case mac[0]&1 != 0:
			return "it is the MAC address of a group", true
		case strings.HasPrefix(mac.String(), "00:00:5e:00:01:"), strings.HasPrefix(mac.String(), "00:00:5e:00:02:"):
			return "that of the virtual router is taken without being said", true
		}
		o.MAC = [6]byte(mac)
		return "", true
	})
}

// setIPVLAN reads the options of use_ipvlan, in any order.
func (in *instance) setIPVLAN(l *loader, s *syntax.Statement) {
	o := &ownLine{Subinterface: vrrp.Subinterface{Kind: vrrp.IPVLAN}}
	in.setOwn(l, s, o, func(w syntax.Word) (why string, mine bool) {
		switch w.Text {
		case "bridge":
			o.Mode = vrrp.IPVLANBridge
		case "private":
			o.Mode = vrrp.IPVLANPrivate
		case "vepa":
			o.Mode = vrrp.IPVLANVEPA
		default:
			text, _, slash := strings.Cut(w.Text, "/")
			a, isAddr := parseAddr(text)
			if !isAddr {
				return "", false
			}
			o.Address = netip.PrefixFrom(a, a.BitLen())
			if slash {
				p, err := netip.ParsePrefix(w.Text)
				if err != nil {
					return "its prefix length cannot be", true
				}
				o.Address = p
			}
		}
		return "", true
	})
}

// setOwn reads the options that all interfaces on top of another have: a name,
// and a group; own reads one of its kind, and says what is wrong with it. As in
// keepalived a wrong word is left out and the rest counts.
func (in *instance) setOwn(l *loader, s *syntax.Statement, o *ownLine, own func(syntax.Word) (why string, mine bool)) {
	if in.own != nil && in.own.keyword != s.Keyword() {
		l.seeing(Error, s.Pos, in.own.pos, "remove one of the two", "%s is ignored: there is %s already, in %s", s.Keyword(), in.own.keyword, in.own.pos.LineFrom(s.Pos))
		return
	}
	o.keyword, o.pos = s.Keyword(), s.Pos
	args, named := s.Args(), false
	drop := func(w syntax.Word, why string) {
		l.warnf(w.Pos, hintFor(w.Text), "%s: %s is left out: %s", s.Keyword(), quote(w.Text), why)
	}
	for i := 0; i < len(args); i++ {
		w := args[i]
		why, mine := own(w)
		switch {
		case w.Text == "group" && i+1 < len(args):
			i++
			if !iprouteName(args[i].Text, maxNumber) {
				drop(args[i], "a group is a number or a name of iproute2")
				continue
			}
			o.group = args[i].Text
			o.words = append(o.words, w.Text, args[i].Text)
			continue
		case w.Text == "name" && i+1 < len(args):
			i++
			w, mine = args[i], false
		case w.Text == "name" || w.Text == "group":
			drop(w, "it lacks a value")
			continue
		}
		switch {
		case why != "":
			drop(w, why)
		case mine:
			o.words = append(o.words, w.Text)
		case named:
			drop(w, "the interface has a name already")
		case !interfaceName(w.Text):
			drop(w, badInterface)
		default:
			named, o.Name = true, w.Text
			o.words = append(o.words, w.Text)
		}
	}
	in.own = o
}

// judgeOwn drops what has no meaning without an interface of its own.
func (in *instance) judgeOwn(l *loader) {
	if in.xmitBase && in.own == nil {
		l.errorf(in.met.at(in.pos, "vmac_xmit_base"), "", "vmac_xmit_base is ignored: there is no use_vmac")
		in.xmitBase = false
	}
	if in.vmacAddr && in.own == nil {
		l.errorf(in.met.at(in.pos, "use_vmac_addr"), "", "use_vmac_addr is ignored: there is no use_vmac")
		in.vmacAddr = false
	}
}

// finishOwn completes the interface of an instance, whose name may be that of
// its virtual router and must be no other's.
func (in *instance) finishOwn(l *loader, taken map[string]bool) {
	if in.own == nil {
		return
	}
	o := in.own.Subinterface
	family := ""
	if in.family() == 6 {
		family = "6"
	}
	prefix := l.global.vmacPrefix
	again := ""
	if o.Name == "" {
		for n := 2; ; n++ {
			o.Name = fmt.Sprintf("%s%s.%d%s", prefix, family, in.VRID, again)
			if !taken[o.Name] {
				break
			}
			again = fmt.Sprintf("-%d", n) // The VRID is another router's on another interface.
		}
	}
	if !interfaceName(o.Name) {
		l.errorf(in.own.pos, "write a name behind it", "%s is ignored: %s would be the name of the interface, and %s", in.own.keyword, quote(o.Name), badInterface)
		in.own = nil
		return
	}
	if taken[o.Name] {
		l.errorf(in.own.pos, "write another name", "%s is ignored: another instance has an interface %s", in.own.keyword, quote(o.Name))
		in.own = nil
		return
	}
	taken[o.Name] = true
	if o.Kind == vrrp.MACVLAN && o.MAC == ([6]byte{}) {
		// RFC 9568 section 7.3.
		o.MAC = [6]byte{0x00, 0x00, 0x5e, 0x00, 0x01, in.VRID}
		if family != "" {
			o.MAC[4] = 0x02
		}
	}
	// A peer elsewhere is reached by a router, which must not learn the virtual MAC
	// for the address that adverts come from.
	o.XmitBase = in.xmitBase || len(in.Peers) > 0
	if in.vmacAddr {
		if l.global.vmacAddrPrefix != "" {
			prefix = l.global.vmacAddrPrefix
		}
		o.ForAll, o.AddressPrefix = true, fmt.Sprintf("%s%s.%d%s", prefix, family, in.VRID, again)
	}
	names := &resolver{host: l.options.Host}
	if in.own.group != "" {
		o.Group = names.group(in.own.group)
		l.resolvedGroup(names, in.own)
	}
	in.Own = &o
}

// resolvedGroup reports a group that has no number; the interface is in none then.
func (l *loader) resolvedGroup(names *resolver, o *ownLine) {
	if names.unknown != "" {
		l.warnf(o.pos, "write its number", "%s: no number is known for %s: the interface is in the default one", o.keyword, names.unknown)
	}
}

// trackNoOwn drops the tracking of an interface that is up only while an instance
// is master: it would keep a backup from ever being one.
func (in *instance) trackNoOwn(l *loader, own map[string]bool) {
	in.Track = slices.DeleteFunc(in.Track, func(t vrrp.TrackInterface) bool {
		if own[t.Name] {
			l.errorf(in.dropUse("track_interface", t.Name), "track the interface below it",
				"track_interface %s is ignored: it is up only while its instance is master", t.Name)
		}
		return own[t.Name]
	})
}
