package vrrp

import (
	"errors"
	"net/netip"
	"syscall"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// enqueue puts an advert into the batch of this round, once per destination.
// The copies for unicast peers share one sequence number or time stamp.
func (l *loop) enqueue(in *instance, priority uint8) {
	next, ok := in.guard.next(in.cfg, l.now)
	if !ok {
		// Its number would be one that was used before. Stepping down leaves the
		// addresses to those who have numbers left; who becomes master when all
		// are silent begins anew, as in keepalived.
		if !in.saidSend {
			in.saidSend = true
			l.log.Error("the sequence numbers of the authentication header are used up, stepping down", "instance", in.cfg.Name)
		}
		l.router.mail.post(func(l *loop) { l.step(in, Yield{Why: "sequence numbers used up"}) })
		return
	}
	if !in.cfg.unicast() {
		l.write(in, priority, in.cfg.group(), next)
		return
	}
	for _, peer := range in.cfg.Peers {
		l.write(in, priority, peer, next)
	}
}

// letter is an advert of the batch: whose it is, and what it says.
type letter struct {
	from     *instance
	priority uint8
	due      time.Time // zero: when it was thought of
}

// write puts one copy of an advert into the batch.
func (l *loop) write(in *instance, priority uint8, dst netip.Addr, next proof) {
	out := Outgoing{Interface: in.cfg.Interface, Src: in.sender(), Dst: dst, MAC: in.cfg.sourceMAC()}
	if !dst.IsMulticast() {
		out.TTL = in.cfg.Wire.UnicastTTL
	}
	letter := letter{in, priority, in.wasDue}
	if err := in.compose(&out, priority, next); err != nil {
		// Not expected: Validate refuses what could not be said.
		l.sent(letter, err)
		return
	}
	l.batch = append(l.batch, out)
	l.letters = append(l.letters, letter)
}

// saying is an advert as it was put on the wire before.
type saying struct {
	priority uint8
	src, dst netip.Addr
	sum      advert.Sum
	payload  []byte // never changed
}

// maxSayings bounds them: to some peers, with some priorities.
const maxSayings = 16

// compose fills in what one copy of an advert consists of. What is neither
// numbered nor signed is as it was the last time.
func (in *instance) compose(out *Outgoing, priority uint8, next proof) error {
	if in.cfg.protected() {
		return in.guard.sign(in.cfg, out, in.cfg.advert(priority), next)
	}
	this := saying{priority: priority, src: out.Src, dst: out.Dst, sum: in.guard.sumTo(in.cfg, out.Dst)}
	for i := range in.sayings {
		if s := &in.sayings[i]; s.priority == this.priority && s.src == this.src && s.dst == this.dst && s.sum == this.sum {
			out.Payload = s.payload
			return nil
		}
	}
	if err := in.guard.sign(in.cfg, out, in.cfg.advert(priority), next); err != nil {
		return err
	}
	this.payload = out.Payload
	if len(in.sayings) >= maxSayings {
		in.sayings = nil
	}
	in.sayings = append(in.sayings, this)
	return nil
}

// flush sends the batch of this round, then does what follows it.
func (l *loop) flush() {
	if len(l.batch) > 0 {
		errs := l.network.Send(l.batch)
		left := time.Now()
		for i, err := range errs {
			m := &l.letters[i]
			l.sent(*m, err)
			if !m.due.IsZero() && err == nil {
				m.from.counters.Lateness.add(left.Sub(m.due))
			}
		}
		clear(l.batch)
		clear(l.letters)
		l.batch, l.letters = l.batch[:0], l.letters[:0]
	}
	if len(l.effects) > 0 {
		l.host.Together(func() {
			for _, effect := range l.effects {
				effect()
			}
		})
		clear(l.effects)
		l.effects = l.effects[:0]
	}
	for _, n := range l.notices {
		l.report(n)
	}
	clear(l.notices)
	l.notices = l.notices[:0]
	if l.changed {
		l.publish()
	}
}

// sent counts what became of one message. An error is logged until one gets out,
// unless it is because the link is down: that is said once, of the interface.
func (l *loop) sent(m letter, err error) {
	in := m.from
	if err != nil {
		in.counters.SendErrors++
		if !in.saidSend && in.link.Exists && in.link.Up && !linkWentDown(err) {
			in.saidSend = true
			l.log.Warn("send advert, more errors are only counted", "instance", in.cfg.Name, "err", err)
		}
		return
	}
	in.saidSend = false
	in.sentAt = l.now
	in.counters.Sent++
	if m.priority == PriorityStop {
		in.counters.SentPriorityZero++
	}
}

// linkWentDown reports whether the kernel refused a message because the link is
// down or gone. It may do so before anybody else tells of that.
func linkWentDown(err error) bool {
	return errors.Is(err, syscall.ENETDOWN) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO)
}

// group is where multicast adverts go.
func (in Instance) group() netip.Addr {
	switch {
	case in.Wire.Group.IsValid():
		return in.Wire.Group
	case in.IPv6():
		return advert.Group6
	}
	return advert.Group4
}

// sourceMAC is what adverts have for the source of their Ethernet frame; zero:
// that of the interface. RFC 9568 section 7.3 asks for the virtual MAC, which
// is there only with a macvlan.
func (in Instance) sourceMAC() [6]byte {
	if in.Own == nil || in.Own.Kind != MACVLAN || in.Own.XmitBase {
		return [6]byte{}
	}
	return in.Own.MAC
}
