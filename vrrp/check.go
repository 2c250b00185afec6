package vrrp

import (
	"net/netip"
	"slices"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// Check decides what advert.Parse left open: whether the instance, which
// advertises from own, may hear an advert that came from src to dst. The
// checks are those of RFC 9568 section 7.1 and RFC 3768 section 7.1.
//
// The checksum was looked at before the password, unlike in keepalived: a
// damaged advert is not a wrong password.
func (in Instance) Check(a advert.Advert, src, dst, own netip.Addr) advert.Drop {
	if a.Version != uint8(in.Version) {
		return advert.Version
	}
	if drop := a.Authenticate(in.Auth); drop != advert.Accepted {
		return drop
	}
	// RFC 3768 section 7.1: MUST discard. Version 3 follows the master instead.
	if in.Version == V2 && a.Interval != in.Interval {
		return advert.IntervalMismatch
	}
	if dst.IsMulticast() == in.unicast() {
		return advert.CastMismatch
	}
	if src == own {
		return advert.OwnAddress
	}
	return advert.Accepted
}

// Oddity is something about an accepted advert that an operator should know.
type Oddity uint8

// The oddities.
const (
	OddAddresses Oddity = iota // its list of addresses is not ours
	OddInterval                // version 3: its interval is not ours
	OddPeer                    // unicast from an address that is no configured peer
	OddOwner                   // it says 255, and so do we (RFC 9568 section 8.3.2)

	numOddities
)

var oddityNames = [numOddities]string{"address-list", "interval", "unknown-peer", "two-owners"}

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
func (in Instance) Oddities(a advert.Advert, src netip.Addr) (odd []Oddity) {
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
	down := MasterDown(in.Version, 1, in.Interval) + time.Second
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
	if in.Version == V2 && in.Auth != (Password{}) {
		a.AuthType, a.Auth = advert.AuthPass, in.Auth
	}
	return a
}
