package rig

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Table returns a director's IPVS services as the kernel has them, each with
// its real servers and their weights: "s1=1 s2=3" by "192.0.2.100:80 TCP".
func (p *Pair) Table(t testing.TB, d lab.Director) map[string]string {
	t.Helper()
	services, err := p.Director(d).IPVS()
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string]string)
	for _, s := range services {
		table[fmt.Sprintf("%s %s", s.Addr, s.Protocol)] = p.weights(s)
	}
	return table
}

// weights renders a service's real servers in their order.
func (p *Pair) weights(s lab.VirtualService) string {
	var words []string
	for _, d := range s.Destinations {
		words = append(words, fmt.Sprintf("%s=%d", p.serverName(d.Addr.Addr()), d.Weight))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func (p *Pair) serverName(a netip.Addr) string {
	for i, leg := range p.Plan().Servers {
		if leg.Addr == a || leg.Addr6 == a {
			return fmt.Sprintf("s%d", i+1)
		}
	}
	return a.String()
}

// WaitTable waits until a service has exactly these servers and weights, as
// Table renders them.
func (p *Pair) WaitTable(t testing.TB, d lab.Director, service netip.AddrPort, want string) {
	t.Helper()
	name := service.String() + " TCP"
	Until(t, fmt.Sprintf("%s at director %s has %q", name, d, want), func() error {
		got, ok := p.Table(t, d)[name]
		switch {
		case !ok:
			return fmt.Errorf("there is no such service")
		case got != want:
			return fmt.Errorf("it has %q", got)
		}
		return nil
	})
}

// WaitForwarding waits until a director forwards HTTP and echo of the first VIP
// to all three real servers.
func (p *Pair) WaitForwarding(t testing.TB, d lab.Director) {
	t.Helper()
	for _, port := range []uint16{lab.HTTPPort, lab.EchoPort} {
		p.WaitTable(t, d, netip.AddrPortFrom(p.VIP(), port), "s1=1 s2=1 s3=1")
	}
}

// WaitServices waits until a director's kernel has n services, each with a real
// server. It asks ipvsadm: /proc/net/ip_vs lacks some where there are many.
func (p *Pair) WaitServices(t testing.TB, d lab.Director, n int) {
	t.Helper()
	Until(t, fmt.Sprintf("director %s has %d services", d, n), func() error {
		saved := "\n" + Must(t, p.Director(d), "ipvsadm", "-Sn")
		services := strings.Split(saved, "\n-A ")[1:]
		if len(services) != n {
			return fmt.Errorf("it has %d", len(services))
		}
		for _, s := range services {
			if !strings.Contains(s, "\n-a ") {
				return fmt.Errorf("%s has no real server", strings.TrimSpace(s))
			}
		}
		return nil
	})
}
