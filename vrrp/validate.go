package vrrp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Validate returns every reason why the configuration cannot run, joined; nil
// if there is none. Each names the instance or group at fault.
func (c Config) Validate() error {
	var errs []error
	names := make(map[string]bool)
	routers := make(map[routerID]string)
	for _, in := range c.Instances {
		if names[in.Name] {
			errs = append(errs, fmt.Errorf("instance %s: configured twice", in.Name))
		}
		names[in.Name] = true
		errs = append(errs, in.validate()...)

		// RFC 9568 section 5.2.3: a VRID names one virtual router on a link.
		id := in.id()
		if first, taken := routers[id]; taken {
			errs = append(errs, fmt.Errorf("instances %s and %s: both have VRID %d for %s on %s", first, in.Name, in.VRID, in.family(), in.Interface))
		} else {
			routers[id] = in.Name
		}
	}
	return errors.Join(append(errs, c.validateGroups(names)...)...)
}

func (c Config) validateGroups(instances map[string]bool) (errs []error) {
	names := make(map[string]bool)
	member := make(map[string]string)
	for _, g := range c.Groups {
		if names[g.Name] {
			errs = append(errs, fmt.Errorf("sync group %s: configured twice", g.Name))
		}
		names[g.Name] = true
		for _, m := range g.Members {
			if !instances[m] {
				errs = append(errs, fmt.Errorf("sync group %s: no instance %s", g.Name, m))
			}
			if first, taken := member[m]; taken {
				errs = append(errs, fmt.Errorf("sync groups %s and %s: instance %s can be in one only", first, g.Name, m))
			}
			member[m] = g.Name
		}
	}
	return errs
}

// validate returns what is wrong with one instance by itself.
func (in Instance) validate() (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("instance %s: "+format, append([]any{in.Name}, args...)...))
	}
	if in.Name == "" {
		bad("has no name")
	}
	if in.Interface == "" {
		bad("has no interface")
	}
	if in.VRID == 0 {
		bad("VRID 0 is not 1-255")
	}
	// RFC 9568 section 5.2.4: 0 only ever means "I stop".
	if in.Priority == PriorityStop {
		bad("priority 0 is not 1-255")
	}
	switch in.Version {
	case V2:
		if in.Interval < time.Second || in.Interval > 255*time.Second || in.Interval%time.Second != 0 {
			bad("interval %s is not 1-255 whole seconds (VRRP version 2)", in.Interval)
		}
	case V3:
		if in.Interval < 10*time.Millisecond || in.Interval > 40950*time.Millisecond || in.Interval%(10*time.Millisecond) != 0 {
			bad("interval %s is not 10ms-40.95s in steps of 10ms (VRRP version 3)", in.Interval)
		}
	default:
		bad("VRRP version %d is not 2 or 3", in.Version)
	}
	if in.Version == V2 && in.IPv6() {
		bad("VRRP version 2 has no IPv6")
	}
	if n := in.Manners.DownAdverts; n < 0 || n > 100 {
		bad("a master that misses %d adverts: not 1-100", n)
	}
	if in.PreemptDelay < 0 {
		bad("preempt delay %s is negative", in.PreemptDelay)
	}
	if in.Announce.Repeat < 1 || in.Announce.Refresh > 0 && in.Announce.RefreshRepeat < 1 {
		bad("addresses must be announced at least once")
	}
	if a := in.Announce; a.Delay < 0 || a.Refresh < 0 || a.LowerDelay < 0 || a.LowerRepeat < 0 {
		bad("announcement delay %s or %s, refresh %s or repetition %d is negative", a.Delay, a.LowerDelay, a.Refresh, a.LowerRepeat)
	}
	return append(append(errs, in.validateAuth()...), in.validateAddresses()...)
}

func (in Instance) validateAddresses() (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("instance %s: "+format, append([]any{in.Name}, args...)...))
	}
	// RFC 9568 section 5.2.5: at least one, and the count is one byte.
	if n := len(in.Addresses); n == 0 || n > 255 {
		bad("%d virtual addresses, not 1-255", n)
	}
	all := in.Floating()
	for i, a := range all {
		switch ip := a.Prefix.Addr(); {
		case ip.Is4() == in.IPv6() && i < len(in.Addresses):
			// The family of an advert is that of its IP header. The excluded
			// addresses are in none.
			bad("virtual address %s: not %s as the first one is", a.Prefix, in.family())
		case ip.IsUnspecified(), ip.IsLoopback(), ip.IsMulticast(), ip == allHosts:
			bad("virtual address %s: not the address of a host on a network", a.Prefix)
		}
		if slices.ContainsFunc(all[:i], func(b Address) bool { return a.Prefix.Addr() == b.Prefix.Addr() }) {
			bad("virtual address %s: listed twice", a.Prefix.Addr())
		}
	}
	if in.Source.IsValid() && in.Source.Is4() == in.IPv6() {
		bad("source %s is not an %s address", in.Source, in.family())
	}
	for _, p := range in.Peers {
		if p.Is4() == in.IPv6() || p.IsMulticast() {
			bad("peer %s is not an %s unicast address", p, in.family())
		}
		if p == in.Source {
			bad("peer %s is our own source address", p)
		}
	}
	for _, t := range in.Track {
		if t.Weight < -253 || t.Weight > 253 {
			bad("track interface %s: weight %d is not -253 to 253", t.Name, t.Weight)
		}
	}
	return errs
}

// allHosts is the limited broadcast address (RFC 919 section 7).
var allHosts = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// routerID is what tells virtual routers apart (RFC 9568 section 5.2.3): a VRID
// names one of each family on a link.
type routerID struct {
	iface string
	ipv6  bool
	vrid  uint8
}

func (in Instance) id() routerID { return routerID{in.Interface, in.IPv6(), in.VRID} }

// IPv6 reports the family of the virtual router: that of its first address
// (RFC 9568 section 5.2.9: the others are of the same).
func (in Instance) IPv6() bool {
	return len(in.Addresses) > 0 && in.Addresses[0].Prefix.Addr().Is6()
}

// family is the family in words.
func (in Instance) family() string {
	if in.IPv6() {
		return "IPv6"
	}
	return "IPv4"
}

// Interfaces returns the names of all interfaces that the configuration
// depends on, sorted: those whose state the router must be told.
func (c Config) Interfaces() []string {
	var names []string
	for _, in := range c.Instances {
		names = append(names, in.Interface)
		for _, t := range in.Track {
			names = append(names, t.Name)
		}
	}
	for _, g := range c.Groups {
		for _, t := range g.Track {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
