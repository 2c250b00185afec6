package vrrp

import "net/netip"

// Route is a route as the kernel shall hold it (ip-route(8)).
type Route struct {
	To  netip.Prefix // valid always: the default route is 0.0.0.0/0 or ::/0
	Dev string       // empty: by Via
	Via netip.Addr
}
