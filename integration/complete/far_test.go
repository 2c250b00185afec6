package complete

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// The far network is behind the router, and all that its real servers can reach
// is the directors' network outside: no route leads back to a client.
var (
	farNets     = []netip.Prefix{netip.MustParsePrefix("10.88.0.1/24"), netip.MustParsePrefix("2001:db8:88::1/64")}
	outsideNets = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:2::/64")}
)

// The pools, of one address each, in the outside network.
var (
	pool4 = netip.MustParseAddr("192.0.2.240")
	pool6 = netip.MustParseAddr("2001:db8:2::240")
)

// echoPort is that of the FULLNAT services, and of their real servers.
const echoPort = 9000

// fullNAT are the FULLNAT services of a lab: each protocol of each family.
type fullNAT struct {
	protocol traffic.Protocol
	at       netip.AddrPort
	pool     netip.Addr
}

func (f fullNAT) String() string {
	family := "IPv4"
	if f.at.Addr().Is6() {
		family = "IPv6"
	}
	return f.protocol.String() + " " + family
}

func fullNATs(p lab.Plan) (all []fullNAT) {
	for _, protocol := range []traffic.Protocol{traffic.TCP, traffic.UDP} {
		all = append(all,
			fullNAT{protocol, netip.AddrPortFrom(p.VIPs[0], echoPort), pool4},
			fullNAT{protocol, netip.AddrPortFrom(p.VIPs6[0], echoPort), pool6})
	}
	return all
}

// farServer is the address of far real server i, of the service's family.
func (f fullNAT) farServer(i int) netip.AddrPort {
	a := fmt.Sprintf("10.88.0.%d", 21+i)
	if f.at.Addr().Is6() {
		a = fmt.Sprintf("2001:db8:88::%d", 21+i)
	}
	return netip.AddrPortFrom(netip.MustParseAddr(a), echoPort)
}

// config is the service as tandem reads it.
func (f fullNAT) config(servers int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "virtual_server %s %d {\n    protocol %s\n    lb_algo rr\n    lvs_method FULLNAT\n    snat_pool %s\n",
		f.at.Addr(), f.at.Port(), f.protocol, f.pool)
	for i := range servers {
		s := f.farServer(i)
		// What takes datagrams takes connections too: TCP tells whether it lives.
		fmt.Fprintf(&b, "    real_server %s %d {\n        weight 1\n        TCP_CHECK {\n        }\n    }\n", s.Addr(), s.Port())
	}
	b.WriteString("}\n")
	return b.String()
}

// startFullNAT is a lab whose pair forwards to far real servers, so many.
func startFullNAT(t *testing.T, servers int) (*rig.Pair, []fullNAT) {
	t.Helper()
	p := newPair(t)
	all := fullNATs(p.Plan())
	moveFar(t, p, servers)
	var config strings.Builder
	for _, f := range all {
		config.WriteString(f.config(servers))
		for i := range servers {
			hear(t, p, fmt.Sprintf("s%d", i+1), p.Server(i), f.protocol, f.farServer(i))
		}
	}
	start(t, p, config.String(), len(all))
	return p, all
}

// moveFar takes real servers out of the inside network, with all that was
// prepared there for other methods: neither a VIP nor a rule is left to them.
func moveFar(t *testing.T, p *rig.Pair, servers int) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, gateway := range farNets {
		check(addAddress(p.Router(), lab.InsideLink, gateway))
	}
	for i := range servers {
		host := p.Server(i)
		check(forgetAll(host))
		for n, gateway := range farNets {
			own := fullNAT{at: netip.AddrPortFrom(gateway.Addr(), 0)}.farServer(i).Addr()
			check(addAddress(host, lab.InsideLink, netip.PrefixFrom(own, gateway.Bits())))
			check(host.Netlink().RouteAdd(&netlink.Route{Dst: ipNet(outsideNets[n]), Gw: gateway.Addr().AsSlice()}))
		}
	}
}

// forgetAll removes every address and rule that a lab has given a host; their
// routes go with the addresses.
func forgetAll(h *lab.Host) error {
	rules, err := h.Netlink().RuleList(netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list the rules of %s: %w", h.Name, err)
	}
	for _, r := range rules {
		if r.Src != nil {
			if err := h.Netlink().RuleDel(&r); err != nil {
				return fmt.Errorf("remove a rule of %s: %w", h.Name, err)
			}
		}
	}
	for _, name := range []string{"lo", lab.InsideLink} {
		link, err := h.Netlink().LinkByName(name)
		if err != nil {
			return err
		}
		addresses, err := h.Netlink().AddrList(link, netlink.FAMILY_ALL)
		if err != nil {
			return fmt.Errorf("list the addresses of %s: %w", h.Name, err)
		}
		for _, a := range addresses {
			if a.Scope != unix.RT_SCOPE_UNIVERSE {
				continue
			}
			// A secondary address goes with the first one of its network.
			if err := h.Netlink().AddrDel(link, &a); err != nil && err != unix.EADDRNOTAVAIL {
				return fmt.Errorf("remove %s from %s: %w", a.IPNet, h.Name, err)
			}
		}
	}
	routes, err := h.Netlink().RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("list the routes of %s: %w", h.Name, err)
	}
	for _, r := range routes {
		if r.Gw != nil {
			if err := h.Netlink().RouteDel(&r); err != nil {
				return fmt.Errorf("remove a route of %s: %w", h.Name, err)
			}
		}
	}
	return nil
}

func addAddress(h *lab.Host, link string, a netip.Prefix) error {
	l, err := h.Netlink().LinkByName(link)
	if err == nil {
		err = h.Netlink().AddrAdd(l, &netlink.Addr{IPNet: ipNet(a), Flags: unix.IFA_F_NODAD})
	}
	if err != nil {
		return fmt.Errorf("add %s to %s of %s: %w", a, link, h.Name, err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
