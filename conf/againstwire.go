package conf

import (
	"fmt"
	"math"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
)

// mayBeMaster comes of one director that does not hear the other: it depends on
// which of them is preferred.
const mayBeMaster = "both may become master"

// compareWire compares where adverts go and what is in them beside the protocol.
func (p pair) compareWire(c *comparison) {
	a, b := p.here, p.there
	if a.family() != b.family() {
		return // Their addresses tell it.
	}
	if x, y := a.groupAddr(), b.groupAddr(); x != y && len(a.Peers) == 0 && len(b.Peers) == 0 {
		p.differ(c, Error, "mcast_dst_ip", bothSay, "adverts go to %s here and to %s there: neither director hears the other, and %s", x, y, bothMaster)
	}
	if a.choosesChecksum() && b.choosesChecksum() {
		p.compareChecksum(c)
	}
	p.compareTTL(c, true)
	p.compareTTL(c, false)
}

// groupAddr is where multicast adverts go.
func (in *instance) groupAddr() any {
	switch {
	case in.Wire.Group.IsValid():
		return in.Wire.Group
	case in.family() == 6:
		return vrrpGroup6
	}
	return vrrpGroup4
}

// compareChecksum compares what the checksum of version 3 spans. The old form
// of unicast is recognised unless that is forbidden.
func (p pair) compareChecksum(c *comparison) {
	a, b := p.here.Wire.Checksum, p.there.Wire.Checksum
	switch {
	case (a == vrrp.MessageOnly) != (b == vrrp.MessageOnly):
		who := "here and not there"
		if b == vrrp.MessageOnly {
			who = "there and not here"
		}
		p.differ(c, Error, "v3_checksum_as_v2", bothSay, "v3_checksum_as_v2 is on %s: each drops the adverts of the other, and %s", who, bothMaster)
	case a == vrrp.OldUnicast && b == vrrp.NeverOldUnicast, a == vrrp.NeverOldUnicast && b == vrrp.OldUnicast:
		p.differ(c, Error, "old_unicast_checksum", bothSay, "old_unicast_checksum is never in one file and on in the other: each drops the adverts of the other, and %s", bothMaster)
	}
}

// compareTTL holds that what a director sends is within what the other takes
// from it. A router on the way takes something off it, so that only too little
// is an error.
func (p pair) compareTTL(c *comparison, here bool) {
	from, to, where := p.here, p.there, "there"
	if here {
		from, to, where = to, from, "here"
	}
	bounds, said := to.Wire.PeerTTL[from.Source]
	if !said || !to.Wire.CheckSource || len(from.Peers) == 0 {
		return
	}
	ttl := from.Wire.UnicastTTL
	if ttl == 0 {
		ttl = math.MaxUint8
	}
	switch {
	case ttl < bounds.Min:
		p.differ(c, Error, "unicast_peer", "", "min_ttl of unicast_peer %s is %d %s, and its adverts leave with a TTL of %d: they are dropped, and %s", from.Source, bounds.Min, where, ttl, mayBeMaster)
	case ttl > bounds.Max:
		p.differ(c, Warning, "unicast_peer", "", "max_ttl of unicast_peer %s is %d %s, and its adverts leave with a TTL of %d: unless %d routers are between them they are dropped, and %s",
			from.Source, bounds.Max, where, ttl, ttl-bounds.Max, mayBeMaster)
	}
}

// compareHMAC holds that each director hears what the other signs, or does not. It
// never shows a key, nor how far two are alike.
func (p pair) compareHMAC(c *comparison) {
	a, b := p.here, p.there
	if a.hmac.masked && b.hmac.masked {
		return
	}
	if a.hmac.masked || b.hmac.masked {
		p.differ(c, Note, hmacBlockName, "dump with --show-secrets", "the keys of auth_hmac are masked, and not compared")
		return
	}
	if why := unheard(a.HMAC, b.HMAC, "this director", "the other one"); why != "" {
		p.differ(c, Error, hmacBlockName, "roll it out in steps: receive-only on both, then permissive, then enforce", "auth_hmac: %s, and %s", why, mayBeMaster)
	}
	if why := unheard(b.HMAC, a.HMAC, "the other director", "this one"); why != "" {
		p.differ(c, Error, hmacBlockName, "roll it out in steps: receive-only on both, then permissive, then enforce", "auth_hmac: %s, and %s", why, mayBeMaster)
	}
}

// unheard says why a director does not hear another; empty: it does.
func unheard(by, of *vrrp.HMAC, hears, sends string) string {
	signed := of != nil && of.Mode != vrrp.ReceiveOnly
	switch {
	case by == nil && signed:
		return fmt.Sprintf("%s has none, and may not take the longer adverts of %s", hears, sends)
	case by == nil:
		return ""
	case !signed && by.Mode == vrrp.Enforce:
		return fmt.Sprintf("%s hears signed adverts only, and %s does not sign", hears, sends)
	case !signed:
		return ""
	}
	i := slices.IndexFunc(by.Keys, func(k vrrp.HMACKey) bool { return k.ID == of.Active })
	j := slices.IndexFunc(of.Keys, func(k vrrp.HMACKey) bool { return k.ID == of.Active })
	switch {
	case i < 0:
		return fmt.Sprintf("%s has no key %d, by which %s signs", hears, of.Active, sends)
	case by.Keys[i].Secret != of.Keys[j].Secret:
		return fmt.Sprintf("key %d of %s, by which %s signs, is another one", of.Active, hears, sends)
	}
	return ""
}

// compareManners compares what decides how long an outage is, and whether the
// addresses answer alike.
func (p pair) compareManners(c *comparison) {
	a, b := p.here, p.there
	if x, y := downAdverts(a.Manners), downAdverts(b.Manners); x != y {
		slow := "this"
		if x > y {
			slow = "the other"
		}
		p.differ(c, Warning, "down_timer_adverts", bothSay, "down_timer_adverts %d here, %d there: the death of %s director is noticed later than the other way round", x, y, slow)
	}
	if x, y := a.drops(), b.drops(); x != y {
		who := "here and taken there"
		if y {
			who = "there and taken here"
		}
		p.differ(c, Warning, "no_accept", bothSay, "packets to the virtual addresses are dropped %s: whether the director itself answers depends on who is master", who)
	}
	if x, y := a.Own != nil, b.Own != nil; x != y {
		who := "here and not there"
		if y {
			who = "there and not here"
		}
		p.differ(c, Warning, "use_vmac", bothSay, "the addresses have an interface of their own %s: their MAC address changes in a failover, and neighbours that ignore gratuitous ARP lose them", who)
	}
	p.compareLifetime(c, a, b, "this")
	p.compareLifetime(c, b, a, "the other")
}

// drops tells whether packets to the addresses are dropped.
func (in *instance) drops() bool { return in.NoAccept && in.Priority != vrrp.PriorityOwner }

// compareLifetime holds that the kernel keeps the addresses of a director that
// was killed until the other one has taken over.
func (p pair) compareLifetime(c *comparison, in, heir *instance, which string) {
	if in.Lifetime.Mode != vrrp.LifetimeFixed || heir.family() != in.family() {
		return
	}
	if wait := heir.downTime(); in.Lifetime.For < wait {
		p.differ(c, Warning, "vip_lifetime", "write auto, which is as long as it must be", "vip_lifetime of %s director is %s s, and the other takes over %s s after its last advert: when it is killed, nobody has the addresses in between",
			which, inSeconds(in.Lifetime.For), inSeconds(wait.Round(hundredth)))
	}
}
