package vrrp

import (
	"net/netip"
	"time"
)

// Wish is what the kernel shall hold for an instance, or shall not.
type Wish struct {
	Interface string
	Own       *Subinterface // nil: the addresses are on Interface
	Addresses []Address     // all that float, in order
	Routes    []Route
	Rules     []Rule
	NoAccept  bool
	Lifetime  time.Duration // of the addresses; 0: for ever
	Extra     time.Duration // see Announce
	ExtraAll  bool
	Present   bool
}

// Subinterface is an interface of the instance's own on top of its Interface.
// It exists as long as the instance does, and is up only while it is master, so
// that a backup never emits a frame with the virtual MAC.
type Subinterface struct {
	Kind SubinterfaceKind
	Name string  // under 16 bytes
	MAC  [6]byte // of a macvlan: 00-00-5E-00-01-VRID or 00-00-5E-00-02-VRID (RFC 9568 section 7.3), unless configured
	// XmitBase makes adverts leave with the MAC of Interface (keyword
	// vmac_xmit_base); otherwise they have that of the macvlan.
	XmitBase bool
	// ForAll gives addresses on other interfaces a macvlan of their own too
	// (keyword use_vmac_addr); their names begin with AddressPrefix.
	ForAll        bool
	AddressPrefix string
	Mode          IPVLANMode   // of an ipvlan
	Address       netip.Prefix // of an ipvlan: its own; zero: none
	Group         uint32       // of links (ip link group)
}

// SubinterfaceKind is what a subinterface is made of.
type SubinterfaceKind uint8

// The kinds.
const (
	MACVLAN SubinterfaceKind = iota // private mode
	IPVLAN                          // layer 2
)

// IPVLANMode is how ipvlan interfaces of one parent see each other.
type IPVLANMode uint8

// The modes (linux/if_link.h IFLA_IPVLAN_FLAGS).
const (
	IPVLANBridge IPVLANMode = iota
	IPVLANPrivate
	IPVLANVEPA
)

// Static is what a director keeps in the kernel whoever is master.
type Static struct {
	Addresses []StaticAddress
	Routes    []StaticRoute
	Rules     []StaticRule
	// Groups are by name the instances that are in FAULT while something that
	// names the group is missing (block track_group).
	Groups map[string][]string
}

// StaticAddress is an address with the track_group that it names; empty: none.
type StaticAddress struct {
	Address
	Group string
}

// StaticRoute is a route, likewise.
type StaticRoute struct {
	Route
	Group string
}

// StaticRule is a rule, likewise.
type StaticRule struct {
	Rule
	Group string
}

// Pacing is how fast announcements leave. The gaps are the time between two of
// them on one interface, or on all of a group together; 0: none.
type Pacing struct {
	GARP, GNA time.Duration
	Groups    []PaceGroup
}

// PaceGroup are interfaces that share a pace (block garp_group).
type PaceGroup struct {
	Interfaces []string
	GARP, GNA  time.Duration
}
