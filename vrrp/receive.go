package vrrp

import "github.com/tandem-ha/tandem/vrrp/advert"

// receive passes a message on to the instance it is for, if it is any good.
// What is not changes no state and no timer (RFC 9568 section 7.1 discards it).
func (l *loop) receive(f Frame) {
	message := f.Payload
	if f.Header != nil {
		var ok bool
		if message, _, ok = advert.Unseal(f.Payload); !ok {
			l.strays[advert.HeaderMalformed]++
			return
		}
	}
	if len(message) < 2 {
		l.strays[advert.Truncated]++
		return
	}
	// The VRID is read before anything is checked: the counters are per
	// instance, and other people's routers on the link are none of our business.
	id := routerID{f.Interface, f.Src.Is6(), message[1]}
	in := l.byID[id]
	if in == nil {
		l.stray(id, f)
		return
	}
	now := in.guard.clock.read(l.now)
	p, drop := in.guard.check(in.cfg, f, message, in.source(), now)
	if drop != advert.Accepted {
		l.drop(in, f, message, p.advert, drop, now)
		return
	}
	in.guard.commit(in.cfg, p, l.now)
	in.heardAt = l.now
	in.counters.Received++
	if p.advert.Priority == PriorityStop {
		in.counters.ReceivedPriorityZero++
	}
	for _, odd := range in.cfg.Oddities(p.advert, f.Src, f.Dst) {
		l.oddity(in, f, p.advert, odd)
	}
	if in.cfg.HMAC != nil && p.stamp == 0 {
		l.oddity(in, f, p.advert, OddUnsigned)
	}
	l.step(in, Received{Advert: p.advert, From: f.Src, At: f.At})
}

// maxStrays bounds how many virtual routers of others are remembered as said.
const maxStrays = 1024

// stray counts an advert of a virtual router that is not configured here, and
// says so once if that is wanted.
func (l *loop) stray(id routerID, f Frame) {
	l.strays[advert.VRID]++
	if !l.cfg.LogUnknown || l.saidStray[id] || len(l.saidStray) >= maxStrays {
		return
	}
	l.saidStray[id] = true
	l.log.Info("advert of a virtual router that is not configured here, more of it are only counted",
		"interface", f.Interface, "vrid", id.vrid, "from", f.Src, "to", f.Dst)
}

// drop counts a message that an instance does not take, remembers who sent it,
// and logs the first of its kind since the last change of state.
func (l *loop) drop(in *instance, f Frame, message []byte, a advert.Advert, drop advert.Drop, r reading) {
	in.drops[drop]++
	if e, ok := protocolErrors[drop]; ok {
		in.counters.ProtocolError = e
	}
	first, last := !in.saidDrop[drop], &in.lastDrop[drop]
	if first || last.From != f.Src {
		cause := in.cause(f, message, a, drop, r)
		last.From, last.Why = f.Src, inWords(drop, cause)
		if first {
			l.log.Warn("advert dropped, more of the kind are only counted", append([]any{"instance", in.cfg.Name, "reason", drop.String(),
				"from", f.Src, "to", f.Dst, "ttl", f.TTL, "length", len(f.Payload)}, cause...)...)
		}
	}
	last.At, in.saidDrop[drop] = l.now, true
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
