package link

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// Attributes of routes that x/sys does not name (linux/rtnetlink.h).
const (
	rtaPref         = 20
	rtaExpires      = 23
	rtaTTLPropagate = 26
)

// routePlaces are the flags that put a route where it shall be among others of its
// key. Without any the kernel puts it in front of those.
var routePlaces = [...]int{vrrp.Prepend: 0, vrrp.Append: unix.NLM_F_APPEND, vrrp.Alone: unix.NLM_F_EXCL}

// createRoute is the request that adds a route.
func createRoute(t routeTarget) *nl.NetlinkRequest {
	msg, attrs := routeRequest(t.held)
	msg.Scope = t.Scope
	if t.OnLink {
		msg.Flags |= unix.RTNH_F_ONLINK
	}
	add := func(kind int, value []byte) { attrs = append(attrs, nl.NewRtAttr(kind, value)) }
	if t.Source.IsValid() {
		add(unix.RTA_PREFSRC, t.Source.AsSlice())
	}
	if t.Realms != 0 {
		add(unix.RTA_FLOW, nl.Uint32Attr(t.Realms))
	}
	if t.Expires != 0 {
		add(rtaExpires, nl.Uint32Attr(uint32(t.Expires/time.Second)))
	}
	if t.TTLPropagate.Is {
		add(rtaTTLPropagate, []byte{flag(t.TTLPropagate.Value)})
	}
	if t.Preference != vrrp.PreferMedium {
		add(rtaPref, []byte{[...]byte{vrrp.PreferLow: 3, vrrp.PreferHigh: 1}[t.Preference]}) // RFC 4191 section 2.1.
	}
	if m := metrics(t.Route); m != nil {
		attrs = append(attrs, m)
	}
	if len(t.Hops) > 0 {
		add(unix.RTA_MULTIPATH, t.multipath())
	} else {
		attrs = append(attrs, t.held.direct(t.IPv6())...)
		attrs = append(attrs, encap(t.Encap)...)
	}
	return newRequest(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|routePlaces[t.Place], append([]nl.NetlinkRequestData{msg}, attrs...)...)
}

// removeRoute is the request that deletes a route.
func removeRoute(h heldRoute) *nl.NetlinkRequest {
	msg, attrs := routeRequest(h)
	msg.Scope = unix.RT_SCOPE_NOWHERE // any
	if len(h.ways) == 1 {
		attrs = append(attrs, h.direct(h.to.Addr().Is6())...)
	}
	return newRequest(unix.RTM_DELROUTE, 0, append([]nl.NetlinkRequestData{msg}, attrs...)...)
}

// routeRequest is what RTM_NEWROUTE and RTM_DELROUTE have in common: what tells
// a route from others.
func routeRequest(h heldRoute) (*nl.RtMsg, []nl.NetlinkRequestData) {
	msg := &nl.RtMsg{}
	msg.Family = unix.AF_INET
	if h.to.Addr().Is6() {
		msg.Family = unix.AF_INET6
	}
	msg.Type, msg.Tos, msg.Protocol = h.kind, h.tos, h.protocol
	msg.Dst_len = uint8(h.to.Bits())
	attrs := []nl.NetlinkRequestData{
		nl.NewRtAttr(unix.RTA_TABLE, nl.Uint32Attr(h.table)),
		nl.NewRtAttr(unix.RTA_PRIORITY, nl.Uint32Attr(h.metric)),
	}
	if h.to.Bits() > 0 {
		attrs = append(attrs, nl.NewRtAttr(unix.RTA_DST, h.to.Addr().AsSlice()))
	}
	if h.from.IsValid() {
		msg.Src_len = uint8(h.from.Bits())
		attrs = append(attrs, nl.NewRtAttr(unix.RTA_SRC, h.from.Addr().AsSlice()))
	}
	return msg, attrs
}

// direct is the way of a route that has one.
func (h heldRoute) direct(ipv6 bool) (attrs []nl.NetlinkRequestData) {
	for _, w := range h.ways {
		if w.index != 0 {
			attrs = append(attrs, nl.NewRtAttr(unix.RTA_OIF, nl.Uint32Attr(uint32(w.index))))
		}
		if w.via.IsValid() {
			attrs = append(attrs, gateway(w.via, ipv6))
		}
	}
	return attrs
}

// gateway is RTA_GATEWAY, or of another family than the route's RTA_VIA (RFC 5549).
func gateway(via netip.Addr, ipv6 bool) *nl.RtAttr {
	if via.Is6() == ipv6 {
		return nl.NewRtAttr(unix.RTA_GATEWAY, via.AsSlice())
	}
	family := uint16(unix.AF_INET)
	if via.Is6() {
		family = unix.AF_INET6
	}
	return nl.NewRtAttr(unix.RTA_VIA, append(binary.NativeEndian.AppendUint16(nil, family), via.AsSlice()...))
}

// metrics are RTA_METRICS; nil: none is said.
func metrics(r vrrp.Route) *nl.RtAttr {
	if r.Metrics.Set == 0 && r.Congestion == "" {
		return nil
	}
	list := nl.NewRtAttr(unix.RTA_METRICS, nil)
	for which, value := range r.Metrics.Values {
		if r.Metrics.Has(vrrp.Metric(which)) {
			list.AddRtAttr(which, nl.Uint32Attr(value))
		}
	}
	locked := r.Metrics.Locked
	if r.Congestion != "" {
		list.AddRtAttr(unix.RTAX_CC_ALGO, nl.ZeroTerminated(r.Congestion))
		if r.LockCongestion {
			locked |= 1 << unix.RTAX_CC_ALGO
		}
	}
	if locked != 0 {
		list.AddRtAttr(unix.RTAX_LOCK, nl.Uint32Attr(locked))
	}
	return list
}

// multipath are the ways of a route as a list of struct rtnexthop.
func (t routeTarget) multipath() (b []byte) {
	for i, h := range t.Hops {
		var attrs []byte
		if h.Via.IsValid() {
			attrs = append(attrs, gateway(h.Via, t.IPv6()).Serialize()...)
		}
		if h.Realms != 0 {
			attrs = append(attrs, nl.NewRtAttr(unix.RTA_FLOW, nl.Uint32Attr(h.Realms)).Serialize()...)
		}
		for _, a := range encap(h.Encap) {
			attrs = append(attrs, a.Serialize()...)
		}
		for len(attrs)%unix.RTA_ALIGNTO != 0 {
			attrs = append(attrs, 0)
		}
		flags := byte(0)
		if h.OnLink || t.OnLink {
			flags = unix.RTNH_F_ONLINK
		}
		b = binary.NativeEndian.AppendUint16(b, uint16(unix.SizeofRtNexthop+len(attrs)))
		b = append(b, flags, byte(max(h.Weight, 1)-1))
		b = binary.NativeEndian.AppendUint32(b, uint32(t.held.ways[i].index))
		b = append(b, attrs...)
	}
	return b
}

// encap is the tunnel of a route or of one of its ways (linux/lwtunnel.h,
// linux/mpls_iptunnel.h, linux/ila.h).
func encap(e vrrp.Encap) []nl.NetlinkRequestData {
	if e.Kind == vrrp.NoEncap {
		return nil
	}
	list := nl.NewRtAttr(unix.RTA_ENCAP, nil)
	switch e.Kind {
	case vrrp.EncapMPLS:
		var stack []byte
		for i, label := range e.Labels[:e.Depth] {
			entry := label << 12 // RFC 3032 section 2.1; the TTL is the packet's
			if i == int(e.Depth)-1 {
				entry |= 1 << 8 // bottom of stack
			}
			stack = binary.BigEndian.AppendUint32(stack, entry)
		}
		list.AddRtAttr(1, stack)
	case vrrp.EncapILA:
		list.AddRtAttr(1, binary.BigEndian.AppendUint64(nil, e.Locator))
	default:
		if e.ID != 0 {
			list.AddRtAttr(1, binary.BigEndian.AppendUint64(nil, e.ID))
		}
		if e.Dst.IsValid() {
			list.AddRtAttr(2, e.Dst.AsSlice())
		}
		if e.Src.IsValid() {
			list.AddRtAttr(3, e.Src.AsSlice())
		}
		if e.TTL != 0 {
			list.AddRtAttr(4, []byte{e.TTL})
		}
		if e.TOS != 0 {
			list.AddRtAttr(5, []byte{e.TOS})
		}
		if e.Flags != 0 {
			list.AddRtAttr(6, binary.BigEndian.AppendUint16(nil, e.Flags))
		}
	}
	return []nl.NetlinkRequestData{
		nl.NewRtAttr(unix.RTA_ENCAP_TYPE, nl.Uint16Attr(uint16(e.Kind))),
		list,
	}
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}
