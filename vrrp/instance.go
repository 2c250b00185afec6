package vrrp

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// multicast is where adverts go without unicast peers.
var multicast = []netip.Addr{advert.Group4}

// instance is a machine with what the router keeps about it.
type instance struct {
	*Machine
	entry  *entry // its group
	member int    // its place there

	sentAt   time.Time
	heardAt  time.Time
	counters Counters // without the maps
	drops    [advert.NumDrops]uint64
	odd      [numOddities]uint64

	// What has been logged since the last transition, so that a neighbour
	// that goes wrong says so once and not with every advert.
	saidDrop [advert.NumDrops]bool
	saidOdd  [numOddities]bool
	saidSend bool

	saidWeights bool // that they count for nothing
}

// moved notes a transition.
func (in *instance) moved(t Transition) {
	if t.To == Master {
		in.counters.BecameMaster++
	}
	in.saidDrop, in.saidOdd = [advert.NumDrops]bool{}, [numOddities]bool{}
}

// receive passes a message on to the instance it is for, if it is any good.
// What is not changes no timer (RFC 9568 section 7.1 discards it).
func (l *loop) receive(f Frame) {
	if len(f.Payload) < 2 {
		l.strays[advert.Truncated]++
		return
	}
	// The VRID is read before anything is checked: the counters are per
	// instance, and other people's routers on the link are none of our business.
	in := l.byID[routerID{f.Interface, f.Payload[1]}]
	if in == nil {
		l.strays[advert.VRID]++
		return
	}
	a, drop := advert.Parse(f.Payload, f.Src, f.Dst, f.TTL)
	if drop == advert.Accepted {
		drop = in.cfg.Check(a, f.Src, f.Dst, in.source())
	}
	if drop != advert.Accepted {
		l.drop(in, f, drop)
		return
	}
	in.heardAt = l.now
	in.counters.Received++
	if a.Priority == PriorityStop {
		in.counters.ReceivedPriorityZero++
	}
	for _, odd := range in.cfg.Oddities(a, f.Src) {
		l.oddity(in, f, a, odd)
	}
	l.step(in, Received{Advert: a, From: f.Src, At: f.At})
}

func (l *loop) drop(in *instance, f Frame, drop advert.Drop) {
	in.drops[drop]++
	if in.saidDrop[drop] {
		return
	}
	in.saidDrop[drop] = true
	l.log.Warn("advert dropped, more of the kind are only counted",
		"instance", in.cfg.Name, "reason", drop.String(), "from", f.Src, "to", f.Dst, "ttl", f.TTL, "length", len(f.Payload))
}

func (l *loop) oddity(in *instance, f Frame, a advert.Advert, odd Oddity) {
	in.odd[odd]++
	if in.saidOdd[odd] {
		return
	}
	in.saidOdd[odd] = true
	l.log.Warn("advert accepted but odd, more of the kind are only counted",
		"instance", in.cfg.Name, "odd", odd.String(), "from", f.Src, "priority", a.Priority, "interval", a.Interval, "addresses", a.Addresses)
}

// enqueue puts an advert into the batch of this round, once per destination.
func (l *loop) enqueue(in *instance, priority uint8) {
	src := in.sender()
	dsts := in.cfg.Peers
	if !in.cfg.unicast() {
		dsts = multicast
	}
	for _, dst := range dsts {
		payload, err := in.cfg.advert(priority).Marshal(src, dst)
		if err != nil {
			// Not expected: Validate refuses what could not be said.
			l.sent(in, priority, err)
			continue
		}
		l.batch = append(l.batch, Outgoing{Interface: in.cfg.Interface, Src: src, Dst: dst, Payload: payload})
		l.senders = append(l.senders, in)
	}
}

// flush sends the batch of this round, then does what follows it.
func (l *loop) flush() {
	if len(l.batch) > 0 {
		for i, err := range l.network.Send(l.batch) {
			l.sent(l.senders[i], l.batch[i].Payload[2], err)
		}
		clear(l.batch)
		l.batch, l.senders = l.batch[:0], l.senders[:0]
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
	if l.changed {
		l.publish()
	}
}

// sent counts what became of one message. An error is logged until one gets out.
func (l *loop) sent(in *instance, priority uint8, err error) {
	if err != nil {
		in.counters.SendErrors++
		if !in.saidSend {
			in.saidSend = true
			l.log.Warn("send advert, more errors are only counted", "instance", in.cfg.Name, "err", err)
		}
		return
	}
	in.saidSend = false
	in.sentAt = l.now
	in.counters.Sent++
	if priority == PriorityStop {
		in.counters.SentPriorityZero++
	}
}
