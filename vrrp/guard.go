package vrrp

import (
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// guard is what an instance keeps to tell adverts that are new from those that
// were recorded and sent again, and to number its own.
type guard struct {
	// Of the authentication header: one counter for both directions, as in
	// keepalived, which goes on from the highest that was sent or accepted.
	sequence uint32
	lead     uint32 // to add before the next of ours: what a mark may have missed
	id       uint16 // of the IPv4 header, counted by keepalived too
	usedUp   bool   // there is none left
	anew     bool   // and we have stepped down, and may begin with 1

	// Of the HMAC trailer.
	clock clock
	stamp advert.Stamp // the last of ours
	heard []Heard      // by sender, the latest heard last

	// sums are how the peers that differ from the default want their copy of an
	// advert summed, learned from what they send.
	sums map[netip.Addr]advert.Sum
}

// maxHeard bounds how many senders are remembered besides the peers. keepalived
// has room for four.
const maxHeard = 16

// lastSequence is where the numbers of the authentication header end.
const lastSequence = 1<<32 - 3

// newGuard returns the guard of an instance that starts now.
func newGuard(now time.Time) guard { return guard{clock: clock{set: now}} }

// proof is a frame that passed every check, with what it changes in the guard.
// Of our own adverts it is the number or stamp that they carry.
type proof struct {
	advert   advert.Advert
	from, to netip.Addr
	sequence uint32
	stamp    advert.Stamp // zero: not signed
}

// check does all the checks of a frame that holds this message. It changes
// nothing: commit does, once nothing can fail any more.
func (g *guard) check(cfg Instance, f Frame, message []byte, own netip.Addr, r reading) (proof, advert.Drop) {
	a, drop := advert.Parse(message, f.Src, f.Dst, f.TTL, cfg.sums(f.Dst)...)
	p := proof{advert: a, from: f.Src, to: f.Dst}
	if drop == advert.Accepted {
		drop = cfg.Check(a, f, own)
	}
	if drop == advert.Accepted && cfg.AuthHeader {
		p.sequence, drop = g.checkHeader(cfg, f)
	}
	if drop == advert.Accepted && cfg.HMAC != nil {
		p.stamp, drop = g.checkTrailer(cfg, f.Src, message, a.Size(), r)
	}
	return p, drop
}

// checkHeader checks the authentication header of a frame.
func (g *guard) checkHeader(cfg Instance, f Frame) (uint32, advert.Drop) {
	_, sequence, _ := advert.Unseal(f.Payload)
	switch {
	case !advert.VerifySeal(f.Header, f.Payload, cfg.Auth):
		return 0, advert.AuthFail
	case sequence <= g.sequence:
		return 0, advert.HeaderReplay
	}
	return sequence, advert.Accepted
}

// commit takes note of a frame that passed check.
func (g *guard) commit(cfg Instance, p proof, now time.Time) {
	if cfg.AuthHeader {
		g.sequence, g.lead = p.sequence, 0
	}
	if p.stamp != 0 {
		g.note(cfg, p.from, p.stamp)
		if !cfg.HMAC.Monotonic {
			g.clock.learn(p.stamp, cfg.window(), now)
		}
	}
	if cfg.Wire.Checksum == PseudoHeader && !p.to.IsMulticast() && p.advert.Version == 3 {
		g.learnSum(p.from, p.advert.Sum)
	}
}

// learnSum notes how a peer sums. keepalived switches the whole instance and
// for good; here each peer has its own, so that one that is upgraded is heard.
func (g *guard) learnSum(peer netip.Addr, sum advert.Sum) {
	if sum == advert.PseudoHeader {
		delete(g.sums, peer)
		return
	}
	if g.sums == nil {
		g.sums = make(map[netip.Addr]advert.Sum)
	}
	if _, known := g.sums[peer]; known || len(g.sums) < maxHeard {
		g.sums[peer] = sum
	}
}

// next returns what the next advert of ours carries, in all its copies. It is
// false when there is no number left.
func (g *guard) next(cfg Instance, now time.Time) (next proof, ok bool) {
	if cfg.AuthHeader {
		if g.anew {
			g.sequence, g.lead, g.usedUp, g.anew = 0, 0, false, false
		}
		if g.sequence >= lastSequence-g.lead {
			g.usedUp = true
			return next, false
		}
		g.sequence += g.lead + 1
		g.lead = 0
		next.sequence = g.sequence
		g.id++
		if g.id == 0 { // The kernel would choose another one.
			g.id++
		}
	}
	if cfg.HMAC != nil && cfg.HMAC.Mode != ReceiveOnly {
		g.stamp = nextStamp(g.stamp, g.clock.read(now).steady, cfg.HMAC.Monotonic, cfg.window())
		next.stamp = g.stamp
	}
	return next, true
}

// sign fills in what one copy of an advert of ours consists of.
func (g *guard) sign(cfg Instance, out *Outgoing, a advert.Advert, next proof) (err error) {
	a.Sum = g.sumTo(cfg, out.Dst)
	if next.stamp != 0 {
		secret, _ := cfg.HMAC.secret(cfg.HMAC.Active)
		out.Payload, err = a.MarshalSigned(out.Src, out.Dst, cfg.HMAC.Active, secret, next.stamp)
		return err
	}
	if out.Payload, err = a.Marshal(out.Src, out.Dst); err != nil || !cfg.AuthHeader {
		return err
	}
	ttl := out.TTL
	if ttl == 0 {
		ttl = 255
	}
	out.Header = advert.IPv4Header(out.Src, out.Dst, ttl, g.id, advert.SealedLen(len(out.Payload)))
	out.Payload = advert.Seal(out.Header, out.Payload, next.sequence, cfg.Auth)
	return nil
}

// stepDown is called when the instance is not master any more. One without a
// number left that becomes master again has heard nobody else, and begins anew.
func (g *guard) stepDown() { g.anew = g.usedUp }
