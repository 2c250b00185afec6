package link

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Routes are encoded here and not by the netlink library, which has neither
// their place among others of the same key, nor several of their properties
// (ttl-propagate, the preference of IPv6, encap ip). One way for all of them is
// easier to read than two.

// heldRoute is a route that the kernel holds, as far as it is told from others.
type heldRoute struct {
	to, from      netip.Prefix
	table, metric uint32
	tos, kind     uint8 // kind: RTN_
	protocol      uint8
	ways          []way
}

// way is one way of a route.
type way struct {
	index int // of the interface; 0: whichever
	via   netip.Addr
}

// defaultMetric6 is what the kernel makes of an IPv6 route without a metric
// (IP6_RT_PRIO_USER, linux/ipv6_route.h).
const defaultMetric6 = 1024

// routeTarget is a route that shall be present, whose interfaces all exist.
type routeTarget struct {
	vrrp.Route
	held    heldRoute
	indices map[string]int // of the interfaces that it names
	owner   string         // whose it is: "instance VI_1", "static_routes"
}

// newRouteTarget gives a route the numbers of its interfaces. It fails with the
// name of one that does not exist.
func newRouteTarget(r vrrp.Route, owner string, index func(string) (int, error)) (routeTarget, error) {
	t := routeTarget{Route: r, owner: owner, indices: make(map[string]int)}
	h := heldRoute{
		to: r.To.Masked(), from: r.From, table: r.Table, metric: r.Metric,
		tos: r.TOS, kind: uint8(r.Kind) + unix.RTN_UNICAST, protocol: routeProtocol(r),
	}
	if h.table == 0 {
		h.table = defaultTable(r.Kind)
	}
	if h.metric == 0 && r.IPv6() {
		h.metric = defaultMetric6
	}
	hops := r.Hops
	if len(hops) == 0 && (r.Dev != "" || r.Via.IsValid()) {
		hops = []vrrp.Hop{{Dev: r.Dev, Via: r.Via}}
	}
	for _, hop := range hops {
		w := way{via: hop.Via}
		if hop.Dev != "" {
			var err error
			if w.index, err = index(hop.Dev); err != nil {
				return t, fmt.Errorf("add route %s (%s): %s: %w", r, owner, hop.Dev, err)
			}
			t.indices[hop.Dev] = w.index
		}
		h.ways = append(h.ways, w)
	}
	t.held = h
	return t, nil
}

func routeProtocol(r vrrp.Route) uint8 {
	if r.Protocol == 0 {
		return vrrp.RouteProtocol
	}
	return r.Protocol
}

// defaultTable is where ip route puts a kind of route.
func defaultTable(k vrrp.RouteKind) uint32 {
	switch k {
	case vrrp.Local, vrrp.Broadcast, vrrp.Anycast:
		return unix.RT_TABLE_LOCAL
	}
	return unix.RT_TABLE_MAIN
}

// fits reports whether the kernel's route is the one wanted. What the wish
// leaves to the kernel may be anything.
func (have heldRoute) fits(want heldRoute) bool {
	if have.to != want.to || have.from != want.from || have.table != want.table || have.metric != want.metric ||
		have.tos != want.tos || have.kind != want.kind || have.protocol != want.protocol {
		return false
	}
	if len(want.ways) == 0 {
		return true // IPv6 shows lo for a route that leads nowhere.
	}
	return slices.EqualFunc(have.ways, want.ways, func(h, w way) bool {
		return (w.index == 0 || h.index == w.index) && h.via == w.via
	})
}

// routes reads the routes of one protocol in all tables. Since Linux 4.20 the
// kernel picks them; before that all are read.
func (k *kernel) routes(protocol uint8) ([]heldRoute, error) {
	msg := &nl.RtMsg{}
	msg.Protocol = protocol
	var list []heldRoute
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		msg.Family = family
		answers, err := k.read(unix.RTM_GETROUTE, unix.NLM_F_DUMP, unix.RTM_NEWROUTE, msg)
		if err != nil {
			return nil, fmt.Errorf("read routes: %w", err)
		}
		for _, m := range answers {
			if r, ok := parseRoute(m); ok && r.protocol == protocol {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// parseRoute decodes an RTM_NEWROUTE payload.
func parseRoute(b []byte) (heldRoute, bool) {
	if len(b) < unix.SizeofRtMsg {
		return heldRoute{}, false
	}
	const cloned = unix.RTM_F_CLONED // an entry of the cache, which is no route
	flags := binary.NativeEndian.Uint32(b[8:])
	attrs, err := attributes(b[unix.SizeofRtMsg:])
	if err != nil || flags&cloned != 0 || b[0] != unix.AF_INET && b[0] != unix.AF_INET6 {
		return heldRoute{}, false
	}
	zero := netip.IPv4Unspecified()
	if b[0] == unix.AF_INET6 {
		zero = netip.IPv6Unspecified()
	}
	h := heldRoute{to: netip.PrefixFrom(zero, 0), tos: b[3], table: uint32(b[4]), protocol: b[5], kind: b[7]}
	var only way
	for _, a := range attrs {
		switch a.Attr.Type {
		case unix.RTA_DST:
			h.to = prefixOf(a.Value, b[1])
		case unix.RTA_SRC:
			h.from = prefixOf(a.Value, b[2])
		case unix.RTA_TABLE:
			h.table = number32(a.Value)
		case unix.RTA_PRIORITY:
			h.metric = number32(a.Value)
		case unix.RTA_OIF:
			only.index = int(number32(a.Value))
		case unix.RTA_GATEWAY, unix.RTA_VIA:
			only.via = gatewayOf(a.Attr.Type, a.Value)
		case unix.RTA_MULTIPATH:
			h.ways = parseWays(a.Value)
		}
	}
	if h.ways == nil && only != (way{}) {
		h.ways = []way{only}
	}
	return h, true
}

// parseWays decodes the list of struct rtnexthop of RTA_MULTIPATH.
func parseWays(b []byte) (list []way) {
	const header = unix.SizeofRtNexthop
	for len(b) >= header {
		n := int(binary.NativeEndian.Uint16(b))
		if n < header || n > len(b) {
			return list
		}
		w := way{index: int(binary.NativeEndian.Uint32(b[4:]))}
		attrs, err := attributes(b[header:n])
		if err != nil {
			return list
		}
		for _, a := range attrs {
			if a.Attr.Type == unix.RTA_GATEWAY || a.Attr.Type == unix.RTA_VIA {
				w.via = gatewayOf(a.Attr.Type, a.Value)
			}
		}
		list = append(list, w)
		b = b[min(len(b), (n+3)&^3):]
	}
	return list
}

// gatewayOf reads RTA_GATEWAY, or RTA_VIA, which begins with the family.
func gatewayOf(kind uint16, value []byte) netip.Addr {
	if kind == unix.RTA_VIA && len(value) > 2 {
		value = value[2:]
	}
	a, _ := netip.AddrFromSlice(value)
	return a
}

func prefixOf(value []byte, bits uint8) netip.Prefix {
	a, _ := netip.AddrFromSlice(value)
	return netip.PrefixFrom(a, int(bits))
}

func number32(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(b)
}
