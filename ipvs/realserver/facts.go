package realserver

import (
	"net/netip"
	"slices"
)

// Facts is what is set on this host, as far as a real server depends on it.
type Facts struct {
	Links     []Link     `json:"links"`
	All       Settings   `json:"all"`     // net.ipv4.conf.all
	Default   Settings   `json:"default"` // net.ipv4.conf.default: of interfaces to come.
	Receivers []Receiver `json:"receivers,omitempty"`
	Filters   []Filter   `json:"arp_filters,omitempty"`
	Clamps    []Clamp    `json:"mss_clamps,omitempty"`
	Sockets   []Socket   `json:"-"`

	// What follows was asked for a Wish.
	Replies  []Route  `json:"replies,omitempty"`  // With a VIP as source, to the client.
	Director Route    `json:"director,omitzero"`  // To Wish.From.
	Answers  []Answer `json:"answers,omitempty"`  // Who answers for the VIPs.
	Unasked  []string `json:"unasked,omitempty"`  // Why somebody could not be asked.
	Unknown  []string `json:"unknown,omitempty"`  // What could not be read, and why.
	Probed   []string `json:"probed,omitempty"`   // Interfaces on which the network was asked.
	Elements []string `json:"elements,omitempty"` // VIPs in the own ARP table.
	Masks    string   `json:"masks,omitempty"`    // Of the own ARP table: Step.Masks.
	Table    bool     `json:"table,omitempty"`    // The own ARP table is there.
}

// Link is a network interface.
type Link struct {
	Name      string    `json:"name"`
	Type      string    `json:"type"` // As ip-link(8) names it: veth, dummy, ipip ...
	MAC       string    `json:"mac,omitempty"`
	MTU       int       `json:"mtu"`
	Up        bool      `json:"up"`
	Silent    bool      `json:"silent"` // A loopback, or without ARP: nobody can ask there.
	Port      bool      `json:"port"`   // Of a bridge, bond or the like, which has the addresses.
	Addresses []Address `json:"addresses,omitempty"`
	Settings
}

// Settings are the values of an interface's own; what counts is often the
// greater of these and those of "all" (Documentation/networking/ip-sysctl.rst).
type Settings struct {
	ARPIgnore   int `json:"arp_ignore"`
	ARPAnnounce int `json:"arp_announce"`
	RPFilter    int `json:"rp_filter"`
}

// ignores reports that arp_ignore leaves questions for an address of another,
// silent interface unanswered (arp_ignore in net/ipv4/arp.c).
func (s Settings) ignores(hostScope bool) bool {
	switch s.ARPIgnore {
	case 1, 2, 8:
		return true
	case 3: // Answers for what has scope global or link, wherever it is.
		return hostScope
	}
	return false // 0; and 4 to 7, which mean nothing.
}

// announces reports that no ARP request names an address of another interface
// as its sender. With 1 it still does, for a VIP from the asked one's subnet.
func (s Settings) announces() bool { return s.ARPAnnounce >= 2 }

// Address is an address of an interface.
type Address struct {
	Prefix netip.Prefix `json:"prefix"`
	Host   bool         `json:"host"` // Scope host: never chosen as a source, never told.
	// IPv4 only, and only what is not by default.
	Broadcast netip.Addr `json:"broadcast,omitzero"`
	Label     string     `json:"label,omitempty"`
}

// Receiver is a UDP port at which the kernel unwraps.
type Receiver struct {
	Port uint16 `json:"port"`
	IP   family `json:"ip"`
	GUE  bool   `json:"gue"` // Else plain FOU.
}

// Filter is a rule that keeps ARP about an address from coming in or going out.
type Filter struct {
	By     string       `json:"by"` // "nft table arp filter", "arptables-legacy" ...
	Target netip.Prefix `json:"target"`
	Out    bool         `json:"out"`    // Of packets that leave with the address as sender.
	Device string       `json:"device"` // Empty for all.
}

// Clamp is a rule that lowers the segment size of new TCP connections.
type Clamp struct {
	By     string       `json:"by"`
	Size   int          `json:"size"`            // 0 where the rule goes by the route's MTU.
	Source netip.Prefix `json:"source,omitzero"` // Of the packets; invalid for all.
}

// Socket is a listening socket, or where one is expected: then without address.
type Socket struct {
	UDP  bool
	Addr netip.Addr
	Port uint16
}

// Route is how the kernel would send a packet.
type Route struct {
	To      netip.Addr `json:"to"`
	From    netip.Addr `json:"from,omitzero"`
	Device  string     `json:"device,omitempty"`
	Gateway netip.Addr `json:"gateway,omitzero"`
	AdvMSS  int        `json:"advmss,omitempty"`
	Problem string     `json:"problem,omitempty"`
}

// Answer is somebody's word that an address is his.
type Answer struct {
	VIP    netip.Addr `json:"vip"`
	Device string     `json:"device"` // Where the question went out.
	MAC    string     `json:"mac"`
}

func (f Facts) link(name string) (Link, bool) {
	i := slices.IndexFunc(f.Links, func(l Link) bool { return l.Name == name })
	if i < 0 {
		return Link{Name: name, Settings: f.Default}, false
	}
	return f.Links[i], true
}

// neighbourly are the interfaces on which somebody may ask for an address.
func (f Facts) neighbourly() []Link {
	return slices.DeleteFunc(slices.Clone(f.Links), func(l Link) bool { return l.Silent || l.Port || !l.Up })
}

// effective returns what counts on an interface: for these three the greater
// value (IN_DEV_MAXCONF in include/linux/inetdevice.h).
func (f Facts) effective(l Link) Settings {
	return Settings{
		ARPIgnore:   max(f.All.ARPIgnore, l.ARPIgnore),
		ARPAnnounce: max(f.All.ARPAnnounce, l.ARPAnnounce),
		RPFilter:    max(f.All.RPFilter, l.RPFilter),
	}
}

// admits reports that the reverse path filter of an interface lets a packet in
// whose reply would leave by another one. Loose (2) does, but where the
// interface has no IPv4 address it drops like strict (1): no_addr in
// __fib_validate_source, net/ipv4/fib_frontend.c.
func (f Facts) admits(l Link) bool {
	filter := f.effective(l).RPFilter
	return filter == 0 || filter == 2 && l.hasIPv4()
}

func (l Link) hasIPv4() bool {
	return slices.ContainsFunc(l.Addresses, func(a Address) bool { return a.Prefix.Addr().Is4() })
}

// filtered reports a rule about a VIP that works on an interface.
func (f Facts) filtered(vip netip.Addr, device string, out bool) (Filter, bool) {
	for _, rule := range f.Filters {
		if rule.Out == out && rule.Target.Contains(vip) && (rule.Device == "" || rule.Device == device) {
			return rule, true
		}
	}
	return Filter{}, false
}

// reply returns the route of replies with a source, or of any in its family.
func (f Facts) reply(vip netip.Addr) (Route, bool) {
	i := slices.IndexFunc(f.Replies, func(r Route) bool { return r.From == vip })
	if i < 0 {
		return Route{}, false
	}
	return f.Replies[i], true
}

// ownAddress reports that an address is not a virtual one but the host's own:
// it came with its subnet, or is the only one of its version on an interface
// with neighbours.
func (f Facts) ownAddress(addr netip.Addr) (Link, Address, bool) {
	for _, l := range f.Links {
		for _, a := range l.Addresses {
			if !l.Silent && a.Prefix.Addr() == addr && (!a.Prefix.IsSingleIP() || l.only(a)) {
				return l, a, true
			}
		}
	}
	return Link{}, Address{}, false
}

// only reports that an interface has no other address of the version. An IPv6
// address of the link alone is none by which anybody comes from afar.
func (l Link) only(a Address) bool {
	return !slices.ContainsFunc(l.Addresses, func(o Address) bool {
		return o.Prefix != a.Prefix && familyOf(o.Prefix.Addr()) == familyOf(a.Prefix.Addr()) && !o.Prefix.Addr().IsLinkLocalUnicast()
	})
}

// own returns the host's address by which directors reach it in an IP version:
// that of the interface towards the director, or else the first.
func (f Facts) own(ip family, vips []netip.Addr) (netip.Addr, bool) {
	links := f.neighbourly()
	if l, ok := f.link(f.Director.Device); ok {
		links = append([]Link{l}, links...)
	}
	for _, l := range links {
		for _, a := range l.Addresses {
			addr := a.Prefix.Addr()
			if familyOf(addr) == ip && !addr.IsLinkLocalUnicast() && !slices.Contains(vips, addr) {
				return addr, true
			}
		}
	}
	return netip.Addr{}, false
}
