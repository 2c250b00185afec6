package netfilter

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/ipvs"
)

// roles are where the two directors have the virtual address.
var roles = []struct {
	name string
	at   [2]string
}{
	{"one active, the other without the address", [2]string{"eth0", ""}},
	{"one active, the other with the address on lo", [2]string{"eth0", "lo"}},
	{"the other active", [2]string{"lo", "eth0"}},
	{"split brain", [2]string{"eth0", "eth0"}},
}

// UDP clients keep their ports while the address changes hands and the
// directors tell each other nothing, so that in time they disagree about most
// of them.
func TestFellowDirectorsDoNotLoop(t *testing.T) {
	rows := []struct {
		name   string
		plan   plan
		method string
		how    ipvs.Forwarding
	}{
		{"DR", plan4, "-g", ipvs.DR},
		{"TUN", plan4, "-i", ipvs.Tunnel},
		{"DR of IPv6", plan6, "-g", ipvs.DR},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { testFellows(t, row.plan, row.method, row.how) })
	}
}

func testFellows(t *testing.T, plan plan, method string, how ipvs.Forwarding) {
	p := newDirectors(t, plan, method)
	p.keep(how)
	for _, conntrack := range []string{"0", "1"} {
		for _, row := range roles {
			t.Run(row.name+", conntrack "+conntrack, func(t *testing.T) {
				for i, dev := range row.at {
					p.role(i, dev)
					p.d[i].run("sh", "-c", "echo "+conntrack+" > /proc/sys/net/ipv4/vs/conntrack")
				}
				answers, lost := map[string][2]int{}, map[string]int{}
				for range 2 {
					for i, dev := range row.at {
						if dev != "eth0" {
							continue
						}
						p.turn(i)
						for n := range 8 {
							for network, who := range p.visit(n) {
								a := answers[network]
								if who < 0 {
									lost[network]++
								} else {
									a[who]++
								}
								answers[network] = a
							}
						}
					}
				}
				if a := answers["tcp"]; a[0] == 0 || a[1] == 0 || lost["tcp"] > 0 {
					t.Errorf("TCP: director 0 answered %d, director 1 %d, %d lost", a[0], a[1], lost["tcp"])
				}
				if n := p.exceeded(); n != 0 {
					t.Errorf("%d packets went round until their time was over", n)
				}
				t.Logf("answers %v, lost %v", answers, lost)
			})
		}
	}
}

// visit asks both services once and tells who answered, -1 for nobody.
func (p *directors) visit(n int) map[string]int {
	p.t.Helper()
	who := map[string]int{}
	for network, port := range map[string]int{"tcp": tcpPort, "udp": udpPort} {
		from := 0
		if network == "udp" {
			from = 20000 + n
		}
		who[network] = -1
		c, err := p.dial(network, port, from)
		if err != nil {
			p.t.Logf("%s: %v", network, err)
			continue
		}
		if by, err := ask(c); err != nil {
			p.t.Logf("%s: %v", network, err)
		} else {
			who[network] = by
		}
		c.Close()
	}
	return who
}

// Without the rules the same pair loops, so that the test above means
// something.
func TestFellowDirectorsLoopWithoutRules(t *testing.T) {
	p := newDirectors(t, plan4, "-g")
	for i := range p.d {
		p.role(i, "eth0")
	}
	p.turn(0)
	for n := range 8 {
		if c, err := p.dial("udp", udpPort, 20000+n); err == nil {
			fmt.Fprintln(c, "hello")
			c.Close()
		}
	}
	eventually(t, "packets go round until their time is over", func() bool { return p.exceeded() > 0 })
}

func TestConnectionsSurviveTheFellowsFailover(t *testing.T) {
	p := newDirectors(t, plan4, "-g")
	for i, d := range p.d {
		p.role(i, []string{"eth0", "lo"}[i])
		for _, role := range []string{"master", "backup"} {
			d.run("ipvsadm", "--start-daemon", role, "--mcast-interface", "eth0", "--syncid", "1")
		}
	}
	p.keep(ipvs.DR)
	p.turn(0)
	var open []net.Conn
	var homes []int
	for range 6 {
		c, err := p.dial("tcp", tcpPort, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		who, err := ask(c)
		if err != nil {
			t.Fatal(err)
		}
		open, homes = append(open, c), append(homes, who)
	}
	eventually(t, "the other director knows them", func() bool {
		return strings.Count(p.d[1].run("cat", "/proc/net/ip_vs_conn"), "\n") >= 1+len(open)
	})
	for _, active := range []int{1, 0, 1} {
		p.role(1-active, "lo")
		p.role(active, "eth0")
		p.turn(active)
		for i, c := range open {
			if who, err := ask(c); err != nil || who != homes[i] {
				t.Errorf("director %d active: connection %d of director %d: %d, %v", active, i, homes[i], who, err)
			}
		}
	}
	if n := p.exceeded(); n != 0 {
		t.Errorf("%d packets went round until their time was over", n)
	}
}
