package vrrp

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

// Said is a value that may be missing where its zero value means something.
type Said[T comparable] struct {
	Value T
	Is    bool // it was said
}

// Say returns a value that was said.
func Say[T comparable](v T) Said[T] { return Said[T]{v, true} }

// Route is a route as the kernel shall hold it (ip-route(8), linux/rtnetlink.h
// struct rtmsg).
type Route struct {
	To   netip.Prefix // valid always: the default route is 0.0.0.0/0 or ::/0
	From netip.Prefix // IPv6 only: it is for packets from there; zero: from anywhere
	Kind RouteKind
	Dev  string     // empty: the kernel finds it by Via
	Via  netip.Addr // may be IPv6 where To is IPv4; zero: none
	// Source is what the host speaks from by this route (keyword src); zero: the
	// kernel chooses.
	Source   netip.Addr
	Table    uint32 // 0: main, or local for the kinds that belong there
	Metric   uint32 // 0: the kernel's default
	Scope    uint8  // rtnetlink scope: 0 global, 253 link, 254 host; IPv6 has none
	Protocol uint8  // who made it; 0: tandem, RouteProtocol
	TOS      uint8
	OnLink   bool          // Via is on Dev whatever the addresses there say
	Expires  time.Duration // IPv6, whole seconds; 0: never
	Metrics  Metrics
	// Congestion is the congestion control of TCP; empty: the host's.
	Congestion     string
	LockCongestion bool
	Preference     RoutePreference
	TTLPropagate   Said[bool] // of MPLS
	Realms         uint32     // IPv4: from<<16 | to
	Encap          Encap
	Hops           []Hop // several ways instead of Dev and Via
	Place          RoutePlace
	// NoTrack leaves the route alone once somebody else has removed it.
	NoTrack bool
}

// RouteProtocol is the mark of tandem's own routes and rules (RTPROT_ and
// FRA_PROTOCOL): the number of VRRP, which no other program uses.
const RouteProtocol = 112

// RouteKind is what becomes of a packet (RTN_ in linux/rtnetlink.h).
type RouteKind uint8

// The kinds, without those that only the kernel makes.
const (
	Unicast RouteKind = iota
	Local
	Broadcast
	Anycast
	Multicast
	Blackhole
	Unreachable
	Prohibit
	Throw
)

var routeKindNames = [...]string{"unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw"}

// String names the kind as ip route does.
func (k RouteKind) String() string {
	if int(k) < len(routeKindNames) {
		return routeKindNames[k]
	}
	return "?"
}

// RoutePlace is where a route goes among those with the same destination, type
// of service and metric.
type RoutePlace uint8

// The places. A route in front of another one leaves that in place, and it
// counts again once the first is gone.
const (
	Prepend RoutePlace = iota
	Append
	Alone // an error where there is one already
)

// RoutePreference is the preference of an IPv6 route (RFC 4191).
type RoutePreference uint8

// The preferences.
const (
	PreferMedium RoutePreference = iota
	PreferLow
	PreferHigh
)

// Metric is a property of the path that a route leads along (RTAX_ in
// linux/rtnetlink.h).
type Metric uint8

// The metrics that are numbers.
const (
	MetricMTU              Metric = 2
	MetricWindow           Metric = 3
	MetricRTT              Metric = 4 // in 1/8 ms
	MetricRTTVar           Metric = 5 // in 1/4 ms
	MetricSSThresh         Metric = 6
	MetricCwnd             Metric = 7
	MetricAdvMSS           Metric = 8
	MetricReordering       Metric = 9
	MetricHopLimit         Metric = 10
	MetricInitCwnd         Metric = 11
	MetricFeatures         Metric = 12 // bit 0: ECN
	MetricRTOMin           Metric = 13 // in ms
	MetricInitRwnd         Metric = 14
	MetricQuickAck         Metric = 15
	MetricFastOpenNoCookie Metric = 17
)

// Metrics are the metrics of a route: which are said, which of those the kernel
// must not adapt, and what they are.
type Metrics struct {
	Values [MetricFastOpenNoCookie + 1]uint32
	Set    uint32 // 1<<Metric of those that are said
	Locked uint32 // likewise
}

// Say sets one.
func (m *Metrics) Say(which Metric, value uint32, lock bool) {
	m.Values[which] = value
	m.Set |= 1 << which
	m.Locked &^= 1 << which
	if lock {
		m.Locked |= 1 << which
	}
}

// Has reports whether one is said.
func (m Metrics) Has(which Metric) bool { return m.Set&(1<<which) != 0 }

// Hop is one of several ways of a route.
type Hop struct {
	Dev    string
	Via    netip.Addr
	Weight uint16 // 1-256; 0: 1
	OnLink bool
	Realms uint32
	Encap  Encap
}

// Encap is the tunnel that packets of a route are put in (linux/lwtunnel.h).
// Fields that do not belong to Kind are zero.
type Encap struct {
	Kind     EncapKind
	ID       uint64
	Dst, Src netip.Addr
	TOS, TTL uint8
	Flags    uint16
	Labels   [MaxLabels]uint32 // of MPLS, the outermost first
	Depth    uint8             // how many labels there are
	Locator  uint64            // of ILA
}

// MaxLabels is how many MPLS labels a route can push (MAX_NEW_LABELS, net/mpls).
const MaxLabels = 30

// EncapKind is a kind of Encap.
type EncapKind uint8

// The kinds (enum lwtunnel_encap_types).
const (
	NoEncap EncapKind = iota
	EncapMPLS
	EncapIP
	EncapILA
	EncapIP6
)

// Equal reports whether two routes are the same wish.
func (r Route) Equal(o Route) bool { return reflect.DeepEqual(r, o) }

// IPv6 reports the family of a route.
func (r Route) IPv6() bool { return r.To.Addr().Is6() }

// String names the route as a log line does: "10.0.0.0/8 via 10.1.0.1 dev eth0
// table 100".
func (r Route) String() string {
	var b strings.Builder
	if r.Kind != Unicast {
		b.WriteString(r.Kind.String() + " ")
	}
	b.WriteString(r.To.String())
	way(&b, r.Via, r.Dev)
	for _, h := range r.Hops {
		b.WriteString(" nexthop")
		way(&b, h.Via, h.Dev)
	}
	if r.Source.IsValid() {
		b.WriteString(" src " + r.Source.String())
	}
	if r.Table != 0 {
		fmt.Fprintf(&b, " table %d", r.Table)
	}
	if r.Metric != 0 {
		fmt.Fprintf(&b, " metric %d", r.Metric)
	}
	return b.String()
}

func way(b *strings.Builder, via netip.Addr, dev string) {
	if via.IsValid() {
		b.WriteString(" via " + via.String())
	}
	if dev != "" {
		b.WriteString(" dev " + dev)
	}
}
