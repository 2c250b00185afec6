// Package link is the Linux edge of VRRP: raw sockets for adverts (protocol
// 112, RFC 9568 section 5.1, and 51 where they are in an authentication header;
// packet sockets where they have a virtual MAC), virtual addresses over
// rtnetlink with the routes, policy rules, macvlans and packet filters that go
// with them, gratuitous ARP and unsolicited neighbour advertisements over packet
// sockets, and a watcher of links.
//
// It decides nothing about roles. Wishes and messages come in from the
// vrrp.Router and return at once; each type does its work on the goroutine of
// its Run method, reads the kernel's state anew each time it acts, and takes
// events only as a hint to look again.
package link

import (
	"github.com/tandem-ha/tandem/vrrp"
)

var (
	_ vrrp.Network = (*Network)(nil)
	_ vrrp.Host    = (*Host)(nil)
)
