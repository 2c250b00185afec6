package rules

import "net/netip"

// Ruleset is what tandem's tables hold, in normal form: two of them that mean
// the same are equal by go-cmp.
type Ruleset struct{}

// Host is what the rules must know of this host.
type Host struct {
	Addresses []netip.Addr // its own, without the virtual ones
}

// Want is the Ruleset for these services on this host.
func Want(services []Service, host Host) Ruleset { return Ruleset{} }
