package vrrp

import (
	"net/netip"
	"time"
)

// Wire is how adverts of an instance look and where they go, as far as the
// protocol leaves a choice. The zero value is keepalived's default.
type Wire struct {
	// Group is where multicast adverts go (keywords mcast_dst_ip,
	// vrrp_mcast_group4, vrrp_mcast_group6); zero: 224.0.0.18 or ff02::12.
	Group netip.Addr
	// UnicastTTL is the TTL or hop limit to unicast peers; 0: 255.
	UnicastTTL uint8
	// PeerTTL bounds the TTL of what a peer sends; a peer that is not in it may
	// have any (options min_ttl, max_ttl of unicast_peer). Only with CheckSource.
	PeerTTL map[netip.Addr]TTLBounds
	// CheckSource drops unicast adverts of anybody who is no peer.
	CheckSource bool
	Checksum    ChecksumForm
}

// TTLBounds are the lowest and the highest TTL that is accepted.
type TTLBounds struct{ Min, Max uint8 }

// ChecksumForm is what the checksum of version 3 over IPv4 spans.
type ChecksumForm uint8

// The forms.
const (
	// PseudoHeader spans the addresses of the IP header too, as keepalived and
	// FRR send it. A unicast advert that is right by OldUnicast only makes the
	// sender's form ours, as in keepalived.
	PseudoHeader ChecksumForm = iota
	// MessageOnly is the form of RFC 9568 section 5.2.8 (keyword v3_checksum_as_v2).
	MessageOnly
	// OldUnicast is PseudoHeader with the multicast group for the destination of
	// a unicast advert, as keepalived sent it up to 1.3.6 (old_unicast_checksum).
	OldUnicast
	// NeverOldUnicast is PseudoHeader and nothing else (old_unicast_checksum never).
	NeverOldUnicast
)

// HMAC is keepalived's own signature of adverts (block auth_hmac, since 2.4): a
// trailer of 28 bytes with a time stamp and an HMAC-SHA256.
type HMAC struct {
	Keys   []HMACKey
	Active uint8 // id of the key that signs
	Mode   HMACMode
	// Monotonic asks of a time stamp only that it grows; otherwise it must be
	// within Window of our clock too.
	Monotonic bool
	Window    time.Duration // 0: three intervals, at least 5 s
}

// HMACKey is one key. Its secret is 32 to 64 bytes and never prints itself.
type HMACKey struct {
	ID     uint8
	Secret Secret
}

// HMACMode is how far signing has been rolled out.
type HMACMode uint8

// The modes.
const (
	Enforce     HMACMode = iota // sign, and hear only what is signed
	Permissive                  // sign, and hear what is not signed too
	ReceiveOnly                 // do not sign; hear both
)

// Manners are how an instance behaves where the RFCs leave a choice or
// keepalived departs from them. The zero value is the default.
type Manners struct {
	DownAdverts         int   // adverts that must be missing until the master is down; 0: 3
	LowerPrioNoAdvert   bool  // do not answer a lower master
	HigherPrioAdvert    bool  // one more advert before giving way to a higher one
	OwnerIgnoresAdverts bool  // priority 255 hears nobody
	TimerExpiredBackup  uint8 // a master that was held up falls back to BACKUP; the highest priority of the others; 0: off
	IgnorePrimary       bool  // the loss of Interface is no fault (dont_track_primary)
	TrackSource         bool  // the loss of Source is a fault (track_src_ip)
	FaultWithoutPeer    bool  // unicast without a peer is a fault (unicast_fault_no_peer)
}

// Lifetime is how long the kernel keeps addresses that nobody refreshes, or
// prefers one (see Address).
type Lifetime struct {
	Mode LifetimeMode
	For  time.Duration // with LifetimeFixed, whole seconds
}

// LifetimeMode says where a lifetime comes from.
type LifetimeMode uint8

// The modes of a lifetime.
const (
	// LifetimeAuto is the master down interval of the slowest backup and a
	// second, in whole seconds, at least 5: never before a backup has taken over.
	LifetimeAuto LifetimeMode = iota
	LifetimeFixed
	LifetimeInfinite
)

// String is the lifetime as vip_lifetime has it: "auto", "infinite" or "5s".
func (t Lifetime) String() string {
	switch t.Mode {
	case LifetimeFixed:
		return t.For.String()
	case LifetimeInfinite:
		return "infinite"
	}
	return "auto"
}
