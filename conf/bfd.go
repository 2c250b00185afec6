package conf

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// bfdSession is a bfd_instance while it is read: a session of Bidirectional
// Forwarding Detection (RFC 5880).
type bfdSession struct {
	*tracked
	neighbour netip.Addr
	source    netip.Addr
}

func (b *bfdSession) to() *netip.Addr { return &b.neighbour }

var bfdBlock = block[bfdSession]{"bfd_instance", []row[bfdSession]{
	address("neighbor_ip", (*bfdSession).to).later().doc("none: it must be said", "router at the other end of the session"),
	address("neighbour_ip", (*bfdSession).to).later().otherName("neighbor_ip"),
	address("source_ip", func(b *bfdSession) *netip.Addr { return &b.source }).later().doc("that of the route to the neighbour", "address that the session's packets come from"),
	milliseconds[bfdSession]("min_rx", 1).later().doc("10", "packets may come this often"),
	milliseconds[bfdSession]("min_tx", 1).later().doc("10", "packets are sent this often"),
	milliseconds[bfdSession]("idle_tx", 1000).later().doc("1000", "packets are sent this often while the session is down"),
	custom("multiplier", "1..255", (*bfdSession).setMultiplier).later().doc("5", "how many packets must be missing until the session is down"),
	plain[bfdSession]("passive", nil).later().doc("", "the other end begins"),
	inRange[bfdSession]("ttl", 1, 255).later().doc("255, or 64 in IPv6", "TTL of the packets"),
	inRange[bfdSession]("hoplimit", 1, 255).later().otherName("ttl"),
	inRange[bfdSession]("max_hops", -1, 255).later().doc("0", "how many routers a packet may have passed; -1: any number"),
	boolean[bfdSession]("multihop", nil).later().doc("off", "the session is one over several hops (RFC 5883)"),
	trackedWeight(maxWeight, func(b *bfdSession) *tracked { return b.tracked }).later().doc("0", "what it adds to the priority; 0: its loss is a fault"),
	plain[bfdSession]("vrrp", nil).later().doc("", "its state is for vrrp_instance only"),
	plain[bfdSession]("checker", nil).later().doc("", "its state is for checks only"),
}}

// maxBFDName is the longest name that keepalived takes; a longer one would be
// unknown to what names it there.
const maxBFDName = 31

// readBFD reads a bfd_instance. One without a neighbour is none.
func readBFD(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedBFD, s)
	if t == nil {
		s.Refused = true
		return
	}
	if len(t.name) > maxBFDName {
		l.errorf(s.Words[1].Pos, "", "bfd_instance %s is ignored: its name has more than %d bytes", t.name, maxBFDName)
		s.Refused = true
		return
	}
	l.within("bfd_instance "+t.name, func() {
		b := bfdSession{tracked: t}
		read(l, bfdBlock, &b, s.Block)
		switch {
		case !b.neighbour.IsValid():
			l.errorf(s.Pos, "write neighbor_ip and the address of the other router", "the block is ignored: it has no neighbour")
			s.Refused = true
		case b.source.IsValid() && b.source.Is4() != b.neighbour.Is4():
			l.errorf(s.Pos, "", "the block is ignored: its source_ip is not %s as its neighbour is", family(b.neighbour))
			s.Refused = true
		default:
			l.addTracked(trackedBFD, t)
		}
	})
}

// maxBFDInterval is the longest interval of RFC 5880 section 4.1, 32 bits of
// microseconds, in milliseconds.
const maxBFDInterval = 4294967

// milliseconds is a keyword with a decimal number of milliseconds: bfd_instance
// has them, as RFC 5880 does.
func milliseconds[T any](name string, from int) row[T] {
	return custom(name, "MS", func(_ *T, l *loader, s *syntax.Statement) {
		w := s.Words[1]
		d, exact, ok := decimal(w.Text)
		d /= 1000
		switch {
		case !ok || !exact || d < time.Duration(from)*time.Millisecond || d > maxBFDInterval*time.Millisecond:
			l.invalid(name, w, fmt.Sprintf("it takes %d to %d milliseconds, without a unit", from, maxBFDInterval))
		case d > 10*time.Second:
			l.warnf(w.Pos, "the unit is milliseconds", "%s %s is more than 10 seconds: a failure is seen late", name, w.Text)
		}
	})
}

// setMultiplier reads the detection multiplier (RFC 5880 section 6.8.1).
func (b *bfdSession) setMultiplier(l *loader, s *syntax.Statement) {
	if n, ok := l.number("multiplier", s.Words[1], 1, 255); ok && n > 10 {
		l.warnf(s.Words[1].Pos, "", "multiplier %d: a failure is seen late", n)
	}
}
