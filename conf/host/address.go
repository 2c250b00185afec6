package host

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// Own are the addresses of this host, in order and each once, without those that
// tandem has put there: the next moment the other director may have them. A kernel
// before Linux 5.18 does not tell them apart.
func Own() ([]netip.Addr, error) {
	all, err := addresses()
	if err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	var own []netip.Addr
	for _, a := range all {
		if !a.Marked {
			own = append(own, a.Prefix.Addr())
		}
	}
	slices.SortFunc(own, netip.Addr.Compare)
	return slices.Compact(own), nil
}

// addresses reads those of all interfaces. The messages are decoded by ifaddr: the
// library drops who made an address.
func addresses() ([]ifaddr.Address, error) {
	var msgs [][]byte
	err := ifaddr.Whole(func() (err error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		req.AddData(nl.NewIfAddrmsg(unix.AF_UNSPEC))
		msgs, err = req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
		return err
	})
	var all []ifaddr.Address
	for _, m := range msgs {
		if a, ok := ifaddr.Parse(m); ok {
			all = append(all, a)
		}
	}
	return all, err
}

// addresses gives every interface its own.
func (p picture) addresses() error {
	all, err := addresses()
	if err != nil {
		return err
	}
	for _, a := range all {
		switch in := p.at(a.Index); {
		case in == nil:
		case a.Marked:
			in.Floating = append(in.Floating, network(a))
		default:
			in.Addresses = append(in.Addresses, network(a))
		}
	}
	return nil
}

// network is an address with the network that it puts its interface into: of a
// link between two it is the other side's, and a route tells that.
func network(a ifaddr.Address) netip.Prefix {
	if a.Peer.IsValid() {
		return netip.PrefixFrom(a.Prefix.Addr(), a.Prefix.Addr().BitLen())
	}
	return a.Prefix
}
