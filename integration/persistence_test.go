package integration

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// The services of the persistence tests are round robin, so that without
// persistence every connection goes to another server.
const (
	portOne, portTwo, portThree = 9201, 9202, 9203 // Each a service of its own.
	portCoarse                  = 9204             // Of granularity 24 and 64.
	portMarked, portMarkedToo   = 9205, 9206       // Of one firewall mark.
	portSIP                     = 9207
	portAny, portAnyElse        = 9301, 9302 // Of the services without a port.

	mark7, mark8 = 7, 8 // Of IPv4 and of IPv6.
)

// Persistence keeps a client at its server, as far as it is said to: by port,
// over all ports, over the ports of a firewall mark, and with its neighbours.
func TestPersistenceKeepsClients(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.All, VIPs: lab.DefaultVIPs(2)})
	vip, vip6, anyPort := p.Plan().VIPs[0], p.Plan().VIPs6[0], p.Plan().VIPs[1]
	persistent := func(name string, lines ...string) virtualServer {
		return virtualServer{
			at: name, algo: "rr", kind: "NAT", servers: shared(p, vip, 1, 1, 1),
			lines: append([]string{"persistence_timeout 60"}, lines...),
		}
	}
	without := persistent(anyPort.String()) // Servers of a service without a port have none.
	marked6 := persistent(fmt.Sprintf("fwmark %d", mark8))
	marked6.servers = shared(p, vip6, 1, 1, 1)
	coarse6 := persistent(at(netip.AddrPortFrom(vip6, portCoarse)), "persistence_granularity 64")
	coarse6.servers = shared(p, vip6, 1, 1, 1)
	sip := persistent(at(netip.AddrPortFrom(vip, portSIP)), "persistence_engine sip")
	sip.protocol = traffic.UDP
	for i := range without.servers {
		without.servers[i].at = netip.AddrPortFrom(without.servers[i].at.Addr(), 0)
	}
	services := []virtualServer{
		persistent(at(netip.AddrPortFrom(vip, portOne))),
		persistent(at(netip.AddrPortFrom(vip, portTwo))),
		{at: at(netip.AddrPortFrom(vip, portThree)), algo: "rr", kind: "NAT", servers: shared(p, vip, 1, 1, 1)},
		persistent(at(netip.AddrPortFrom(vip, portCoarse)), "persistence_granularity 255.255.255.0"),
		coarse6,
		persistent(fmt.Sprintf("fwmark %d", mark7)), marked6,
		sip, without,
	}
	tell(t, p)
	for i, leg := range p.Plan().Servers {
		// Without a port, a service cannot change it.
		for _, port := range []uint16{portAny, portAnyElse, portMarked, portMarkedToo} {
			hear(t, p, i, traffic.TCP, netip.AddrPortFrom(leg.Addr, port))
			hear(t, p, i, traffic.TCP, netip.AddrPortFrom(leg.Addr6, port))
		}
	}
	mark(t, p, vip, mark7, portMarked, portMarkedToo)
	mark(t, p, vip6, mark8, portMarked, portMarkedToo)
	o := calm
	for _, v := range services {
		o.Extra += v.String()
	}
	p.Start(t, lab.A, p.Config(t, lab.A, o))
	p.WaitServices(t, lab.A, len(services))
	p.WaitVirtual(t, lab.A)

	crowd := func(i int) netip.Addr { return p.Plan().Visitor(i, vip) }
	crowd6 := func(i int) netip.Addr { return p.Plan().Visitor(i, vip6) }
	on := netip.AddrPortFrom
	for _, row := range []struct {
		what  string
		calls []call
		want  string // The servers in the order of the calls: the first one met is A.
	}{
		{
			"without persistence, a client has another server each time",
			[]call{{crowd(1), on(vip, portThree)}, {crowd(1), on(vip, portThree)}, {crowd(1), on(vip, portThree)}}, "A B C",
		}, {
			"a client has one server at a port", // PPC.
			[]call{{crowd(1), on(vip, portOne)}, {crowd(2), on(vip, portOne)}, {crowd(1), on(vip, portOne)}, {crowd(2), on(vip, portOne)}}, "A B A B",
		}, {
			"at another port it may have another server",
			[]call{{crowd(2), on(vip, portTwo)}, {crowd(1), on(vip, portTwo)}, {crowd(1), on(vip, portOne)}, {crowd(1), on(vip, portTwo)}}, "A B A B",
		}, {
			"a client has one server at all ports", // PCC.
			[]call{{crowd(1), on(anyPort, portAny)}, {crowd(2), on(anyPort, portAny)}, {crowd(1), on(anyPort, portAnyElse)}, {crowd(2), on(anyPort, portAnyElse)}}, "A B A B",
		}, {
			"a client has one server at the ports of a firewall mark", // PFMC.
			[]call{{crowd(1), on(vip, portMarked)}, {crowd(2), on(vip, portMarked)}, {crowd(2), on(vip, portMarkedToo)}, {crowd(1), on(vip, portMarkedToo)}}, "A B B A",
		}, {
			"so has one of IPv6",
			[]call{{crowd6(1), on(vip6, portMarked)}, {crowd6(2), on(vip6, portMarked)}, {crowd6(2), on(vip6, portMarkedToo)}, {crowd6(1), on(vip6, portMarkedToo)}}, "A B B A",
		}, {
			"clients of one network of 24 bits have one server, others another",
			[]call{{crowd(1), on(vip, portCoarse)}, {p.Plan().Client.Addr, on(vip, portCoarse)}, {crowd(200), on(vip, portCoarse)}}, "A B A",
		}, {
			"clients of one network of 64 bits have one server, others another",
			[]call{{crowd6(1), on(vip6, portCoarse)}, {p.Plan().Client.Addr6, on(vip6, portCoarse)}, {crowd6(200), on(vip6, portCoarse)}}, "A B A",
		},
	} {
		t.Run(row.what, func(t *testing.T) {
			if got := inOrder(t, p, row.calls); got != row.want {
				t.Errorf("the calls are answered by %q, want %q", got, row.want)
			}
		})
	}
	t.Run("pe sip: a call has one server, a client with several calls has several", func(t *testing.T) {
		var servers []string
		for _, id := range []string{"one", "two", "three", "two", "one", "three"} {
			servers = append(servers, sayInvite(t, p, on(crowd(1), 0), on(vip, portSIP), id))
		}
		if got := letters(servers); got != "A B C B A C" {
			t.Errorf("the messages are answered by %q, want the same for the same call", got)
		}
	})
	t.Run("the kernel shows the timeout and the granularity", func(t *testing.T) {
		saved := rig.Must(t, p.Director(lab.A), "ipvsadm", "-Sn")
		for _, want := range [][]string{
			{"-A -t " + on(vip, portOne).String(), "-p 60"},
			{"-A -t " + on(vip, portCoarse).String(), "-p 60 -M 255.255.255.0"},
			{"-A -t " + on(vip6, portCoarse).String(), "-p 60 -M 64"},
			{"-A -t " + anyPort.String() + ":0", "-p 60"},
			{fmt.Sprintf("-A -f %d", mark7), "-p 60"},
			{"-A -u " + on(vip, portSIP).String(), "-p 60", "--pe sip"},
		} {
			if countLines(saved, want...) != 1 {
				t.Errorf("the kernel has no service %q:\n%s", want, saved)
			}
		}
	})
}

// call is one connection of TCP.
type call struct {
	client netip.Addr
	at     netip.AddrPort
}

// inOrder makes calls one after another and names their servers A, B, C in the
// order of their first answers.
func inOrder(t *testing.T, p *rig.Pair, calls []call) string {
	t.Helper()
	var servers []string
	for _, c := range calls {
		server, err := visit(p, traffic.TCP, netip.AddrPortFrom(c.client, 0), c.at)
		if err != nil {
			t.Error(err)
		}
		servers = append(servers, server)
	}
	return letters(servers)
}

func letters(servers []string) string {
	var met, words []string
	for _, s := range servers {
		if !slices.Contains(met, s) {
			met = append(met, s)
		}
		words = append(words, string(rune('A'+slices.Index(met, s))))
	}
	return strings.Join(words, " ")
}

// sayInvite opens a call by SIP (RFC 3261 section 8.1.1) and returns which
// server has it.
func sayInvite(t *testing.T, p *rig.Pair, from, at netip.AddrPort, id string) string {
	t.Helper()
	c, err := traffic.Call(p.Client(), traffic.UDP, from, at, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tale, err := c.Ask("INVITE sip:bob@example.com SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP pc33.example.com;branch=z9hG4bK776asdhds\r\n" +
		"From: Alice <sip:alice@example.com>;tag=1928301774\r\n" +
		"Call-ID: " + id + "@pc33.example.com\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n")
	if err != nil {
		t.Error(err)
	}
	return tale.Server
}
