package link

import (
	"net/netip"
	"slices"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// kind is what a socket is for.
type kind uint8

const (
	overIPv4  kind = iota // protocol 112, in and out
	inAH                  // protocol 51 over IPv4, in
	overIPv6              // protocol 112, in and out
	forFrames             // whole Ethernet frames, out
)

// ear names a socket: there is one of a kind on an interface.
type ear struct {
	dev  string // the interface that it is bound to
	kind kind
}

// hearing is what one interface of the configuration needs: sockets with the
// groups to join. Those on another interface, a macvlan, are heard as if they
// were on this one, as long as it exists.
type hearing struct {
	iface string
	ears  map[ear][]netip.Addr
}

// hearings turns wishes into sockets, one list for each interface. It joins
// every group that any of the wishes of an interface wants.
func hearings(want []vrrp.Listen) map[string]hearing {
	list := make(map[string]hearing)
	for _, l := range want {
		h, ok := list[l.Interface]
		if !ok {
			h = hearing{l.Interface, make(map[ear][]netip.Addr)}
			list[l.Interface] = h
		}
		kinds := []kind{overIPv4}
		switch {
		case l.IPv6:
			kinds[0] = overIPv6
		case l.AuthHeader:
			kinds = append(kinds, inAH)
		}
		for _, kind := range kinds {
			h.join(ear{l.Interface, kind}, l)
			if l.Own != "" && l.Own != l.Interface {
				h.join(ear{l.Own, kind}, l)
			}
		}
		if l.Own != "" {
			h.ears[ear{l.Interface, forFrames}] = nil
		}
	}
	return list
}

// join adds the group of a wish to those of a socket.
func (h hearing) join(e ear, l vrrp.Listen) {
	groups := h.ears[e]
	group := l.Group
	switch {
	case l.Unicast:
		group = netip.Addr{}
	case !group.IsValid() && l.IPv6:
		group = advert.Group6
	case !group.IsValid():
		group = advert.Group4
	}
	if group.IsValid() && !slices.Contains(groups, group) {
		groups = append(groups, group)
	}
	h.ears[e] = groups
}
