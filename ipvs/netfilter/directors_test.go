package netfilter

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
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

// directors are a lab: a client and two directors on a switch. Both directors
// are real servers of both services, by DR or TUN, and know them all the time.
type directors struct {
	plan
	t         *testing.T
	client, s *network
	d         [2]*network
}

// plan is what has which address.
type plan struct {
	virtual, caller netip.Addr
	own             [2]netip.Addr
}

var (
	plan4 = plan{addr("10.9.0.100"), addr("10.9.0.1"), [2]netip.Addr{addr("10.9.0.11"), addr("10.9.0.12")}}
	plan6 = plan{addr("2001:db8::100"), addr("2001:db8::1"), [2]netip.Addr{addr("2001:db8::11"), addr("2001:db8::12")}}
)

const (
	tcpPort = 80
	udpPort = 53
)

func directorMAC(i int) string { return fmt.Sprintf("02:00:00:00:00:1%d", i+1) }

// at is an address as ipvsadm and net write it with a port.
func at(a netip.Addr, port int) string { return netip.AddrPortFrom(a, uint16(port)).String() }

// host is an address as a prefix.
func host(a netip.Addr) string { return netip.PrefixFrom(a, a.BitLen()).String() }

// newDirectors builds the lab; method is ipvsadm's. It skips where the kernel
// has no IPVS.
func newDirectors(t *testing.T, plan plan, method string) *directors {
	t.Helper()
	p := &directors{plan: plan, t: t, s: newNetwork(t)}
	if _, err := p.s.try("ipvsadm", "-A", "-t", "192.0.2.1:1"); err != nil {
		t.Skip("needs IPVS and nftables in one kernel: labrun -kernel complete has both")
	}
	p.s.run("ipvsadm", "-C")
	p.s.run("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0") // for connection sync
	p.s.run("ip", "link", "set", "br0", "up")
	p.client = p.plug("c", p.caller, "02:00:00:00:00:01")
	for i := range p.d {
		p.d[i] = p.plug(fmt.Sprint("d", i), p.own[i], directorMAC(i))
		d := p.d[i]
		d.run("sh", "-c", `cd /proc/sys/net/ipv4 && echo 1 > ip_forward && echo "0 0" > vs/sync_threshold && echo 10 > vs/sync_refresh_period && cd conf/all &&
			echo 0 > send_redirects && echo 0 > ../eth0/send_redirects && echo 1 > arp_ignore && echo 2 > arp_announce &&
			echo 1 > /proc/sys/net/ipv6/conf/all/forwarding`)
		d.run("sh", "-c", "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter && echo 0 > /proc/sys/net/ipv4/conf/tunl0/rp_filter && ip link set tunl0 up")
		for _, service := range []struct {
			option string
			port   int
		}{{"-t", tcpPort}, {"-u", udpPort}} {
			d.run("ipvsadm", "-A", service.option, at(p.virtual, service.port), "-s", "rr")
			for _, own := range p.own {
				d.run("ipvsadm", "-a", service.option, at(p.virtual, service.port), "-r", at(own, service.port), method)
			}
		}
		p.serve(i)
	}
	return p
}

// plug makes a host on the switch.
func (p *directors) plug(name string, address netip.Addr, mac string) *network {
	p.t.Helper()
	n := newNetwork(p.t)
	file := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(n.ns))
	p.s.run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", file)
	p.s.run("ip", "link", "set", name, "master", "br0", "up")
	n.run("sh", "-c", "echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad")
	n.run("ip", "link", "set", "lo", "up")
	n.run("ip", "link", "set", "eth0", "up")
	prefix := netip.PrefixFrom(address, address.BitLen()*3/4) // /24 or /96
	n.run("ip", "address", "add", prefix.String(), "dev", "eth0")
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
		// Of IPv6 sockets, too.
		return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1) })
	}}
	err := p.d[i].in(func() error {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", tcpPort))
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
		for _, a := range []netip.Addr{p.own[i], p.virtual} {
			u, err := freebind.ListenPacket(p.t.Context(), "udp", at(a, udpPort))
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
		k.Want(rules.Want(p.services(how), rules.Host{Addresses: p.own[i : i+1]}))
		d.start(k)
		eventually(p.t, "the fellow is known", func() bool { s := k.Status(); return s.Rules > 4 && len(s.Notes)+len(s.Errors) == 0 })
	}
}

func (p *directors) services(how ipvs.Forwarding) []rules.Service {
	var servers []rules.Backend
	for _, own := range p.own {
		servers = append(servers, rules.Backend{Addr: own, Forwarding: how})
	}
	return []rules.Service{
		{Key: ipvs.Key{Addr: netip.AddrPortFrom(p.virtual, tcpPort), Protocol: ipvs.TCP}, Servers: servers},
		{Key: ipvs.Key{Addr: netip.AddrPortFrom(p.virtual, udpPort), Protocol: ipvs.UDP}, Servers: servers},
	}
}

// role puts the virtual address on an interface of a director, or nowhere.
func (p *directors) role(i int, dev string) {
	p.t.Helper()
	for _, old := range []string{"lo", "eth0"} {
		p.d[i].try("ip", "address", "del", host(p.virtual), "dev", old)
	}
	if dev != "" {
		p.d[i].run("ip", "address", "add", host(p.virtual), "dev", dev)
	}
}

// turn makes the client send to a director, as a gratuitous ARP would.
func (p *directors) turn(i int) {
	p.t.Helper()
	p.client.run("ip", "neighbour", "replace", p.virtual.String(), "lladdr", directorMAC(i), "dev", "eth0")
}

// dial connects the client, from a port of its choice or any.
func (p *directors) dial(network string, port int, from int) (net.Conn, error) {
	var c net.Conn
	err := p.client.in(func() (err error) {
		d := net.Dialer{Timeout: 3 * time.Second}
		switch {
		case network == "udp":
			d.LocalAddr = &net.UDPAddr{IP: p.caller.AsSlice(), Port: from}
		default:
			d.LocalAddr = &net.TCPAddr{IP: p.caller.AsSlice(), Port: from}
		}
		c, err = d.DialContext(p.t.Context(), network, at(p.virtual, port))
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
		n += counter(p.t, d.run("cat", "/proc/net/snmp", "/proc/net/snmp6"))
	}
	return n
}

// counter is how many ICMP and ICMPv6 errors of that kind were sent. The first
// is a column below a line of names, the second a line of its own.
func counter(t testing.TB, text string) (n int) {
	t.Helper()
	var names []string
	add := func(number string) {
		count, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case fields[0] == "Icmp6OutTimeExcds":
			add(fields[1])
		case fields[0] == "Icmp:" && names == nil:
			names = fields
		case fields[0] == "Icmp:":
			add(fields[slices.Index(names, "OutTimeExcds")])
		}
	}
	return n
}
