package netfilter

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

// The lab: a client and two directors on a switch. Both directors are real
// servers of both services, by DR or TUN, and know them all the time.
const (
	vip     = "10.9.0.100"
	client  = "10.9.0.1"
	tcpPort = 80
	udpPort = 53
)

// directors are a pair that are each other's real servers.
type directors struct {
	t         *testing.T
	client, s *network
	d         [2]*network
}

func directorAddr(i int) string { return fmt.Sprintf("10.9.0.1%d", i+1) }
func directorMAC(i int) string  { return fmt.Sprintf("02:00:00:00:00:1%d", i+1) }

// newDirectors builds the lab; method is ipvsadm's. It skips where the kernel
// has no IPVS.
func newDirectors(t *testing.T, method string) *directors {
	t.Helper()
	p := &directors{t: t, s: newNetwork(t)}
	if _, err := p.s.try("ipvsadm", "-A", "-t", "192.0.2.1:1"); err != nil {
		t.Skip("needs IPVS and nftables in one kernel: labrun -kernel complete has both")
	}
	p.s.run("ipvsadm", "-C")
	p.s.run("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0") // for connection sync
	p.s.run("ip", "link", "set", "br0", "up")
	p.client = p.plug("c", client, "02:00:00:00:00:01")
	for i := range p.d {
		p.d[i] = p.plug(fmt.Sprint("d", i), directorAddr(i), directorMAC(i))
		d := p.d[i]
		d.run("sh", "-c", `cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo "0 0" > vs/sync_threshold && echo 10 > vs/sync_refresh_period && cd conf/all &&
			echo 0 > send_redirects && echo 0 > ../eth0/send_redirects && echo 1 > arp_ignore && echo 2 > arp_announce`)
		d.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter && echo 0 > /proc/sys/net/ipv4/conf/tunl0/rp_filter && ip link set tunl0 up")
		for _, service := range []string{fmt.Sprintf("-t %s:%d", vip, tcpPort), fmt.Sprintf("-u %s:%d", vip, udpPort)} {
			d.run(append([]string{"ipvsadm", "-A", "-s", "rr"}, strings.Fields(service)...)...)
			for j := range p.d {
				_, port, _ := strings.Cut(service, ":")
				d.run(append([]string{"ipvsadm", "-a", method, "-r", directorAddr(j) + ":" + port}, strings.Fields(service)...)...)
			}
		}
		p.serve(i)
	}
	return p
}

// plug makes a host on the switch.
func (p *directors) plug(name, address, mac string) *network {
	p.t.Helper()
	n := newNetwork(p.t)
	file := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(n.ns))
	p.s.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", file)
	p.s.run("ip", "link", "set", name, "master", "br0", "up")
	n.run("ip", "link", "set", "lo", "up")
	n.run("ip", "link", "set", "eth0", "up")
	n.run("ip", "address", "add", address+"/24", "dev", "eth0")
	return n
}

// in runs f in a namespace.
func (n *network) in(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(n.ns); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// serve answers at a director with its number: by TCP at any address, by UDP
// from the address that was asked.
func (p *directors) serve(i int) {
	p.t.Helper()
	freebind := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1) })
	}}
	err := p.d[i].in(func() error {
		l, err := net.Listen("tcp4", fmt.Sprintf(":%d", tcpPort))
		if err != nil {
			return err
		}
		p.t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					for s := bufio.NewScanner(c); s.Scan(); {
						fmt.Fprintln(c, i)
					}
				}()
			}
		}()
		for _, a := range []string{directorAddr(i), vip} {
			u, err := freebind.ListenPacket(p.t.Context(), "udp4", fmt.Sprintf("%s:%d", a, udpPort))
			if err != nil {
				return err
			}
			p.t.Cleanup(func() { u.Close() })
			go func() {
				b := make([]byte, 64)
				for {
					_, from, err := u.ReadFrom(b)
					if err != nil {
						return
					}
					u.WriteTo(fmt.Appendln(nil, i), from)
				}
			}()
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// keep gives both directors their rules.
func (p *directors) keep(how ipvs.Forwarding) {
	p.t.Helper()
	for i, d := range p.d {
		k := d.keeper(Options{})
		k.Want(rules.Want(p.services(how), rules.Host{Addresses: []netip.Addr{addr(directorAddr(i))}}))
		d.start(k)
		eventually(p.t, "the fellow is known", func() bool { s := k.Status(); return s.Rules > 4 && len(s.Notes)+len(s.Errors) == 0 })
	}
}

func (p *directors) services(how ipvs.Forwarding) []rules.Service {
	var servers []rules.Backend
	for i := range p.d {
		servers = append(servers, rules.Backend{Addr: addr(directorAddr(i)), Forwarding: how})
	}
	return []rules.Service{
		{Key: ipvs.Key{Addr: netip.AddrPortFrom(addr(vip), tcpPort), Protocol: ipvs.TCP}, Servers: servers},
		{Key: ipvs.Key{Addr: netip.AddrPortFrom(addr(vip), udpPort), Protocol: ipvs.UDP}, Servers: servers},
	}
}

// role puts the virtual address on an interface of a director, or nowhere.
func (p *directors) role(i int, dev string) {
	p.t.Helper()
	for _, old := range []string{"lo", "eth0"} {
		p.d[i].try("ip", "address", "del", vip+"/32", "dev", old)
	}
	if dev != "" {
		p.d[i].run("ip", "address", "add", vip+"/32", "dev", dev)
	}
}

// turn makes the client send to a director, as a gratuitous ARP would.
func (p *directors) turn(i int) {
	p.t.Helper()
	p.client.run("ip", "neighbour", "replace", vip, "lladdr", directorMAC(i), "dev", "eth0")
}

// dial connects the client, from a port of its choice or any.
func (p *directors) dial(network string, port int, from int) (net.Conn, error) {
	var c net.Conn
	err := p.client.in(func() (err error) {
		d := net.Dialer{Timeout: 3 * time.Second}
		switch {
		case network == "udp4":
			d.LocalAddr = &net.UDPAddr{IP: net.ParseIP(client), Port: from}
		default:
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(client), Port: from}
		}
		c, err = d.DialContext(p.t.Context(), network, fmt.Sprintf("%s:%d", vip, port))
		return err
	})
	return c, err
}

// ask says something and returns the number of the director that answers.
func ask(c net.Conn) (int, error) {
	c.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := fmt.Fprintln(c, "hello"); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// exceeded counts the packets whose time to live ended at the directors.
func (p *directors) exceeded() (n int) {
	p.t.Helper()
	for _, d := range p.d {
		var names []string
		for line := range strings.Lines(d.run("cat", "/proc/net/snmp")) {
			fields := strings.Fields(line)
			if fields[0] != "Icmp:" {
				continue
			}
			if names == nil {
				names = fields
				continue
			}
			for i, name := range names {
				if name == "OutTimeExcds" {
					count, err := strconv.Atoi(fields[i])
					if err != nil {
						p.t.Fatal(err)
					}
					n += count
				}
			}
		}
	}
	return n
}

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
	for method, how := range map[string]ipvs.Forwarding{"-g": ipvs.DR, "-i": ipvs.Tunnel} {
		t.Run(how.String(), func(t *testing.T) { testFellows(t, method, how) })
	}
}

func testFellows(t *testing.T, method string, how ipvs.Forwarding) {
	p := newDirectors(t, method)
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
				if a := answers["tcp4"]; a[0] == 0 || a[1] == 0 || lost["tcp4"] > 0 {
					t.Errorf("TCP: director 0 answered %d, director 1 %d, %d lost", a[0], a[1], lost["tcp4"])
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
	for network, port := range map[string]int{"tcp4": tcpPort, "udp4": udpPort} {
		from := 0
		if network == "udp4" {
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
	p := newDirectors(t, "-g")
	for i := range p.d {
		p.role(i, "eth0")
	}
	p.turn(0)
	for n := range 8 {
		if c, err := p.dial("udp4", udpPort, 20000+n); err == nil {
			fmt.Fprintln(c, "hello")
			c.Close()
		}
	}
	eventually(t, "packets go round until their time is over", func() bool { return p.exceeded() > 0 })
}

func TestConnectionsSurviveTheFellowsFailover(t *testing.T) {
	p := newDirectors(t, "-g")
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
		c, err := p.dial("tcp4", tcpPort, 0)
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
