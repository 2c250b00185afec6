package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// GUEPort is where the real servers of mode All take GUE (the port that
// ipvsadm(8) and keepalived.conf(5) show in their examples).
const GUEPort = 6080

// prepareServer sets a real server up for the forwarding method.
func (l *Lab) prepareServer(s *Host, i int) error {
	leg := l.plan.Servers[i]
	switch l.plan.Mode {
	case NAT:
		return s.addDefaultRoutes(Leg{Addr: l.plan.Gateway, Addr6: l.plan.Gateway6})
	case DR:
		return l.holdVIPs(s)
	case TUN:
		return errors.Join(l.holdVIPs(s), l.unwrapIPIP(s))
	default:
		return errors.Join(l.holdVIPs(s), l.unwrapIPIP(s), unwrapAll(s, leg), unwrapSummed(s, l.plan.Summed[i]), l.answerByGateway(s, leg))
	}
}

// holdVIPs gives a real server the VIPs and the way out beside the directors.
func (l *Lab) holdVIPs(s *Host) error {
	if err := s.addDefaultRoutes(l.plan.RouterInside); err != nil {
		return err
	}
	// The server has the VIP and must not say so (the ARP problem of DR and
	// TUN: Documentation/networking/ip-sysctl.rst, arp_ignore, arp_announce).
	// For IPv6 there is none: a neighbour is told only of addresses of the
	// interface that it asks by (ndisc_recv_ns in net/ipv6/ndisc.c).
	err := s.sysctls([]sysctl{
		{"net.ipv4.conf.all.arp_ignore", "1", false},
		{"net.ipv4.conf.all.arp_announce", "2", false},
	})
	if err != nil {
		return err
	}
	for _, vip := range slices.Concat(l.plan.VIPs, l.plan.VIPs6) {
		if err := s.addAddress("lo", netip.PrefixFrom(vip, vip.BitLen())); err != nil {
			return err
		}
	}
	return nil
}

// unwrapIPIP makes a real server take packets out of a plain tunnel of their
// own family.
func (l *Lab) unwrapIPIP(s *Host) error {
	if err := s.tunnel("tunl0", "ipip"); err != nil || len(l.plan.VIPs6) == 0 {
		return err
	}
	return s.tunnel("ip6tnl0", "ip6tnl")
}

// tunnel brings up the device of a kind of tunnel that takes what no other
// device wants. It comes with the kind's module; asking for it loads that where
// it is needed.
func (h *Host) tunnel(name, kind string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = name
	err := h.handle.LinkAdd(&netlink.GenericLink{LinkAttrs: attrs, LinkType: kind})
	// Where the module is new, its device is older than the one asked for.
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("make %s in %s: %w", name, h.Name, err)
	}
	return h.linkUp(name)
}

// unwrapAll makes a real server take every other tunnel too: GRE, GUE, and the
// other family inside.
func unwrapAll(s *Host, leg Leg) error {
	for _, t := range [][2]string{{"gre0", "gre"}, {"ip6gre0", "ip6gre"}, {"sit0", "sit"}} {
		if err := s.tunnel(t[0], t[1]); err != nil {
			return err
		}
	}
	// ip6tnl0 takes IPv6 alone (ip6_fb_tnl_dev_init in net/ipv6/ip6_tunnel.c);
	// protocol 0 of a device of one's own is any.
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "any"
	if err := s.handle.LinkAdd(&netlink.Ip6tnl{LinkAttrs: attrs, Local: leg.Addr6.AsSlice()}); err != nil {
		return fmt.Errorf("make a tunnel of IPv6 for any protocol in %s: %w", s.Name, err)
	}
	if err := s.linkUp(attrs.Name); err != nil {
		return err
	}
	return s.Do(takeGUE)
}

// unwrapSummed makes a real server take GRE with checksums at an address of its
// own: a device takes packets with them or those without (ip_tunnel_rcv in
// net/ipv4/ip_tunnel.c), and gre0 takes those without.
func unwrapSummed(s *Host, leg Leg) error {
	if err := s.addLeg(InsideLink, leg, insideNet.Bits()); err != nil {
		return err
	}
	for _, local := range []netip.Addr{leg.Addr, leg.Addr6} {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = fmt.Sprintf("summed%d", local.BitLen())
		if err := s.handle.LinkAdd(&netlink.Gretun{LinkAttrs: attrs, Local: local.AsSlice(), IFlags: greChecksum}); err != nil {
			return fmt.Errorf("make %s in %s: %w", attrs.Name, s.Name, err)
		}
		if err := s.linkUp(attrs.Name); err != nil {
			return err
		}
	}
	return nil
}

// greChecksum says that a header has a checksum (RFC 2784 section 2.1).
const greChecksum = 0x8000

// takeGUE opens GUEPort for both families (linux/fou.h, which netlink.FouAdd
// fills with the protocol 0, that newer kernels refuse).
func takeGUE() error {
	id, err := netlink.FouFamilyId()
	if err != nil {
		return fmt.Errorf("find the fou family: %w", err)
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		request := nl.NewNetlinkRequest(id, unix.NLM_F_ACK)
		request.AddData(&nl.Genlmsg{Command: netlink.FOU_CMD_ADD, Version: 1})
		request.AddData(nl.NewRtAttr(netlink.FOU_ATTR_PORT, binary.BigEndian.AppendUint16(nil, GUEPort)))
		request.AddData(nl.NewRtAttr(netlink.FOU_ATTR_TYPE, []byte{netlink.FOU_ENCAP_GUE}))
		request.AddData(nl.NewRtAttr(netlink.FOU_ATTR_AF, []byte{family}))
		if _, err := request.Execute(unix.NETLINK_GENERIC, 0); err != nil {
			return fmt.Errorf("take GUE at port %d: %w", GUEPort, err)
		}
	}
	return nil
}

// byGateway is the routing table of what a real server says in its own name.
const byGateway = 100

// answerByGateway sends what a real server says in its own name, as NAT needs
// it, back by the gateway of the directors; what it says in the VIP's leaves by
// the router.
func (l *Lab) answerByGateway(s *Host, leg Leg) error {
	inside, err := s.handle.LinkByName(InsideLink)
	if err != nil {
		return fmt.Errorf("find the inside link of %s: %w", s.Name, err)
	}
	for _, of := range []struct {
		own, gateway netip.Addr
		network      netip.Prefix
	}{{leg.Addr, l.plan.Gateway, insideNet}, {leg.Addr6, l.plan.Gateway6, insideNet6}} {
		near := netlink.Route{Dst: ipNet(of.network), LinkIndex: inside.Attrs().Index, Table: byGateway}
		if err := s.handle.RouteAdd(&near); err != nil {
			return fmt.Errorf("add the inside network to a table of %s: %w", s.Name, err)
		}
		if err := s.addDefaultRoute(of.gateway, byGateway); err != nil {
			return err
		}
		rule := netlink.NewRule()
		rule.Src, rule.Table, rule.Family = ipNet(netip.PrefixFrom(of.own, of.own.BitLen())), byGateway, unix.AF_INET
		if of.own.Is6() {
			rule.Family = unix.AF_INET6
		}
		if err := s.handle.RuleAdd(rule); err != nil {
			return fmt.Errorf("add a routing rule to %s: %w", s.Name, err)
		}
	}
	return nil
}
