package complete

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/traffic"
	"github.com/tandem-ha/tandem/integration/rig"
)

// mutual is a pair whose directors are each other's real servers, and the only
// ones, with both kernel sync daemons running.
type mutual struct {
	*rig.Pair
	kind string // As lb_kind takes it.
}

// service is that of a protocol.
func (m mutual) service(protocol traffic.Protocol) netip.AddrPort {
	return netip.AddrPortFrom(m.VIP(), echoPort+uint16(protocol))
}

// both are the directors.
var both = []lab.Director{lab.A, lab.B}

// gate is the link that a director must have to be master: a dummy.
const gate = "gate"

// startMutual starts it. Both directors hold the VIP on lo all the time and do
// not say so, as real servers of DR and TUN do.
func startMutual(t *testing.T, kind string) mutual {
	t.Helper()
	m := mutual{newPair(t), kind}
	for _, d := range both {
		m.prepare(t, d)
	}
	for _, d := range both {
		m.Start(t, d, m.config(t, d))
	}
	m.waitRoles(t, "MASTER", "BACKUP")
	for _, d := range both {
		m.WaitServices(t, d, 2)
		waitRules(t, m.Pair, d)
		if s := m.Status(t, d).Sync; s == nil || !s.Master || !s.Backup {
			t.Fatalf("director %s has as its status of the synchronisation %+v", d, s)
		}
	}
	return m
}

// prepare makes a director's host a real server, and gives it its gate.
func (m mutual) prepare(t *testing.T, d lab.Director) {
	t.Helper()
	h := m.Director(d)
	attrs := netlink.NewLinkAttrs()
	attrs.Name = gate
	err := h.Netlink().LinkAdd(&netlink.Dummy{LinkAttrs: attrs})
	if err == nil {
		err = setLink(h, gate, true)
	}
	if err == nil && m.kind == "TUN" {
		err = setLink(h, "tunl0", true)
	}
	for name, value := range map[string]string{"arp_ignore": "1", "arp_announce": "2"} {
		if err == nil {
			err = h.Sysctl("net.ipv4.conf.all."+name, value)
		}
	}
	if err == nil {
		err = addAddress(h, "lo", netip.PrefixFrom(m.VIP(), 32))
	}
	if err != nil {
		t.Fatal(err)
	}
	// Each address has a socket: one for datagrams that is bound to none would
	// not answer from the one that was asked.
	for _, a := range []netip.Addr{m.Plan().Legs(d).Inside.Addr, m.VIP()} {
		for _, protocol := range []traffic.Protocol{traffic.TCP, traffic.UDP} {
			hear(t, m.Pair, d.String(), h, protocol, netip.AddrPortFrom(a, m.service(protocol).Port()))
		}
	}
}

func setLink(h *lab.Host, name string, up bool) error {
	link, err := h.Netlink().LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s in %s: %w", name, h.Name, err)
	}
	if up {
		return h.Netlink().LinkSetUp(link)
	}
	return h.Netlink().LinkSetDown(link)
}

// config is a director's configuration.
func (m mutual) config(t *testing.T, d lab.Director) string {
	t.Helper()
	o := calm
	for _, protocol := range []traffic.Protocol{traffic.TCP, traffic.UDP} {
		at := m.service(protocol)
		o.Extra += fmt.Sprintf("virtual_server %s %d {\n    protocol %s\n    lb_algo rr\n    lb_kind %s\n",
			at.Addr(), at.Port(), protocol, m.kind)
		for _, server := range both {
			o.Extra += fmt.Sprintf("    real_server %s %d {\n        weight 1\n        TCP_CHECK {\n            connect_port %d\n        }\n    }\n",
				m.Plan().Legs(server).Inside.Addr, at.Port(), m.service(traffic.TCP).Port())
		}
		o.Extra += "}\n"
	}
	text, found := m.Config(t, d, o), "virtual_router_id 51\n"
	if !strings.Contains(text, found) {
		t.Fatalf("the configuration has no %q", found)
	}
	return strings.Replace(text, found, found+"    track_interface {\n        "+gate+"\n    }\n", 1)
}

// waitRoles waits until the directors are what they shall be, A before B.
func (m mutual) waitRoles(t *testing.T, want ...string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("the directors are %v", want), func() error {
		for i, d := range both {
			if in := m.Instance(t, d, "vip"); in.State != want[i] {
				return fmt.Errorf("director %s is %s", d, in.State)
			}
		}
		return nil
	})
}

// gate lets a director be master, or not.
func (m mutual) gate(t *testing.T, d lab.Director, open bool) {
	t.Helper()
	if err := setLink(m.Director(d), gate, open); err != nil {
		t.Fatal(err)
	}
}

// part drops the adverts between the directors.
func (m mutual) part(t *testing.T, on bool) {
	t.Helper()
	if err := m.Partition(on); err != nil {
		t.Fatal(err)
	}
}

// expired counts the packets that a host has dropped because their TTL had
// come to its end, and the times that it told their senders so: two counters
// of /proc/net/snmp, where a line of names stands before each line of values.
func expired(t *testing.T, h *lab.Host) (n int) {
	t.Helper()
	var text []byte
	err := h.Do(func() (err error) {
		text, err = os.ReadFile("/proc/thread-self/net/snmp")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	var names []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(names) == 0 || names[0] != words[0] {
			names = words
			continue
		}
		for i, name := range names {
			if key := words[0] + name; key == "Ip:InHdrErrors" || key == "Icmp:OutTimeExcds" {
				v, err := strconv.Atoi(words[i])
				if err != nil {
					t.Fatal(err)
				}
				n += v
				found++
			}
		}
	}
	if found != 2 {
		t.Fatalf("/proc/net/snmp has %d of the two counters", found)
	}
	return n
}
