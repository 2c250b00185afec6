package integration

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// What one service may have beside the one method that all of its servers
// share: a method for each, the director itself as a server, a sorry server by
// another way, and other addresses and marks.
func TestMixturesInOneService(t *testing.T) {
	const portMixed, portSorry, portGroup, groupMark = 9401, 9411, 9421, 9
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All, VIPs: lab.DefaultVIPs(4)})
	plan := p.Plan()
	a := plan.Legs(lab.A).Inside
	tell(t, p)
	var config strings.Builder
	rows := map[string]mixture{}

	// Each server by its own method.
	for _, vip := range []netip.Addr{plan.VIPs[0], plan.VIPs6[0]} {
		service := netip.AddrPortFrom(vip, portMixed)
		v := virtualServer{at: at(service), algo: "rr", kind: "DR"}
		for i, method := range []string{"DR", "NAT", "TUN"} {
			own, ear := netip.AddrPortFrom(plan.Servers[i].For(vip), portMixed), service
			if method == "NAT" {
				ear = own
			}
			hear(t, p, i, traffic.TCP, ear)
			v.servers = append(v.servers, realServer{at: own, weight: 1, lines: []string{"lvs_method " + method}})
		}
		fmt.Fprint(&config, v)
		rows["every method in one service, "+family(vip)] = mixture{[]netip.AddrPort{service}, answered{"s1": 4, "s2": 4, "s3": 4}}
	}

	// The director itself, which is the server of its own VIP.
	for i, method := range []string{"DR", "TUN", "NAT"} {
		for _, vip := range []netip.Addr{plan.VIPs[0], plan.VIPs6[0]} {
			service := netip.AddrPortFrom(vip, uint16(portMixed+1+i))
			own, ear := netip.AddrPortFrom(a.For(vip), service.Port()), service
			other := netip.AddrPortFrom(plan.Servers[1].For(vip), service.Port())
			if method == "NAT" {
				ear = own
				hear(t, p, 1, traffic.TCP, other)
			} else {
				hear(t, p, 1, traffic.TCP, service)
			}
			hearLocally(t, p, ear)
			fmt.Fprint(&config, virtualServer{
				at: at(service), algo: "rr", kind: method,
				servers: []realServer{{at: own, weight: 1}, {at: other, weight: 1}},
			})
			rows[fmt.Sprintf("the director is a server by %s, %s", method, family(vip))] =
				mixture{[]netip.AddrPort{service}, answered{"a": 6, "s2": 6}}
		}
	}

	// The sorry server by another method than the servers, which all fail.
	for i, methods := range [][2]string{{"DR", "NAT"}, {"NAT", "TUN"}, {"TUN", "DR"}} {
		service := netip.AddrPortFrom(p.VIP(), uint16(portSorry+i))
		sorry := netip.AddrPortFrom(plan.Servers[2].Addr, service.Port())
		ear := service
		if methods[1] == "NAT" {
			ear = sorry
		}
		hear(t, p, 2, traffic.TCP, ear)
		v := virtualServer{
			at: at(service), algo: "rr", kind: methods[0],
			lines: []string{"delay_loop 0.5", "sorry_server " + at(sorry), "sorry_server_lvs_method " + methods[1]},
		}
		for _, leg := range plan.Servers[:2] {
			v.servers = append(v.servers, realServer{
				at: netip.AddrPortFrom(leg.Addr, service.Port()), weight: 1,
				lines: []string{"TCP_CHECK {", "connect_port 9", "retry 0", "}"}, // Nobody listens there.
			})
		}
		fmt.Fprint(&config, v)
		rows[fmt.Sprintf("a sorry server by %s, of a service by %s", methods[1], methods[0])] =
			mixture{[]netip.AddrPort{service}, answered{"s3": 12}}
	}

	// Two addresses by a range, and what has a mark.
	var members []netip.AddrPort
	for _, vip := range plan.VIPs[1:] {
		members = append(members, netip.AddrPortFrom(vip, portGroup))
	}
	mark(t, p, plan.VIPs[3], groupMark, portGroup)
	fmt.Fprintf(&config, "virtual_server_group many {\n    %s-%d %d\n    fwmark %d\n}\n",
		plan.VIPs[1], plan.VIPs[2].As4()[3], portGroup, groupMark)
	fmt.Fprint(&config, virtualServer{at: "group many", algo: "rr", kind: "NAT", servers: shared(p, p.VIP(), 1, 1, 1)})
	rows["a group of a range and a firewall mark"] = mixture{members, answered{"s1": 12, "s2": 12, "s3": 12}}

	o := calm
	o.Extra = config.String()
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(rows)+2) // The group is three of them.
	p.WaitVirtual(t, lab.A)
	for i := range 3 {
		p.WaitTable(t, lab.A, netip.AddrPortFrom(p.VIP(), uint16(portSorry+i)), "s3=1")
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			got := make(answered)
			for _, service := range row.services {
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

// mixture is what twelve clients of each service shall see.
type mixture struct {
	services []netip.AddrPort
	want     answered
}

// hearLocally makes director A answer at an address that it has, or will have.
func hearLocally(t *testing.T, p *rig.Pair, at netip.AddrPort) {
	t.Helper()
	for _, name := range []string{"net.ipv4.ip_nonlocal_bind", "net.ipv6.ip_nonlocal_bind"} {
		if err := p.Director(lab.A).Sysctl(name, "1"); err != nil {
			t.Fatal(err)
		}
	}
	hearIn(t, p, p.Director(lab.A), traffic.TCP, at)
}
