package conf

import (
	"math"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// methodArgs is what stands behind lb_kind and lvs_method. They may stand alone
// here, so that method says what that costs.
const methodArgs = "[NAT|DR|TUN|FULLNAT] [OPTION ...]"

// method is lb_kind with its options.
type method struct {
	forwarding ipvs.Forwarding
	fullNAT    bool // NAT that changes the source too
	tunnel     ipvs.TunnelOptions
}

// String is the method as the file spells it.
func (m method) String() string {
	if m.fullNAT {
		return "FULLNAT"
	}
	return m.forwarding.String()
}

// showMethod is a forwarding method with its options; nil: nothing is said.
func showMethod(keyword string, m *method) []Node {
	if m == nil {
		return nil
	}
	values := []any{m.String()}
	if t := m.tunnel; m.forwarding == ipvs.Tunnel && t != (ipvs.TunnelOptions{}) {
		values = append(values, "type", t.Type.String())
		if t.Port != 0 {
			values = append(values, "port", int(t.Port))
		}
		switch t.Flags {
		case ipvs.TunnelCsum:
			values = append(values, "csum")
		case ipvs.TunnelRemcsum:
			values = append(values, "remcsum")
		}
	}
	return statement(keyword, values...)
}

// methods are the forwarding methods of the file. FULLNAT is tandem's own: IPVS
// does NAT for it, and tandem's nftables table changes the source.
var methods = map[string]method{
	"NAT":     {forwarding: ipvs.NAT},
	"DR":      {forwarding: ipvs.DR},
	"TUN":     {forwarding: ipvs.Tunnel},
	"FULLNAT": {forwarding: ipvs.NAT, fullNAT: true},
}

// method reads a forwarding method; a tunnel may have a type, a port and a
// checksum. One that cannot be costs what it was written for: with another one
// packets would go where nobody sent them, and replies would not come back. NAT,
// which keepalived takes then, would make this host a router as well.
func (l *loader) method(s *syntax.Statement) (method, bool) {
	if len(s.Args()) == 0 {
		l.errorf(s.Pos, "", "%s lacks a value: %s", s.Keyword(), lost(s))
		return method{}, false
	}
	w := s.Words[1]
	m, ok := methods[w.Text]
	if !ok {
		want, hint := "it takes NAT, DR, TUN or FULLNAT", hintFor(w.Text)
		switch upper := strings.ToUpper(w.Text); {
		case upper == "FNAT": // what other dialects of LVS call it
			hint = "did you mean FULLNAT?"
		case methods[upper] != (method{}) || upper == "NAT":
			want += ", in capitals"
		}
		l.errorf(w.Pos, hint, "%s %s: %s: %s", s.Keyword(), quote(w.Text), lost(s), want)
		return m, false
	}
	if options := s.Args()[1:]; m.forwarding == ipvs.Tunnel {
		return m, l.tunnel(s, options, &m.tunnel)
	} else if len(options) > 0 {
		l.errorf(options[0].Pos, "only TUN has options", "%s %s: %s is ignored", s.Keyword(), m, quote(options[0].Text))
	}
	return m, true
}

// unreadMethod reports a block whose forwarding method is behind a variable or a
// condition. It is no block without one.
func (l *loader) unreadMethod(s *syntax.Statement) bool {
	for _, inner := range s.Block {
		for _, w := range inner.Words[:min(2, len(inner.Words))] {
			if inner.Skip && (w.Text == "lb_kind" || w.Text == "lvs_method") {
				l.errorf(w.Pos, "", "%s cannot be read: the block is ignored", w.Text)
				return true
			}
		}
	}
	return false
}

// misspeltMethod reports a virtual_server whose forwarding method is misspelt: NAT,
// which it would have without one, is hardly what was meant.
func (l *loader) misspeltMethod(s *syntax.Statement) bool {
	for _, inner := range s.Block {
		word := inner.Keyword()
		if _, known := serviceBlock.find(word); known {
			continue
		}
		near := syntax.Nearest(word, l.words().blocks["virtual_server"])
		if near == "lb_kind" || near == "lvs_method" || strings.HasPrefix(word, "lb_kind") || strings.HasPrefix(word, "lvs_method") {
			l.errorf(inner.Pos, "", "the block is ignored: what should be its forwarding method cannot be read")
			return true
		}
	}
	return false
}

// lost says what a forwarding method that cannot be costs.
func lost(s *syntax.Statement) string {
	if s.Keyword() == "sorry_server_lvs_method" {
		return "the sorry server is ignored"
	}
	return "the block is ignored"
}

// tunnelTypes are those that the kernel can wrap packets in, and the checksum
// options of each (net/netfilter/ipvs/ip_vs_xmit.c).
var tunnelTypes = map[string]struct {
	id        ipvs.TunnelType
	checksums []string
}{
	"ipip": {ipvs.IPIP, []string{"nocsum"}},
	"gue":  {ipvs.GUE, []string{"nocsum", "csum", "remcsum"}},
	"gre":  {ipvs.GRE, []string{"nocsum", "csum"}},
}

// tunnel reads [type ipip|gue|gre] [port N] [nocsum|csum|remcsum], in any
// order. A type or a port that cannot be, or a word that may have been meant as
// one, costs the method: packets would arrive in a wrapping that the real server
// does not open.
func (l *loader) tunnel(s *syntax.Statement, options []syntax.Word, t *ipvs.TunnelOptions) bool {
	name := "ipip"
	var port, checksum syntax.Word
	for i := 0; i < len(options); i++ {
		w := options[i]
		switch w.Text {
		case "type", "port":
			if i++; i == len(options) {
				l.errorf(w.Pos, "", "%s TUN: %s: %s lacks a value", s.Keyword(), lost(s), w.Text)
				return false
			}
			if w.Text == "port" {
				port = options[i]
			} else if name = options[i].Text; tunnelTypes[name].checksums == nil {
				l.errorf(options[i].Pos, hintFor(name), "%s TUN: %s: there is no tunnel type %s: it takes ipip, gue or gre", s.Keyword(), lost(s), quote(name))
				return false
			}
		case "nocsum", "csum", "remcsum":
			checksum = w
		default:
			l.errorf(w.Pos, hintFor(w.Text), "%s TUN: %s: it takes type, port, nocsum, csum and remcsum, not %s", s.Keyword(), lost(s), quote(w.Text))
			return false
		}
	}
	t.Type = tunnelTypes[name].id
	t.Flags = l.tunnelChecksum(s, name, checksum)
	return l.tunnelPort(s, name, port, t)
}

// tunnelPort sets the port, which GUE needs and the others have not.
func (l *loader) tunnelPort(s *syntax.Statement, name string, port syntax.Word, t *ipvs.TunnelOptions) bool {
	n, ok := whole(port.Text, 1, math.MaxUint16)
	switch {
	case t.Type != ipvs.GUE && port.Text != "":
		l.errorf(port.Pos, "write type gue", "%s TUN: %s: type %s has no port", s.Keyword(), lost(s), name)
		return false
	case t.Type != ipvs.GUE:
	case port.Text == "":
		l.errorf(s.Words[1].Pos, "write port N, on which the real servers take it; 6080 is the usual one", "%s TUN: %s: type gue needs a port", s.Keyword(), lost(s))
		return false
	case !ok:
		l.errorf(port.Pos, hintFor(port.Text), "%s TUN: %s: the port %s is not a number from 1 to 65535", s.Keyword(), lost(s), quote(port.Text))
		return false
	default:
		t.Port = uint16(n)
	}
	return true
}

// tunnelChecksum reads the checksum; one that the type has not is left out, for
// the packets arrive without it.
func (l *loader) tunnelChecksum(s *syntax.Statement, name string, w syntax.Word) ipvs.TunnelFlags {
	takes := tunnelTypes[name].checksums
	switch {
	case w.Text == "":
	case !slices.Contains(takes, w.Text):
		l.errorf(w.Pos, "", "%s TUN: %s is ignored: %s takes %s only", s.Keyword(), w.Text, name, strings.Join(takes, ", "))
	case w.Text == "csum":
		return ipvs.TunnelCsum
	case w.Text == "remcsum":
		return ipvs.TunnelRemcsum
	}
	return 0
}
