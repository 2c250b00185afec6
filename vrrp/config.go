package vrrp

import (
	"net/netip"
	"time"
)

// Version is a VRRP protocol version: 2 (RFC 3768) or 3 (RFC 9568).
type Version uint8

// The versions that are spoken.
const (
	V2 Version = 2
	V3 Version = 3
)

// Priorities with a meaning of their own (RFC 9568 section 5.2.4).
const (
	PriorityStop  = 0   // the sender stops taking part
	PriorityOwner = 255 // the sender owns the addresses
)

// Instance is the configuration of one virtual router on one link: what the
// user writes in a vrrp_instance block is what runs.
type Instance struct {
	Name      string
	VRID      uint8 // 1-255
	Version   Version
	Priority  uint8         // 1-255; 255 is the address owner
	Interval  time.Duration // advertisement interval; v3: 10 ms-40.95 s, v2: whole seconds
	Interface string        // adverts leave here, and its loss is a fault

	// NoPreempt is RFC 9568's Preempt_Mode turned round, so that the zero
	// value is the default (keyword nopreempt).
	NoPreempt    bool
	PreemptDelay time.Duration // how long a lower master is left alone once heard; 0: not at all

	Wire   Wire
	Source netip.Addr   // source of adverts; zero: the interface's primary address
	Peers  []netip.Addr // unicast peers; empty: multicast
	Auth   Password     // v2 AUTH_PASS or AH; zero: no authentication
	// AuthHeader says that Auth is the key of an IP authentication header (RFC
	// 2338 section 5.3.6 type 2) instead of a password in the advert.
	AuthHeader bool
	HMAC       *HMAC // keepalived's auth_hmac; nil: none

	Manners Manners

	// Addresses are the virtual addresses in the configured order, which is
	// their order in the advert (RFC 9568 section 5.2.9).
	Addresses []Address
	// Excluded are virtual addresses that move with the others and are not in
	// the advert, of either family (keyword virtual_ipaddress_excluded).
	Excluded []Address
	Announce Announce
	Track    []TrackInterface
	Items    []TrackItem // scripts, files, processes and BFD sessions

	// Own is an interface of the instance's own on top of Interface, which has
	// the addresses; nil: they are on Interface itself.
	Own      *Subinterface
	Routes   []Route // that move with the addresses (keyword virtual_routes)
	Rules    []Rule  // likewise (keyword virtual_rules)
	NoAccept bool    // packets to the addresses are dropped unless it is their owner

	// Lifetime is how long the kernel keeps the addresses of a tandem that
	// nobody hears of any more (keyword vip_lifetime).
	Lifetime Lifetime
}

// Password is the secret of VRRPv2 authentication: 8 bytes, filled with zeros
// (RFC 2338 section 5.3.10). It never prints itself.
type Password [8]byte

// Address is a virtual address as the kernel shall hold it. It is comparable:
// two equal values are the same wish.
type Address struct {
	Prefix    netip.Prefix // address and its prefix length, host bits kept
	Dev       string       // interface; empty: the instance's
	Label     string       // IPv4 address label, under 16 bytes; empty: none
	Broadcast netip.Addr   // zero: none
	Scope     uint8        // rtnetlink scope: 0 global, 200 site, 253 link, 254 host

	// Peer is the other end of a point-to-point link, with the length of the
	// network behind it; zero: none. Prefix is the address alone then.
	Peer netip.Prefix
	// Preferred is for how long IPv6 takes the address as the source of what the
	// host itself begins, from when it is set (RFC 4862 section 5.5.4); auto:
	// never one that stands alone, any other always. 0 is never.
	Preferred     Lifetime
	NoPrefixRoute bool // no route to its network
	Home          bool // IPv6: home address of a mobile node (RFC 6275)
	Temporary     bool // IPv6, a /64: the kernel makes temporary ones of it (RFC 8981)
	// NoTrack leaves the address alone once somebody else has removed it.
	NoTrack bool
}

// Announce is the timing of gratuitous ARP and unsolicited neighbour
// advertisements (keywords garp_master_*, vrrp_garp_*).
type Announce struct {
	Repeat        int           // packets per address in a burst; at least 1
	Delay         time.Duration // second burst this long after becoming master; 0: none
	Refresh       time.Duration // again every so often while master; 0: never
	RefreshRepeat int           // packets per address in a refresh; at least 1

	// After an advert of a lower master (keywords garp_lower_prio_*).
	LowerRepeat int           // packets per address; 0: none at all
	LowerDelay  time.Duration // second burst this long after it; 0: none

	// Extra is how often the addresses are announced on their other
	// interfaces, whose switches hear no adverts (keyword garp_extra_if); 0: never.
	Extra    time.Duration
	ExtraAll bool // on every such interface, not only those of a subinterface
}

// DefaultAnnounce is keepalived's timing, except that tandem refreshes every
// 60 s unless told otherwise: a switch that forgot the VIP learns it again.
var DefaultAnnounce = Announce{
	Repeat: 5, Delay: 5 * time.Second,
	Refresh: 60 * time.Second, RefreshRepeat: 1,
	LowerRepeat: 5, LowerDelay: 5 * time.Second,
}

// TrackInterface ties an instance to another interface (keyword
// track_interface). Weight 0: its loss is a fault. Otherwise a positive weight
// is added to the priority while it is up, a negative one while it is down.
type TrackInterface struct {
	Name   string
	Weight int // -253..253
	// Reverse swaps up and down.
	Reverse bool
}

// Group is a vrrp_sync_group: its members are master together or not at all.
type Group struct {
	Name    string
	Members []string // instance names

	// What all members track. With Weighted the weights of these and of the
	// members' own count for every member; without it nothing in the group has
	// a weight (keyword sync_group_tracking_weight).
	Track    []TrackInterface
	Items    []TrackItem
	Weighted bool
}

// Config is all the virtual routers of one director. An instance in no group
// is a group of one.
type Config struct {
	Instances []Instance
	Groups    []Group
	Static    Static
	Pacing    Pacing

	// StartupDelay and DelayAfterBoot say how long after the start, and after
	// the boot of the host, adverts are thrown away and nobody becomes master;
	// the later end counts (keywords vrrp_startup_delay, vrrp_delay_after_boot).
	StartupDelay, DelayAfterBoot time.Duration
	// LinkDelays are by interface how long a change of its link must last to
	// count (keyword interface_up_down_delays).
	LinkDelays map[string]LinkDelay
	// ForwardingWait is how long at most an interface that has just come up is
	// waited for to carry a frame of somebody else (keyword forwarding_wait,
	// tandem's own): a switch port may listen for 30 s before it forwards. 0: not
	// at all.
	ForwardingWait time.Duration
	// LogUnknown logs adverts of virtual routers that are not configured here.
	LogUnknown bool
}

// DefaultForwardingWait is what spanning tree takes from listening to forwarding.
const DefaultForwardingWait = 30 * time.Second

// LinkDelay is how long an interface must be down, or up, until that counts.
type LinkDelay struct{ Down, Up time.Duration }
