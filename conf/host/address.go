package host

import (
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// addresses gives every interface its own. The messages are read by ifaddr: the
// library drops who made an address.
func (p picture) addresses() error {
	var msgs [][]byte
	err := ifaddr.Whole(func() (err error) {
		req := nl.NewNetlinkRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP)
		req.AddData(nl.NewIfAddrmsg(unix.AF_UNSPEC))
		msgs, err = req.Execute(unix.NETLINK_ROUTE, unix.RTM_NEWADDR)
		return err
	})
	if err != nil {
		return err
	}
	for _, m := range msgs {
		a, ok := ifaddr.Parse(m)
		in := p.at(a.Index)
		switch {
		case !ok || in == nil:
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
	if a.Peer {
		return netip.PrefixFrom(a.Prefix.Addr(), a.Prefix.Addr().BitLen())
	}
	return a.Prefix
}
