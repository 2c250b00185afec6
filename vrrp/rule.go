package vrrp

import "net/netip"

// Rule is a policy rule as the kernel shall hold it (ip-rule(8)).
type Rule struct {
	IPv6     bool
	From, To netip.Prefix // zero: all
	Table    uint32
}
