package netfilter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/rules"
)

func TestNothingWantedRemovesTheTables(t *testing.T) {
	n := newNetwork(t)
	n.run("nft", "add table ip foreign; add table inet tandem")
	k := n.keeper(Options{})
	pass(t, k, everythingHere())
	only4 := everythingHere()
	only4.Tables = only4.Tables[:1]
	pass(t, k, only4)
	if got, want := n.run("nft", "list", "tables"), "table ip foreign\ntable inet tandem\ntable ip tandem\n"; got != want {
		t.Errorf("with IPv4 only:\n%swant\n%s", got, want)
	}
	pass(t, k, rules.Ruleset{})
	if got, want := n.run("nft", "list", "tables"), "table ip foreign\ntable inet tandem\n"; got != want {
		t.Errorf("with nothing wanted:\n%swant\n%s", got, want)
	}
	if s := k.Status(); s.Rules != 0 || s.Repairs != 0 || len(s.Errors) > 0 {
		t.Errorf("status %+v", s)
	}
}

func TestClearAfterACrash(t *testing.T) {
	n := newNetwork(t)
	n.run("nft", "add table ip foreign")
	pass(t, n.keeper(Options{}), everythingHere())
	next := n.keeper(Options{}) // which knows nothing of the first
	for range 2 {
		if err := next.Clear(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if got, want := n.run("nft", "list", "tables"), "table ip foreign\n"; got != want {
		t.Errorf("tables:\n%swant\n%s", got, want)
	}
}

// A reload replaces the rules while packets pass: each packet meets the old
// ones or the new ones.
func TestNoPacketMeetsNoRules(t *testing.T) {
	n := newNetwork(t)
	n.run("ip", "link", "set", "lo", "up")
	n.run("ip", "address", "add", "192.0.2.90/32", "dev", "lo")
	n.run("nft", `add table ip foreign { chain c { type filter hook output priority 0
		ip daddr 192.0.2.90 udp dport 9 meta mark != 7 counter
		ip daddr 192.0.2.90 udp dport 9 meta mark 7 counter
	}; }`)
	service := rules.Service{Key: ipvs.Key{FWMark: 7, Family: ipvs.IPv4}, Match: []rules.Match{{Addr: addr("192.0.2.90"), Protocol: ipvs.UDP}}}
	other := service
	other.Match = append(other.Match, rules.Match{Addr: addr("192.0.2.91"), Protocol: ipvs.TCP})
	k := n.keeper(Options{})
	pass(t, k, rules.Want([]rules.Service{service}, rules.Host{}))

	stop, sent := make(chan struct{}), make(chan error)
	go func() {
		sent <- n.in(func() error {
			c, err := net.Dial("udp4", "192.0.2.90:9")
			if err != nil {
				return err
			}
			defer c.Close()
			for {
				select {
				case <-stop:
					return nil
				default:
					c.Write([]byte("x")) // nobody listens: an error now and then
				}
			}
		})
	}()
	const changes = 100
	for i := range changes {
		s := service
		if i%2 == 0 {
			s = other
		}
		pass(t, k, rules.Want([]rules.Service{s}, rules.Host{}))
	}
	close(stop)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if w := k.Status().Writes; w != changes+1 {
		t.Errorf("%d writes", w)
	}
	listing := n.run("nft", "list", "table", "ip", "foreign")
	lines := counts.FindAllString(listing, -1)
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "packets 0 ") || strings.HasPrefix(lines[1], "packets 0 ") {
		t.Errorf("unmarked packets:\n%s", listing)
	}
	t.Logf("%d changes: unmarked %s, marked %s", changes, lines[0], lines[1])
}

func TestASenderIsFound(t *testing.T) {
	near, far := newNetwork(t), newNetwork(t)
	near.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "address", "02:00:00:00:00:12",
		"netns", fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), int(far.ns)))
	for i, n := range []*network{near, far} {
		n.run("ip", "address", "add", fmt.Sprintf("10.0.0.1%d/24", i+1), "dev", "eth0")
		n.run("ip", "link", "set", "eth0", "up")
	}
	near.run("ip", "route", "add", "10.8.0.0/24", "via", "10.0.0.12")
	servers := []rules.Backend{
		{Addr: addr("10.0.0.11"), Forwarding: ipvs.DR}, // this host
		{Addr: addr("10.0.0.12"), Forwarding: ipvs.DR}, // the far end
		{Addr: addr("10.0.0.13"), Forwarding: ipvs.DR}, // nobody
		{Addr: addr("10.8.0.14"), Forwarding: ipvs.DR}, // behind a router
	}
	key := ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:80"), Protocol: ipvs.TCP}
	k := near.keeper(Options{Retry: 50 * time.Millisecond})
	k.Want(rules.Want([]rules.Service{{Key: key, Servers: servers}}, rules.Host{Addresses: []netip.Addr{addr("10.0.0.11")}}))
	near.start(k)
	eventually(t, "the far end has its rules", func() bool {
		out, err := near.try("nft", "list", "chain", "ip", "tandem", "deliver")
		return err == nil && strings.Contains(out, `ether saddr 02:00:00:00:00:12 `)
	})
	eventually(t, "two are not known", func() bool {
		notes := strings.Join(k.Status().Notes, "\n")
		return strings.Count(notes, "\n") == 1 && strings.Contains(notes, "hardware address of 10.0.0.13 is not known") &&
			strings.Contains(notes, "10.8.0.14 is behind a router")
	})
	// It had been there for a moment only, while another link was down.
	near.run("ip", "route", "replace", "10.8.0.0/24", "dev", "eth0")
	far.run("ip", "address", "add", "10.8.0.14/32", "dev", "eth0")
	eventually(t, "the one behind the router has its rules", func() bool {
		list := near.run("nft", "list", "chain", "ip", "tandem", "deliver")
		return strings.Contains(list, "sent by 10.8.0.14")
	})
}

// large is a configuration that takes fifteen thousand rules.
func large() (services []rules.Service) {
	for i := range 5000 {
		at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 80)
		services = append(services, rules.Service{
			Key:     ipvs.Key{FWMark: uint32(i + 1), Family: ipvs.IPv4},
			Match:   []rules.Match{{Addr: at.Addr(), Protocol: ipvs.TCP, Ports: []rules.Ports{{First: 80, Last: 80}}}},
			FullNAT: []ipvs.Server{at}, Sources: []rules.Range{span("10.0.0.100")},
		})
	}
	return services
}

// A table of this size is one message to the kernel and ten thousand answers.
func TestALargeTable(t *testing.T) {
	n := newNetwork(t)
	began := time.Now()
	set := rules.Want(large(), rules.Host{})
	decided := time.Now()
	k := n.keeper(Options{})
	pass(t, k, set)
	wrote := time.Now()
	pass(t, k, set)
	if s := k.Status(); s.Rules != set.Tables[0].Rules() || s.Writes != 1 {
		t.Errorf("%d of %d rules, %d writes", s.Rules, set.Tables[0].Rules(), s.Writes)
	}
	t.Logf("%d rules: decided in %v, written and read in %v, compared in %v", set.Tables[0].Rules(),
		decided.Sub(began).Round(time.Millisecond), wrote.Sub(decided).Round(time.Millisecond), time.Since(wrote).Round(time.Millisecond))
}

// Run and Clear come back when they are told to, whatever they are at.
func TestALargeTableDoesNotHoldUpTheEnd(t *testing.T) {
	n := newNetwork(t)
	k := n.keeper(Options{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	k.Want(rules.Want(large(), rules.Host{}))
	eventually(t, "the table is written", func() bool {
		_, err := n.try("nft", "list", "chain", "ip", "tandem", "guard")
		return err == nil
	})
	began := time.Now() // and it is being read back
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	ended := time.Now()
	late, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.Clear(late); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "delete table ip tandem") {
		t.Errorf("Clear without time: %v", err)
	}
	inTime, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := k.Clear(inTime); err != nil {
		t.Error(err)
	}
	cleared := time.Now()
	if ended.Sub(began) > time.Second {
		t.Errorf("Run ended after %v", ended.Sub(began))
	}
	if left := n.run("nft", "list", "tables"); left != "" {
		t.Errorf("left: %s", left)
	}
	t.Logf("ended in %v, cleared in %v", ended.Sub(began).Round(time.Millisecond), cleared.Sub(ended).Round(time.Millisecond))
}

func TestDriftIsToldInWords(t *testing.T) {
	was := image{Table: "t", Chains: []chainImage{{"a", "1"}, {"b", "1"}}, Rules: []ruleImage{{"a", 3, "x", "x"}, {"a", 4, "y", "y"}}}
	rows := []struct {
		is   image
		want string
	}{
		{image{}, "the table is gone"},
		{image{Table: "t", Chains: was.Chains, Rules: was.Rules[:1]}, "1 rules gone from chain a"},
		{image{Table: "t", Chains: was.Chains, Rules: append([]ruleImage{{"a", 5, "", ""}}, was.Rules...)}, "1 foreign rules in chain a"},
		{image{Table: "t", Chains: was.Chains[:1], Rules: was.Rules}, "chain b is gone"},
		{image{Table: "t", Chains: []chainImage{{"a", "1"}, {"b", "2"}}, Rules: was.Rules}, "chain b has another hook, policy or use"},
		{image{Table: "u", Chains: was.Chains, Rules: was.Rules}, "something else was put into the table, or its rules were put in another order"},
	}
	for _, row := range rows {
		if got := drift(was, row.is); got != row.want {
			t.Errorf("%q, want %q", got, row.want)
		}
	}
}
