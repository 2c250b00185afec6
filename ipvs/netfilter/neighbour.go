package netfilter

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs/rules"
)

// neighbourTime bounds a question to the neighbour table.
const neighbourTime = 2 * time.Second

// resolve fills in the hardware addresses of the senders from the kernel's
// neighbour table and makes the kernel ask for those that it does not know. An
// address that was known is kept when its entry was forgotten meanwhile. It
// notes who is not known, and says whether that may change any moment.
func (k *Keeper) resolve(t rules.Table) (resolved rules.Table, notes []string, again bool) {
	senders := t.Senders()
	if len(senders) == 0 {
		return t, nil, false
	}
	far, err := k.ask(senders)
	if err != nil {
		notes, again = append(notes, err.Error()), true
	}
	for _, s := range senders {
		switch _, ok := k.hardware[s]; {
		case ok:
		case far[s]:
			notes = append(notes, fmt.Sprintf("%s is behind a router: DR cannot reach it, and what it sends here as a director "+
				"cannot be told from a client's", s))
		default:
			again = true
			notes = append(notes, fmt.Sprintf("the hardware address of %s is not known yet: until it answers, what it forwards here as a director "+
				"may be forwarded again", s))
		}
	}
	return t.Resolve(k.hardware), notes, again
}

// ask reads the neighbour table and starts the resolution of what is missing.
// It returns who is behind a router now: no frame from there has its address,
// but a route can change, as while a link is down.
func (k *Keeper) ask(senders []netip.Addr) (far map[netip.Addr]bool, err error) {
	ns := netns.None()
	if k.opt.NetNS != 0 {
		ns = netns.NsHandle(k.opt.NetNS)
	}
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open the neighbour table: %w", err)
	}
	defer h.Close()
	if err := h.SetSocketTimeout(neighbourTime); err != nil {
		return nil, fmt.Errorf("open the neighbour table: %w", err)
	}
	table, err := h.NeighList(0, 0)
	if err != nil {
		return nil, fmt.Errorf("read the neighbour table: %w", err)
	}
	for s, list := range known(table) {
		if slices.Contains(senders, s) {
			k.hardware[s] = list
		}
	}
	far = map[netip.Addr]bool{}
	for _, s := range senders {
		if _, ok := k.hardware[s]; !ok {
			far[s] = trigger(h, s)
		}
	}
	return far, nil
}

// known are the hardware addresses of a neighbour table that can be relied on.
func known(table []netlink.Neigh) map[netip.Addr][]rules.Hardware {
	const useless = netlink.NUD_INCOMPLETE | netlink.NUD_FAILED
	m := map[netip.Addr][]rules.Hardware{}
	for _, n := range table {
		a, ok := netip.AddrFromSlice(n.IP)
		if !ok || len(n.HardwareAddr) != len(rules.Hardware{}) || n.State == netlink.NUD_NONE || n.State&useless != 0 {
			continue
		}
		a = a.Unmap()
		h := rules.Hardware(n.HardwareAddr)
		if h != (rules.Hardware{}) && !slices.Contains(m[a], h) {
			m[a] = append(m[a], h)
			slices.SortFunc(m[a], func(x, y rules.Hardware) int { return slices.Compare(x[:], y[:]) })
		}
	}
	return m
}

// trigger makes the kernel ask the network for an address, as a packet to it
// would (NTF_USE). It reports that the address is behind a router.
func trigger(h *netlink.Handle, a netip.Addr) (offLink bool) {
	routes, err := h.RouteGet(net.IP(a.AsSlice()))
	if err != nil || len(routes) == 0 {
		return false // no route as yet
	}
	if routes[0].Gw != nil || routes[0].Via != nil {
		return true
	}
	// A failure shows as an address that stays unknown.
	_ = h.NeighSet(&netlink.Neigh{LinkIndex: routes[0].LinkIndex, IP: a.AsSlice(), State: netlink.NUD_NONE, Flags: netlink.NTF_USE})
	return false
}
