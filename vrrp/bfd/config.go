// Package bfd is Bidirectional Forwarding Detection (RFC 5880) over one hop (RFC
// 5881) in asynchronous mode: codec and session as pure functions of events and
// time. Its edge is bfd/wire.
package bfd

import (
	"net/netip"
	"time"
)

// Config is one session (block bfd_instance).
type Config struct {
	Name       string
	Neighbor   netip.Addr
	Source     netip.Addr // zero: that of the route to Neighbor
	MinRx      time.Duration
	MinTx      time.Duration
	IdleTx     time.Duration // between packets while the session is not up
	Multiplier uint8
	Passive    bool
	TTL        uint8 // of what is sent, and of what the neighbor sends; 0: 255
	MaxHops    int   // how much less than that a packet may come with; -1: any number
	Multihop   bool  // RFC 5883: port 4784, and any TTL unless MaxHops says otherwise
}

// Defaults are keepalived's.
var Defaults = Config{
	MinRx: 10 * time.Millisecond, MinTx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5,
}

// HopLimit is the TTL or hop limit of what is sent. 255 is what RFC 5881 section
// 5 asks for.
func (c Config) HopLimit() int {
	if c.TTL == 0 {
		return 255
	}
	return int(c.TTL)
}

// Near tells whether a packet with this TTL or hop limit has passed few enough
// routers: without MaxHops none (RFC 5881 section 5, RFC 5082). Over several hops
// only MaxHops bounds them (RFC 5883 section 4.3 leaves it open).
func (c Config) Near(ttl int) bool {
	if c.MaxHops < 0 || c.Multihop && c.MaxHops == 0 {
		return true
	}
	return ttl+c.MaxHops >= c.HopLimit()
}

// Port is where packets are sent to and received.
func (c Config) Port() uint16 {
	if c.Multihop {
		return PortMultihop
	}
	return PortSingleHop
}

// The ports of RFC 5881 section 4 and RFC 5883 section 5.
const (
	PortSingleHop = 3784
	PortMultihop  = 4784
)
