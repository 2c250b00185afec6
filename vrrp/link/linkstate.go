package link

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/vrrp"
)

// linkState reads one interface.
func linkState(k *kernel, name string, virtual map[netip.Addr]bool) (vrrp.LinkState, device, error) {
	state := vrrp.LinkState{Name: name}
	dev, err := k.device(name)
	if err == nil {
		var addrs []held
		addrs, err = k.addresses(dev.index)
		state.Exists, state.Up = true, dev.up
		state.Primary, state.Primary6 = primary(addrs, virtual), primary6(addrs, virtual)
		state.Tentative6 = dev.up && !state.Primary6.IsValid() && tentative6(addrs, virtual)
		state.Addresses = usable(addrs, virtual)
		if own := ownAddresses(addrs, nil)[dev.index].prefix.Addr(); virtual[own] {
			state.Owned = own
		}
	}
	if errors.Is(err, errNoLink) {
		return vrrp.LinkState{Name: name}, device{}, nil // gone, perhaps between the two
	}
	return state, dev, err
}

// primary chooses an interface's own IPv4 address (RFC 9568 section 1.7,
// Primary IP Address): the first that is not virtual. An address that came
// with its subnet's first one is taken only if there is no other: it is likely
// to be a virtual address of somebody else.
func primary(addrs []held, virtual map[netip.Addr]bool) netip.Addr {
	var second netip.Addr
	for _, a := range addrs {
		ip := a.prefix.Addr()
		switch {
		case !ip.Is4() || a.marked || virtual[ip]:
		case !a.secondary:
			return ip
		case !second.IsValid():
			second = ip
		}
	}
	return second
}

// primary6 chooses the link-local address that adverts leave from (RFC 9568
// section 5.1.2.1): the first that is not virtual and can be used.
func primary6(addrs []held, virtual map[netip.Addr]bool) netip.Addr {
	for _, a := range addrs {
		ip := a.prefix.Addr()
		if ip.Is6() && ip.IsLinkLocalUnicast() && !a.tentative && !a.marked && !virtual[ip] {
			return ip
		}
	}
	return netip.Addr{}
}

// tentative6 says whether primary6 may choose one soon, that of which the kernel
// still finds out whether somebody else has it (RFC 4862 section 5.4).
func tentative6(addrs []held, virtual map[netip.Addr]bool) bool {
	return slices.ContainsFunc(addrs, func(a held) bool {
		ip := a.prefix.Addr()
		return ip.Is6() && ip.IsLinkLocalUnicast() && a.checked && !a.marked && !virtual[ip]
	})
}

// usable lists what an instance may be told to advertise from.
func usable(addrs []held, virtual map[netip.Addr]bool) string {
	var list []netip.Addr
	for _, a := range addrs {
		if ip := a.prefix.Addr(); !a.tentative && !virtual[ip] {
			list = append(list, ip)
		}
	}
	slices.SortFunc(list, netip.Addr.Compare)
	var b strings.Builder
	for i, ip := range slices.Compact(list) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(ip.String())
	}
	return b.String()
}
