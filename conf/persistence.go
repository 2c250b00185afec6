package conf

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/ipvs"
)

// setPersistence reads a number of whole seconds; one that cannot be means no
// persistence, not the default (keepalived's rule).
func (v *service) setPersistence(l *loader, s *syntax.Statement) {
	v.IPVS.Timeout = defaultPersistence
	if len(s.Args()) == 0 {
		return
	}
	w := s.Words[1]
	n, ok := whole(w.Text, 1, maxTimeout)
	if !ok {
		hint := hintFor(w.Text)
		if w.Text == "0" {
			hint = "to have no persistence, remove the line"
		}
		l.errorf(w.Pos, hint, "persistence_timeout %s is not a number from 1 to %d: clients do not persist", quote(w.Text), maxTimeout)
		n = 0
	}
	v.IPVS.Timeout = time.Duration(n) * time.Second
}

// setGranularity reads an IPv4 mask or an IPv6 prefix length.
func (v *service) setGranularity(l *loader, s *syntax.Statement) {
	w := s.Words[1]
	if n, ok := whole(w.Text, 1, 128); ok && v.Key.Family != ipvs.IPv4 {
		v.IPVS.Granularity, v.masked = uint8(n), ipvs.IPv6
		return
	}
	mask, ok := parseAddr(w.Text)
	if ok && mask.Is4() && v.Key.Family != ipvs.IPv6 {
		b := mask.As4()
		n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		if ones := bits.LeadingZeros32(^n); ones > 0 && n<<ones == 0 {
			v.IPVS.Granularity, v.masked = uint8(ones), ipvs.IPv4
			return
		}
	}
	l.invalid(s.Keyword(), w, "it takes a mask such as 255.255.255.0 for IPv4, a prefix length for IPv6")
}

// showGranularity is a granularity that is not that of each client.
func (v *service) showGranularity() []Node {
	n := v.IPVS.Granularity
	switch {
	case n == 0 || n == v.Key.Family.HostPrefix():
		return nil
	case v.Key.Family == ipvs.IPv6:
		return statement("persistence_granularity", int(n))
	}
	var mask [4]byte
	binary.BigEndian.PutUint32(mask[:], math.MaxUint32<<(32-n))
	return statement("persistence_granularity", netip.AddrFrom4(mask))
}

// setEngine reads the persistence engine, which finds a client in the packet
// itself. The kernel has one (net/netfilter/ipvs/ip_vs_pe_sip.c).
func (v *service) setEngine(l *loader, s *syntax.Statement) {
	if w := s.Words[1]; w.Text == "sip" {
		v.IPVS.PE = w.Text
	} else {
		l.invalid(s.Keyword(), w, "it takes sip, the only one there is")
	}
}

// judgePersistence completes the persistence. IPVS takes a service on port 0,
// which stands for all ports, only with it.
func (v *service) judgePersistence(l *loader) {
	host := v.Key.Family.HostPrefix()
	if v.masked != 0 && v.masked != v.Key.Family {
		l.errorf(v.met.at(v.pos, "persistence_granularity"), "", "persistence_granularity is ignored: it is one for %s", v.masked)
		v.IPVS.Granularity = 0
	}
	if v.IPVS.Timeout == 0 && v.IPVS.Granularity != 0 && !v.met.has("persistence_timeout") {
		v.IPVS.Timeout = defaultPersistence
	}
	allPorts := slices.ContainsFunc(v.keys(), func(k ipvs.Key) bool { return k.FWMark == 0 && k.Addr.Port() == 0 })
	if v.IPVS.Timeout == 0 && allPorts {
		v.IPVS.Timeout = defaultPersistence
		l.errorf(v.pos, "write persistence_timeout", "a service without a port is persistent: %s seconds are used", inSeconds(v.IPVS.Timeout))
	}
	if v.IPVS.Timeout > 0 {
		v.IPVS.Flags |= ipvs.Persistent
	}
	if v.IPVS.Granularity == 0 || v.IPVS.Timeout == 0 {
		v.IPVS.Granularity = host
	}
	v.judgeEngine(l)
}

// judgeEngine drops a persistence engine that would do harm or nothing. sip
// reads UDP only, and the kernel drops what its engine cannot read
// (ip_vs_sip_fill_param in ip_vs_pe_sip.c, ip_vs_sched_persist in ip_vs_core.c).
func (v *service) judgeEngine(l *loader) {
	notUDP := slices.ContainsFunc(v.keys(), func(k ipvs.Key) bool { return k.FWMark == 0 && k.Protocol != ipvs.UDP }) ||
		slices.ContainsFunc(v.matches, func(m mark) bool { return m.Protocol != ipvs.UDP })
	why := ""
	switch {
	case v.IPVS.PE == "":
		return
	case notUDP:
		why = "it reads UDP only, and the kernel would drop every other connection"
	case v.IPVS.Timeout == 0:
		why = "without persistence_timeout nobody asks it"
	default:
		return
	}
	l.errorf(v.met.at(v.pos, "persistence_engine"), "", "persistence_engine %s is ignored: %s", v.IPVS.PE, why)
	v.IPVS.PE = ""
}
