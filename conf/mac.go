package conf

import (
	"net"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// macRows are the keywords about an interface of the instance's own: one with
// the MAC address of the virtual router (RFC 9568 section 7.3).
func macRows() []row[instance] {
	return []row[instance]{
		custom("use_vmac", "[[name] IF] [MAC] [netlink_notify_msg] [group GROUP]", checkVMAC).later().
			meanwhile("the virtual addresses are on the interface itself and have its MAC address").
			doc("", "the virtual addresses are on an interface with the virtual router's own MAC address"),
		plain[instance]("use_vmac_addr", nil).later().doc("", "so are virtual addresses with a dev of their own"),
		plain[instance]("vmac_xmit_base", nil).later().doc("", "adverts leave by the interface below the VMAC"),
		custom("use_ipvlan", "[[name] IF] [IP] [bridge|private|vepa] [group GROUP]", checkIPVLAN).later().
			meanwhile("the virtual addresses are on the interface itself").
			doc("", "the virtual addresses are on an interface of their own with the MAC address of the one below"),
	}
}

// checkVMAC checks the options of use_vmac, in any order.
func checkVMAC(_ *instance, l *loader, s *syntax.Statement) {
	l.subinterface(s, func(w syntax.Word) bool {
		switch {
		case w.Text == "netlink_notify_msg":
		case strings.Contains(w.Text, ":"):
			if mac, err := net.ParseMAC(w.Text); err != nil || len(mac) != 6 || mac[0]&1 != 0 {
				l.invalid("use_vmac", w, "it takes a unicast MAC address of six bytes, such as 00:00:5e:00:01:0a")
			}
		default:
			return false
		}
		return true
	})
}

// checkIPVLAN checks the options of use_ipvlan, in any order.
func checkIPVLAN(_ *instance, l *loader, s *syntax.Statement) {
	l.subinterface(s, func(w syntax.Word) bool {
		text, _, _ := strings.Cut(w.Text, "/")
		_, isAddr := parseAddr(text)
		return isAddr || w.Text == "bridge" || w.Text == "private" || w.Text == "vepa"
	})
}

// subinterface reads the options that all interfaces on top of another have: a
// name, and a group; own reads one of its kind. What is wrong costs its word
// only.
func (l *loader) subinterface(s *syntax.Statement, own func(syntax.Word) bool) {
	args, named := s.Args(), false
	for i := 0; i < len(args); i++ {
		w := args[i]
		switch w.Text {
		case "name", "group":
			if i++; i == len(args) {
				l.errorf(w.Pos, "", "%s: %s lacks a value", s.Keyword(), w.Text)
				return
			}
			if w.Text == "name" {
				named = l.interfaceName(s, args[i], Error)
			} else if !iprouteName(args[i].Text, 1<<32-1) {
				l.invalid(s.Keyword()+" group", args[i], "it takes a number or a name of iproute2")
			}
			continue
		}
		switch {
		case own(w):
		case named:
			l.errorf(w.Pos, "", "%s: %s is ignored: the interface has a name already", s.Keyword(), quote(w.Text))
		default:
			named = l.interfaceName(s, w, Error)
		}
	}
}
