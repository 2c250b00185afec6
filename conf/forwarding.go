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
// order. An option that the type has not is left out, for the packets arrive
// without it; a type or a port that cannot be costs the statement.
func (l *loader) tunnel(s *syntax.Statement, options []syntax.Word, t *ipvs.TunnelOptions) bool {
	name, checksum, port := "ipip", syntax.Word{Text: "nocsum"}, syntax.Word{}
	bad := func(w syntax.Word, hint, format string, args ...any) bool {
		l.errorf(w.Pos, hint, "%s TUN is ignored: "+format, append([]any{s.Keyword()}, args...)...)
		return false
	}
	for i := 0; i < len(options); i++ {
		switch w := options[i]; w.Text {
		case "type", "port":
			if i++; i == len(options) {
				return bad(w, "", "%s lacks a value", w.Text)
			}
			if w.Text == "port" {
				port = options[i]
			} else if name = options[i].Text; !slices.Contains([]string{"ipip", "gue", "gre"}, name) {
				return bad(options[i], hintFor(name), "there is no tunnel type %s: it takes ipip, gue or gre", quote(name))
			}
		case "nocsum", "csum", "remcsum":
			checksum = w
		default:
			l.errorf(w.Pos, hintFor(w.Text), "%s TUN: %s is ignored: it takes type, port, nocsum, csum and remcsum", s.Keyword(), quote(w.Text))
		}
	}
	kind := tunnelTypes[name]
	t.Type = kind.id
	switch n, ok := whole(port.Text, 1, math.MaxUint16); {
	case kind.id == ipvs.GUE && port.Text == "":
		return bad(s.Words[1], "write port N, on which the real servers take it; 6080 is the usual one", "type gue needs a port")
	case kind.id == ipvs.GUE && !ok:
		return bad(port, hintFor(port.Text), "the port %s is not a number from 1 to 65535", quote(port.Text))
	case kind.id == ipvs.GUE:
		t.Port = uint16(n)
	case port.Text != "":
		l.errorf(port.Pos, "only gue has one", "%s TUN: the port is ignored: %s has none", s.Keyword(), name)
	}
	switch {
	case !slices.Contains(kind.checksums, checksum.Text):
		l.errorf(checksum.Pos, "", "%s TUN: %s is ignored: %s takes %s only", s.Keyword(), checksum.Text, name, strings.Join(kind.checksums, ", "))
	case checksum.Text == "csum":
		t.Flags = ipvs.TunnelCsum
	case checksum.Text == "remcsum":
		t.Flags = ipvs.TunnelRemcsum
	}
	return true
}
