package integration

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// foreign is an IPVS service that is none of tandem's business.
const foreign = "203.0.113.9:99"

// addForeign makes the foreign service, as an operator or another program would.
func addForeign(t *testing.T, p *rig.Pair, d lab.Director) {
	t.Helper()
	rig.Must(t, p.Director(d), "ipvsadm", "-A", "-t", foreign, "-s", "sed")
	rig.Must(t, p.Director(d), "ipvsadm", "-a", "-t", foreign, "-r", p.Plan().Servers[0].Addr.String(), "-w", "9", "-g")
}

// checkForeign holds the foreign service against what addForeign made.
func checkForeign(t *testing.T, p *rig.Pair, d lab.Director) {
	t.Helper()
	if got := p.Table(t, d)[foreign+" TCP"]; got != "s1=9" {
		t.Errorf("the foreign service has %q, want s1=9", got)
	}
}

// What ipvsadm shows, what the kernel's own file shows and what tandem says of
// itself are the same, addresses included.
func TestStatusAgreesWithIpvsadmAndTheKernel(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.NAT})
	o := quick
	o.Scheduler, o.Weights = "wrr", []int{1, 3, 5}
	o.Extra = fmt.Sprintf("virtual_server fwmark 7 {\nlb_algo sh\nlb_kind NAT\nprotocol TCP\npersistence_timeout 60\n"+
		"real_server %s 443 {\nweight 2\n}\n}\n", p.Plan().Servers[0].Addr)
	p.StartBoth(t, o)
	for _, d := range []lab.Director{lab.A, lab.B} {
		p.WaitTable(t, d, netip.AddrPortFrom(p.VIP(), lab.HTTPPort), "s1=1 s2=3 s3=5")
		s := p.Status(t, d)
		var want []string
		for _, service := range s.Services {
			for _, server := range service.Servers {
				if server.Kernel == nil || server.Wanted == nil || *server.Kernel != *server.Wanted {
					t.Errorf("director %s: %s %s: the weight wanted and that in the kernel differ", d, service.Name, server.Address)
					continue
				}
				want = append(want, fmt.Sprintf("%s %s -> %s %s %d",
					service.Name, service.Scheduler, server.Address, server.Forwarding, *server.Kernel))
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, ipvsadm(t, p, d)); diff != "" || len(want) != 7 {
			t.Errorf("director %s: status and ipvsadm differ (-status +ipvsadm):\n%s", d, diff)
		}
		for _, i := range s.Instances {
			for _, a := range i.Addresses {
				has, err := p.Director(d).HasAddress(a.Prefix.Addr())
				if err != nil {
					t.Fatal(err)
				}
				if has != a.Present || has != (d == lab.A) {
					t.Errorf("director %s: %s: status says %v, the kernel %v", d, a.Prefix, a.Present, has)
				}
			}
		}
	}
}

// ipvsadm returns what `ipvsadm -Ln` lists, a line for each destination, in the
// words of tandem's status.
func ipvsadm(t *testing.T, p *rig.Pair, d lab.Director) (lines []string) {
	t.Helper()
	methods := map[string]string{"Masq": "NAT", "Route": "DR", "Tunnel": "TUN"}
	var service string
	for line := range strings.Lines(rig.Must(t, p.Director(d), "ipvsadm", "-Ln")) {
		switch words := strings.Fields(line); {
		case len(words) >= 3 && words[0] == "FWM":
			service = fmt.Sprintf("fwmark %s %s", words[1], words[2])
		case len(words) >= 3 && words[0] == "TCP":
			service = fmt.Sprintf("%s %s %s", words[1], words[0], words[2])
		case len(words) == 6 && words[0] == "->" && service != "":
			lines = append(lines, fmt.Sprintf("%s -> %s %s %s", service, words[1], methods[words[2]], words[3]))
		}
	}
	slices.Sort(lines)
	return lines
}

// What somebody else does to tandem's services is undone, except a weight of 0,
// which is an operator's drain, and services that are not tandem's are left
// alone.
func TestChangesFromOutsideAreRepaired(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{})
	addForeign(t, p, lab.A)
	p.Start(t, lab.A, p.Config(t, lab.A, quick))
	p.WaitForwarding(t, lab.A)
	checkForeign(t, p, lab.A)
	a := p.Director(lab.A)
	web := netip.AddrPortFrom(p.VIP(), lab.HTTPPort)
	server := func(i int) string { return netip.AddrPortFrom(p.Plan().Servers[i].Addr, lab.HTTPPort).String() }

	t.Run("a cleared table", func(t *testing.T) {
		rig.Must(t, a, "ipvsadm", "-C")
		p.WaitForwarding(t, lab.A)
		p.WaitLog(t, lab.A, "level=WARN", "somebody else changed IPVS")
		addForeign(t, p, lab.A) // It was cleared too, and is not tandem's to restore.
	})
	t.Run("another scheduler and a persistence flag", func(t *testing.T) {
		rig.Must(t, a, "ipvsadm", "-E", "-t", web.String(), "-s", "lc", "-p", "300")
		rig.Until(t, "the service is as configured", func() error {
			for _, s := range services(t, p) {
				if s.Addr == web && s.Scheduler == "rr" && len(s.Flags) == 0 {
					return nil
				}
			}
			return fmt.Errorf("the services are %v", services(t, p))
		})
		p.WaitForwarding(t, lab.A)
	})
	t.Run("another weight, and a drain", func(t *testing.T) {
		rig.Must(t, a, "ipvsadm", "-e", "-t", web.String(), "-r", server(0), "-g", "-w", "7")
		rig.Must(t, a, "ipvsadm", "-e", "-t", web.String(), "-r", server(1), "-g", "-w", "0")
		p.WaitTable(t, lab.A, web, "s1=1 s2=0 s3=1")
		if got := drained(t, p); !slices.Equal(got, []string{server(1)}) {
			t.Errorf("status shows as drained: %v, want %s", got, server(1))
		}
	})
	t.Run("a drain that a crash does not end, a weight does", func(t *testing.T) {
		p.Kill(t, lab.A)
		p.Start(t, lab.A, p.Config(t, lab.A, quick))
		rig.Until(t, "the drain is remembered", func() error {
			if got := drained(t, p); !slices.Equal(got, []string{server(1)}) {
				return fmt.Errorf("drained: %v", got)
			}
			return nil
		})
		p.WaitTable(t, lab.A, web, "s1=1 s2=0 s3=1")
		rig.Must(t, a, "ipvsadm", "-e", "-t", web.String(), "-r", server(1), "-g", "-w", "2")
		p.WaitForwarding(t, lab.A) // The configured weight counts again.
		if got := drained(t, p); len(got) > 0 {
			t.Errorf("status still shows as drained: %v", got)
		}
	})
	drain := func(t *testing.T) {
		t.Helper()
		rig.Must(t, a, "ipvsadm", "-e", "-t", web.String(), "-r", server(1), "-g", "-w", "0")
		rig.Until(t, "the drain is seen", func() error {
			if got := drained(t, p); !slices.Equal(got, []string{server(1)}) {
				return fmt.Errorf("drained: %v", got)
			}
			return nil
		})
	}
	t.Run("a drain that a reload ends", func(t *testing.T) {
		drain(t)
		p.Reload(t, lab.A, p.Config(t, lab.A, quick))
		p.WaitForwarding(t, lab.A)
		p.WaitLog(t, lab.A, "manual drain ended", "configuration reloaded")
	})
	t.Run("a drain that a restart ends", func(t *testing.T) {
		drain(t)
		p.Stop(t, lab.A)
		p.Start(t, lab.A, p.Config(t, lab.A, quick))
		p.WaitForwarding(t, lab.A)
		if got := drained(t, p); len(got) > 0 {
			t.Errorf("status still shows as drained: %v", got)
		}
	})
	checkForeign(t, p, lab.A)
}

func services(t *testing.T, p *rig.Pair) []lab.VirtualService {
	t.Helper()
	s, err := p.Director(lab.A).IPVS()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drained returns the servers that director A's status shows as drained.
func drained(t *testing.T, p *rig.Pair) (servers []string) {
	t.Helper()
	for _, service := range p.Status(t, lab.A).Services {
		for _, s := range service.Servers {
			if s.Drained {
				servers = append(servers, s.Address.String())
			}
		}
	}
	return servers
}
