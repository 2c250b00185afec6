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
	TTL        uint8 // of what is sent; 0: 255
	MaxHops    int   // that a packet may have passed; -1: any number
	Multihop   bool  // RFC 5883: port 4784, and TTL is not 255
}

// Defaults are keepalived's.
var Defaults = Config{
	MinRx: 10 * time.Millisecond, MinTx: 10 * time.Millisecond, IdleTx: time.Second, Multiplier: 5,
}
