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
			doc("off", "the virtual addresses are on an interface with the virtual router's own MAC address"),
		plain[instance]("use_vmac_addr", nil).later().doc("", "so are virtual addresses with a dev of their own"),
		plain[instance]("vmac_xmit_base", nil).later().doc("", "adverts leave by the interface below the VMAC"),
		custom("use_ipvlan", "[[name] IF] [IP] [bridge|private|vepa] [group GROUP]", checkIPVLAN).later().
			meanwhile("the virtual addresses are on the interface itself").
			doc("off", "the virtual addresses are on an interface of their own with the MAC address of the one below"),
	}
}

// checkVMAC checks the options of use_vmac, in any order.
func checkVMAC(_ *instance, l *loader, s *syntax.Statement) {
	l.subinterface(s, func(w syntax.Word) (why string, mine bool) {
		if w.Text == "netlink_notify_msg" {
			return "", true
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
		return "", true
	})
}

// checkIPVLAN checks the options of use_ipvlan, in any order.
func checkIPVLAN(_ *instance, l *loader, s *syntax.Statement) {
	l.subinterface(s, func(w syntax.Word) (why string, mine bool) {
		text, _, _ := strings.Cut(w.Text, "/")
		_, isAddr := parseAddr(text)
		return "", isAddr || w.Text == "bridge" || w.Text == "private" || w.Text == "vepa"
	})
}

// subinterface reads the options that all interfaces on top of another have: a
// name, and a group; own reads one of its kind, and says what is wrong with it.
// As in keepalived a wrong word is left out and the rest counts.
func (l *loader) subinterface(s *syntax.Statement, own func(syntax.Word) (why string, mine bool)) {
	args, named := s.Args(), false
	kept := []string{s.Keyword()}
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
			kept = append(kept, w.Text, args[i].Text)
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
			kept = append(kept, w.Text)
		case named:
			drop(w, "the interface has a name already")
		case !interfaceName(w.Text):
			drop(w, badInterface)
		default:
			named = true
			kept = append(kept, w.Text)
		}
	}
	rewrite(s, kept)
}
