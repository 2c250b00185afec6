package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Check decides what advert.Parse left open and what needs no memory: whether
// the instance, which advertises from own, may hear an advert that came in f.
// The checks are those of RFC 9568 section 7.1 and RFC 3768 section 7.1.
//
// The checksum was looked at before the password, unlike in keepalived: a
// damaged advert is not a wrong password.
func (in Instance) Check(a advert.Advert, f Frame, own netip.Addr) advert.Drop {
	if a.Version != uint8(in.Version) {
		return advert.Version
	}
	if in.AuthHeader != (f.Header != nil) {
		return advert.AuthType
	}
	if drop := a.Authenticate(in.authType(), in.Auth); drop != advert.Accepted {
		return drop
	}
	// RFC 3768 section 7.1: MUST discard. Version 3 follows the master instead.
	if in.Version == V2 && a.Interval != in.Interval {
		return advert.IntervalMismatch
	}
	if f.Dst.IsMulticast() == in.unicast() {
		return advert.CastMismatch
	}
	if f.Src == own {
		return advert.OwnAddress
	}
	if drop := in.checkPeer(f); drop != advert.Accepted {
		return drop
	}
	if in.Manners.OwnerIgnoresAdverts && in.Priority == PriorityOwner {
		return advert.Owner
	}
	return advert.Accepted
}

// checkPeer checks who a unicast advert came from, where that is asked for.
func (in Instance) checkPeer(f Frame) advert.Drop {
	if !in.unicast() || !in.Wire.CheckSource {
		return advert.Accepted
	}
	if !slices.Contains(in.Peers, f.Src) {
		return advert.UnknownPeer
	}
	if bounds, ok := in.Wire.PeerTTL[f.Src]; ok && (f.TTL < bounds.Min || f.TTL > bounds.Max) {
		return advert.TTL
	}
	return advert.Accepted
}

// authType is the authentication type of version 2 (RFC 2338 section 5.3.6).
func (in Instance) authType() uint8 {
	switch {
	case in.Auth == Password{}:
		return advert.AuthNone
	case in.AuthHeader:
		return advert.AuthHeader
	}
	return advert.AuthPass
}

// The forms of the checksum that are accepted, in the order in which they are tried.
var (
	sumsDefault = []advert.Sum{advert.PseudoHeader}
	sumsUnicast = []advert.Sum{advert.PseudoHeader, advert.OldUnicast}
	sumsMessage = []advert.Sum{advert.MessageOnly}
)

// sums are the forms that the checksum of an advert to dst may have. keepalived
// does not verify it at all once it is told to send MessageOnly; we do.
func (in Instance) sums(dst netip.Addr) []advert.Sum {
	switch form := in.Wire.Checksum; {
	case form == MessageOnly:
		return sumsMessage
	case dst.IsMulticast() || form == NeverOldUnicast:
		return sumsDefault
	}
	return sumsUnicast
}

// sumTo is the form of the checksum for a destination.
func (g *guard) sumTo(in Instance, dst netip.Addr) advert.Sum {
	switch {
	case in.Wire.Checksum == MessageOnly:
		return advert.MessageOnly
	case dst.IsMulticast() || in.Wire.Checksum == NeverOldUnicast:
		return advert.PseudoHeader
	case in.Wire.Checksum == OldUnicast:
		return advert.OldUnicast
	}
	return g.sums[dst]
}

// Oddity is something about an accepted advert that an operator should know.
type Oddity uint8

// The oddities.
const (
	OddAddresses Oddity = iota // its list of addresses is not ours
	OddInterval                // version 3: its interval is not ours
	OddPeer                    // unicast from an address that is no configured peer
	OddOwner                   // it says 255, and so do we (RFC 9568 section 8.3.2)
	OddFirst                   // IPv6: its first address is not link-local
	OddSource                  // IPv6 multicast: neither is its source
	OddUnsigned                // it has no HMAC trailer, which is allowed for now

	numOddities
)

var oddityNames = [numOddities]string{"address-list", "interval", "unknown-peer", "two-owners", "first-address", "source", "unsigned"}

// String returns the name that counters and logs use.
func (o Oddity) String() string {
	if o < numOddities {
		return oddityNames[o]
	}
	return "?"
}

// Oddities returns what is odd about an advert that Check accepts. RFC 9568
// section 7.1 has them logged and the advert kept; RFC 3768 would drop another
// address list, which makes two masters of every reload that adds one.
//
// Over IPv6 it also asks for a link-local source and first address (sections
// 5.1.2.1 and 5.2.9, erratum 8300). FRR's source is the virtual router's own
// address and keepalived's first address whatever comes first in its file, so
// neither is insisted on.
func (in Instance) Oddities(a advert.Advert, src, dst netip.Addr) (odd []Oddity) {
	if !in.sameAddresses(a.Addresses) {
		odd = append(odd, OddAddresses)
	}
	if a.Interval != in.Interval {
		odd = append(odd, OddInterval)
	}
	if in.unicast() && !slices.Contains(in.Peers, src) {
		odd = append(odd, OddPeer)
	}
	if a.Priority == PriorityOwner && in.Priority == PriorityOwner {
		odd = append(odd, OddOwner)
	}
	if src.Is6() && !a.Addresses[0].IsLinkLocalUnicast() {
		odd = append(odd, OddFirst)
	}
	if src.Is6() && dst.IsMulticast() && !src.IsLinkLocalUnicast() {
		odd = append(odd, OddSource)
	}
	return odd
}

// sameAddresses compares regardless of order, which is only a
// recommendation (RFC 9568 section 5.2.9).
func (in Instance) sameAddresses(theirs []netip.Addr) bool {
	if len(theirs) != len(in.Addresses) {
		return false
	}
	for i, a := range in.Addresses {
		if a.Prefix.Addr() != theirs[i] && !slices.Contains(theirs, a.Prefix.Addr()) {
			return false
		}
	}
	return true
}

// lists reports whether an address is one of the virtual ones.
func (in Instance) lists(ip netip.Addr) bool {
	return slices.ContainsFunc(in.Addresses, func(a Address) bool { return a.Prefix.Addr() == ip })
}

// Floating are all addresses that move with the instance: those in the advert
// first, then the excluded ones.
func (in Instance) Floating() []Address { return slices.Concat(in.Addresses, in.Excluded) }

// wish is what the kernel shall hold for the instance.
func (in Instance) wish(present bool) Wish {
	return Wish{
		Interface: in.Interface, Own: in.Own, Addresses: in.Floating(), Routes: in.Routes, Rules: in.Rules,
		NoAccept: in.NoAccept && in.Priority != PriorityOwner, Lifetime: in.addressLifetime(),
		Extra: in.Announce.Extra, ExtraAll: in.Announce.ExtraAll, Present: present,
	}
}

// addressLifetime is how long the kernel keeps the addresses without a refresh;
// 0: for ever. The slowest backup is one of priority 1.
func (in Instance) addressLifetime() time.Duration {
	switch in.Lifetime.Mode {
	case LifetimeFixed:
		return in.Lifetime.For
	case LifetimeInfinite:
		return 0
	}
	down := in.masterDown(1, in.Interval) + time.Second
	return max(5*time.Second, (down + time.Second - 1).Truncate(time.Second))
}

func (in Instance) unicast() bool { return len(in.Peers) > 0 }

// advert is what the instance says with a priority.
func (in Instance) advert(priority uint8) advert.Advert {
	a := advert.Advert{
		Version: uint8(in.Version), VRID: in.VRID, Priority: priority, Interval: in.Interval,
		Addresses: make([]netip.Addr, len(in.Addresses)),
	}
	for i, addr := range in.Addresses {
		a.Addresses[i] = addr.Prefix.Addr()
	}
	if in.Version == V2 {
		a.AuthType = in.authType()
		if a.AuthType == advert.AuthPass {
			a.Auth = in.Auth
		}
	}
	return a
}
