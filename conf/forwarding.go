package conf

import (
	"math"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// methodArgs is what stands behind lb_kind and lvs_method.
const methodArgs = "NAT|DR|TUN|FULLNAT [OPTION ...]"

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

// methods are the forwarding methods of the file. FULLNAT is tandem's own: IPVS
// does NAT for it, and tandem's nftables table changes the source.
var methods = map[string]method{
	"NAT":     {forwarding: ipvs.NAT},
	"DR":      {forwarding: ipvs.DR},
	"TUN":     {forwarding: ipvs.Tunnel},
	"FULLNAT": {forwarding: ipvs.NAT, fullNAT: true},
}

// method reads a forwarding method; a tunnel may have a type, a port and a
// checksum.
func (l *loader) method(s *syntax.Statement) (method, bool) {
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
		l.errorf(w.Pos, hint, "%s %s is ignored: %s", s.Keyword(), quote(w.Text), want)
		return m, false
	}
	if options := s.Args()[1:]; m.forwarding == ipvs.Tunnel {
		return m, l.tunnel(s, options, &m.tunnel)
	} else if len(options) > 0 {
		l.errorf(options[0].Pos, "only TUN has options", "%s %s: %s is ignored", s.Keyword(), m, quote(options[0].Text))
	}
	return m, true
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
// order. A type or a port that cannot be costs the statement: packets would
// arrive in a wrapping that the real server does not open.
func (l *loader) tunnel(s *syntax.Statement, options []syntax.Word, t *ipvs.TunnelOptions) bool {
	name := "ipip"
	var port, checksum syntax.Word
	for i := 0; i < len(options); i++ {
		w := options[i]
		switch w.Text {
		case "type", "port":
			if i++; i == len(options) {
				l.errorf(w.Pos, "", "%s TUN is ignored: %s lacks a value", s.Keyword(), w.Text)
				return false
			}
			if w.Text == "port" {
				port = options[i]
			} else if name = options[i].Text; tunnelTypes[name].checksums == nil {
				l.errorf(options[i].Pos, hintFor(name), "%s TUN is ignored: there is no tunnel type %s: it takes ipip, gue or gre", s.Keyword(), quote(name))
				return false
			}
		case "nocsum", "csum", "remcsum":
			checksum = w
		default:
			l.errorf(w.Pos, hintFor(w.Text), "%s TUN: %s is ignored: it takes type, port, nocsum, csum and remcsum", s.Keyword(), quote(w.Text))
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
		l.errorf(port.Pos, "only gue has one", "%s TUN: the port is ignored: %s has none", s.Keyword(), name)
	case t.Type != ipvs.GUE:
	case port.Text == "":
		l.errorf(s.Words[1].Pos, "write port N, on which the real servers take it; 6080 is the usual one", "%s TUN is ignored: type gue needs a port", s.Keyword())
		return false
	case !ok:
		l.errorf(port.Pos, hintFor(port.Text), "%s TUN is ignored: the port %s is not a number from 1 to 65535", s.Keyword(), quote(port.Text))
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
