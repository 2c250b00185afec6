package conf

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/bfd"
)

// bfdSession is a bfd_instance while it is read: a session of Bidirectional
// Forwarding Detection (RFC 5880).
type bfdSession struct {
	*tracked
	bfd.Config
	ttl int
}

func (b *bfdSession) to() *netip.Addr { return &b.Neighbor }

// whoFollows says why it does not matter for whom a session is.
const whoFollows = "whatever names the session follows it"

var bfdBlock = block[bfdSession]{"bfd_instance", []row[bfdSession]{
	address("neighbor_ip", (*bfdSession).to).doc("none: it must be said", "router at the other end of the session"),
	address("neighbour_ip", (*bfdSession).to).otherName("neighbor_ip"),
	address("source_ip", func(b *bfdSession) *netip.Addr { return &b.Source }).doc("that of the route to the neighbour", "address that the session's packets come from"),
	milliseconds("min_rx", 1, func(b *bfdSession) *time.Duration { return &b.MinRx }).doc("", "packets may come this often"),
	milliseconds("min_tx", 1, func(b *bfdSession) *time.Duration { return &b.MinTx }).doc("", "packets are sent this often"),
	milliseconds("idle_tx", 1000, func(b *bfdSession) *time.Duration { return &b.IdleTx }).doc("", "packets are sent this often while the session is down"),
	custom("multiplier", "1..255", (*bfdSession).setMultiplier).shown(func(b *bfdSession) []Node { return statement("multiplier", int(b.Multiplier)) }).
		doc("", "how many packets must be missing until the session is down"),
	plain("passive", func(b *bfdSession) *bool { return &b.Passive }).doc("", "the other end begins"),
	number("ttl", 1, 255, func(b *bfdSession) *int { return &b.ttl }).shown((*bfdSession).showTTL).
		doc("255", "TTL or hop limit of the packets, and that of the neighbour's").
		departing("255 in IPv6 too, as RFC 5881 asks; keepalived sends 64, which tandem hears with ttl 64, or with max_hops"),
	number("hoplimit", 1, 255, func(b *bfdSession) *int { return &b.ttl }).otherName("ttl"),
	number("max_hops", -1, 255, func(b *bfdSession) *int { return &b.MaxHops }).doc("", "how many routers a packet may have passed; -1: any number"),
	boolean("multihop", func(b *bfdSession) *bool { return &b.Multihop }).doc("", "the session is one over several hops (RFC 5883)"),
	trackedWeight(maxWeight, func(b *bfdSession) *tracked { return b.tracked }).doc("", "what it adds to the priority; 0: its loss is a fault"),
	plain[bfdSession]("vrrp", nil).inert(whoFollows).doc("", "its state is for vrrp_instance only"),
	plain[bfdSession]("checker", nil).inert(whoFollows).doc("", "its state is for checks only"),
}}

// maxBFDName is the longest name that keepalived takes; a longer one would be
// unknown to what names it there.
const maxBFDName = 31

// newBFD is a bfd_instance with nothing in it.
func newBFD(t *tracked) *bfdSession {
	b := &bfdSession{tracked: t, Config: bfd.Defaults}
	b.Name = t.name
	return b
}

// readBFD reads a bfd_instance. One without a neighbour is none.
func readBFD(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedBFD, s)
	if t == nil {
		return
	}
	if len(t.name) > maxBFDName {
		l.errorf(s.Words[1].Pos, "", "bfd_instance %s is ignored: its name has more than %d bytes", t.name, maxBFDName)
		return
	}
	l.within("bfd_instance "+t.name, func() {
		b := newBFD(t)
		t.met = read(l, bfdBlock, b, s.Block)
		switch {
		case !b.Neighbor.IsValid():
			l.errorf(s.Pos, "write neighbor_ip and the address of the other router", "the block is ignored: it has no neighbour")
		case b.Source.IsValid() && b.Source.Is4() != b.Neighbor.Is4():
			l.errorf(s.Pos, "", "the block is ignored: its source_ip is not %s as its neighbour is", family(b.Neighbor))
		default:
			b.judge(l)
			l.addTracked(trackedBFD, t)
			l.sessions = append(l.sessions, b)
		}
	})
}

// judge takes the TTL, beyond which no packet can have passed routers.
func (b *bfdSession) judge(l *loader) {
	b.TTL = uint8(b.ttl)
	most := b.ttl
	if most == 0 {
		most = 255
	}
	if b.MaxHops > most {
		l.warnf(b.met.at(b.pos, "max_hops"), "", "max_hops %d is cut to %d, the TTL", b.MaxHops, most)
		b.MaxHops = most
	}
}

func (b *bfdSession) showTTL() []Node {
	if b.ttl == 0 {
		return nil
	}
	return statement("ttl", b.ttl)
}

// node is the session as the effective configuration shows it.
func (b *bfdSession) node() Node { return b.tracked.node("bfd_instance", bfdBlock.show(b, b.met)) }

// maxBFDInterval is the longest interval of RFC 5880 section 4.1, 32 bits of
// microseconds, in milliseconds.
const maxBFDInterval = 4294967

// milliseconds is a keyword with a decimal number of milliseconds: bfd_instance
// has them, as RFC 5880 does.
func milliseconds[T any](name string, from int, at func(*T) *time.Duration) row[T] {
	return custom(name, "MS", func(t *T, l *loader, s *syntax.Statement) {
		w := s.Words[1]
		d, exact, ok := milli(w.Text)
		switch {
		case !ok || !exact || d < time.Duration(from)*time.Millisecond || d > maxBFDInterval*time.Millisecond:
			l.invalid(name, w, fmt.Sprintf("it takes %d to %d milliseconds, without a unit", from, maxBFDInterval))
			return
		case d > 10*time.Second:
			l.warnf(w.Pos, "the unit is milliseconds", "%s %s is more than 10 seconds: a failure is seen late", name, w.Text)
		}
		*at(t) = d
	}).shown(func(t *T) []Node {
		return statement(name, json.Number(strconv.FormatFloat(float64(at(t).Microseconds())/1000, 'f', -1, 64)))
	})
}

// milli reads milliseconds with whole microseconds.
func milli(text string) (d time.Duration, exact, ok bool) {
	d, exact, ok = decimal(text)
	return d / 1000, exact && d%time.Millisecond == 0, ok
}

// setMultiplier reads the detection multiplier (RFC 5880 section 6.8.1).
func (b *bfdSession) setMultiplier(l *loader, s *syntax.Statement) {
	n, ok := l.number("multiplier", s.Words[1], 1, 255)
	if !ok {
		return
	}
	if n > 10 {
		l.warnf(s.Words[1].Pos, "", "multiplier %d: a failure is seen late", n)
	}
	b.Multiplier = uint8(n)
}
