package integration

import (
	"fmt"
	"maps"
	"net/netip"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// mixture is a service that has something beside the one method which all of
// its servers share.
type mixture struct {
	what   string
	config fmt.Stringer
	calls  []netip.AddrPort // Twelve clients call each.
	want   answered
}

func TestMixturesInOneService(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All, VIPs: lab.DefaultVIPs(4)})
	tell(t, p)
	rows := []mixture{groupOfAddressesAndMarks(t, p)}
	for _, vip := range []netip.Addr{p.Plan().VIPs[0], p.Plan().VIPs6[0]} {
		rows = append(rows, everyMethod(t, p, vip))
		for i, method := range []string{"DR", "TUN", "NAT"} {
			rows = append(rows, directorAsServer(t, p, netip.AddrPortFrom(vip, uint16(9402+i)), method))
		}
	}
	for i, methods := range [][2]string{{"DR", "NAT"}, {"NAT", "TUN"}, {"TUN", "DR"}} {
		rows = append(rows, sorryServer(t, p, netip.AddrPortFrom(p.VIP(), uint16(9411+i)), methods[0], methods[1]))
	}
	o := calm
	for _, row := range rows {
		o.Extra += row.config.String()
	}
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(rows)+2) // The group is three of them.
	p.WaitVirtual(t, lab.A)
	for _, row := range rows {
		t.Run(row.what, func(t *testing.T) {
			if len(row.want) == 1 {
				p.WaitTable(t, lab.A, row.calls[0], "s3=1") // The others have failed.
			}
			got := make(answered)
			for _, service := range row.calls {
				answers, err := visitAll(p, traffic.TCP, service, 12)
				if err != nil {
					t.Errorf("visit %s: %v", service, err)
				}
				for server, n := range answers {
					got[server] += n
				}
			}
			if !maps.Equal(got, row.want) {
				t.Errorf("the clients are answered by %v, want %v", got, row.want)
			}
		})
	}
}

// everyMethod is a service whose servers have a method each.
func everyMethod(t *testing.T, p *rig.Pair, vip netip.Addr) mixture {
	service := netip.AddrPortFrom(vip, 9401)
	v := virtualServer{at: at(service), algo: "rr", kind: "DR"}
	for i, method := range []string{"DR", "NAT", "TUN"} {
		own := netip.AddrPortFrom(p.Plan().Servers[i].For(vip), service.Port())
		hear(t, p, i, traffic.TCP, earOf(method, own, service))
		v.servers = append(v.servers, realServer{at: own, weight: 1, lines: []string{"lvs_method " + method}})
	}
	return mixture{"every method in one service, " + family(vip), v, []netip.AddrPort{service}, answered{"s1": 4, "s2": 4, "s3": 4}}
}

// directorAsServer is a service with the director itself and s2 (a local node:
// it takes the packets for itself as they are).
func directorAsServer(t *testing.T, p *rig.Pair, service netip.AddrPort, method string) mixture {
	own := netip.AddrPortFrom(p.Plan().Legs(lab.A).Inside.For(service.Addr()), service.Port())
	other := netip.AddrPortFrom(p.Plan().Servers[1].For(service.Addr()), service.Port())
	// It listens before it has the VIP.
	for _, name := range []string{"net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind"} {
		if err := p.Director(lab.A).Sysctl(name, "1"); err != nil {
			t.Fatal(err)
		}
	}
	hearIn(t, p, p.Director(lab.A), traffic.TCP, earOf(method, own, service))
	hear(t, p, 1, traffic.TCP, earOf(method, other, service))
	return mixture{
		what: fmt.Sprintf("the director is a server by %s, %s", method, family(service.Addr())),
		config: virtualServer{
			at: at(service), algo: "rr", kind: method,
			servers: []realServer{{at: own, weight: 1}, {at: other, weight: 1}},
		},
		calls: []netip.AddrPort{service}, want: answered{"a": 6, "s2": 6},
	}
}

// sorryServer is a service whose servers fail, and whose sorry server s3 has
// another method.
func sorryServer(t *testing.T, p *rig.Pair, service netip.AddrPort, method, sorry string) mixture {
	own := netip.AddrPortFrom(p.Plan().Servers[2].Addr, service.Port())
	hear(t, p, 2, traffic.TCP, earOf(sorry, own, service))
	v := virtualServer{
		at: at(service), algo: "rr", kind: method,
		lines: []string{"delay_loop 0.5", "sorry_server " + at(own), "sorry_server_lvs_method " + sorry},
	}
	for _, leg := range p.Plan().Servers[:2] {
		v.servers = append(v.servers, realServer{
			at: netip.AddrPortFrom(leg.Addr, service.Port()), weight: 1,
			lines: []string{"TCP_CHECK {", "connect_port 9", "retry 0", "}"}, // Nobody listens there.
		})
	}
	return mixture{
		fmt.Sprintf("a sorry server by %s, of a service by %s", sorry, method), v,
		[]netip.AddrPort{service}, answered{"s3": 12},
	}
}

// group is a virtual_server of a virtual_server_group.
type group struct {
	name, members string
	server        virtualServer
}

func (g group) String() string {
	return fmt.Sprintf("virtual_server_group %s {\n%s}\n%s", g.name, g.members, g.server)
}

// groupOfAddressesAndMarks is one service of two addresses, by their range, and
// of what has a mark.
func groupOfAddressesAndMarks(t *testing.T, p *rig.Pair) mixture {
	const port, of = 9421, 9
	vips := p.Plan().VIPs
	mark(t, p, vips[3], of, port)
	m := mixture{what: "a group of a range and a firewall mark", want: answered{"s1": 12, "s2": 12, "s3": 12}}
	for _, vip := range vips[1:] {
		m.calls = append(m.calls, netip.AddrPortFrom(vip, port))
	}
	m.config = group{
		"many", fmt.Sprintf("    %s-%d %d\n    fwmark %d\n", vips[1], vips[2].As4()[3], port, of),
		virtualServer{at: "group many", algo: "rr", kind: "NAT", servers: shared(p, p.VIP(), 1, 1, 1)},
	}
	return m
}
