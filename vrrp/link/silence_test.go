package link

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestSilence(t *testing.T) {
	type look struct {
		name  string
		ms    int
		index int // 0: down
		heard bool
		want  hush
	}
	const day = 24 * time.Hour
	tests := []struct {
		name   string
		wait   time.Duration
		uptime time.Duration
		looks  []look
	}{
		{"it comes up and somebody is heard", 30 * time.Second, day, []look{
			{"down", 0, 0, false, talks}, {"up", 1000, 3, false, quietNow}, {"nobody", 2000, 3, false, quietYet},
			{"somebody", 3000, 3, true, heardNow}, {"for good", 4000, 3, false, talks},
			{"down", 5000, 0, false, talks}, {"up again", 6000, 3, false, quietNow},
		}},
		{"nobody is heard", 30 * time.Second, day, []look{
			{"down", 0, 0, false, talks}, {"up", 1000, 3, false, quietNow},
			{"nobody", 30999, 3, false, quietYet}, {"the cap", 31000, 3, false, quietCap}, {"for good", 31001, 3, false, talks},
		}},
		{"it goes down again meanwhile", 30 * time.Second, day, []look{
			{"down", 0, 0, false, talks}, {"up", 1000, 3, false, quietNow}, {"down", 2000, 0, false, quietGone}, {"still", 3000, 0, false, talks},
		}},
		{"another interface has its name", 30 * time.Second, day, []look{
			{"up", 0, 3, false, talks}, {"another", 1000, 4, false, quietNow}, {"and another", 2000, 5, false, quietNow}, {"nobody", 31999, 5, false, quietYet}, {"the cap", 32000, 5, false, quietCap},
		}},
		{"it was up when we started", 30 * time.Second, day, []look{{"up", 0, 3, false, talks}}},
		{"it was up when we started, on a host that has just booted", 30 * time.Second, 20 * time.Second, []look{
			{"up", 0, 3, false, quietNow}, {"nobody", 1000, 3, false, quietYet}, {"somebody", 2000, 3, true, heardNow},
		}},
		{"nobody wants to wait", 0, time.Second, []look{
			{"up", 0, 3, false, talks}, {"down", 1000, 0, false, talks}, {"up", 2000, 3, false, talks},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s silence
			for _, l := range tt.looks {
				if got := s.see(at(l.ms), l.index, tt.wait, tt.uptime, l.heard); got != l.want {
					t.Errorf("%s: %d, want %d", l.name, got, l.want)
				}
			}
		})
	}
	t.Run("a reload that waits no more", func(t *testing.T) {
		var s silence
		s.see(at(0), 0, time.Minute, day, false)
		s.see(at(1), 3, time.Minute, day, false)
		if got := s.see(at(2), 3, 0, day, false); got != quietGone {
			t.Errorf("got %d", got)
		}
	})
}

var (
	ourMAC   = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	theirMAC = net.HardwareAddr{2, 0, 0, 0, 0, 2}
)

// overheards are frames by what they are a sign of; empty: nothing.
func overheards(t testing.TB) []struct {
	name, want string
	frame      []byte
} {
	t.Helper()
	to := func(mac string) []byte {
		dst, err := net.ParseMAC(mac)
		must(t, err)
		return append(ethernet(dst, theirMAC, 0x0026), make([]byte, 46)...)
	}
	asked := question{mac: theirMAC, ip: ip("10.1.0.2"), ip6: ip("fe80::2"), known: []netip.Addr{ip("10.1.0.1")}, virtual: []netip.Addr{ip("10.1.0.99")}}.frames()
	own := question{mac: ourMAC, ip: ip("10.1.0.1"), known: []netip.Addr{ip("10.1.0.2")}}.frames()
	reply := bytes.Clone(asked[0])
	reply[21] = 2 // the operation
	loop := to("02:00:00:00:00:02")
	loop[12], loop[13] = 0x90, 0
	return []struct {
		name, want string
		frame      []byte
	}{
		{"a question", "ARP request of 10.1.0.2", asked[0]},
		{"a question of the other director, which has no address yet", "ARP request of 0.0.0.0", asked[1]},
		{"an echo request", "IPv6 packet of fe80::2", asked[2]},
		{"an answer", "ARP reply of 10.1.0.2", reply},
		{"an advert", "advert of 10.1.0.2", advertFrom("10.1.0.2", "224.0.0.18", group4MAC, []byte("x"))},
		{"an advert over IPv6", "advert of fe80::2", advertFrom6(ip("fe80::2"), group6, 255, group6MAC, []byte("x"))},
		{"a frame of no known kind", "frame of 02:00:00:00:00:02", to("ff:ff:ff:ff:ff:ff")},
		{"a broken one", "frame of 02:00:00:00:00:02", asked[0][:20]},
		{"our own that came back", "", own[0]},
		{"spanning tree", "", to("01:80:c2:00:00:00")},
		{"LLDP", "", to("01:80:c2:00:00:0e")},
		{"beyond the reserved addresses", "frame of 02:00:00:00:00:02", to("01:80:c2:00:00:10")},
		{"CDP", "", to("01:00:0c:cc:cc:cc")},
		{"per-VLAN spanning tree", "", to("01:00:0c:cc:cc:cd")},
		{"a switch that looks for loops", "", loop},
		{"nothing", "", nil},
	}
}

func TestOverheard(t *testing.T) {
	for _, tt := range overheards(t) {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := overheard(tt.frame, ourMAC); got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// The kernel's filter keeps no sign from us.
func TestOverhearFilter(t *testing.T) {
	raw, err := overhear()
	must(t, err)
	program, whole := bpf.Disassemble(raw)
	if !whole {
		t.Fatal("not all of it is known")
	}
	// The machine of the library knows no packet types.
	program[0] = bpf.LoadConstant{Dst: bpf.RegA, Val: unix.PACKET_HOST}
	vm, err := bpf.NewVM(program)
	must(t, err)
	for _, tt := range overheards(t) {
		n, err := vm.Run(tt.frame)
		if passed := err == nil && n > 0; tt.want != "" && !passed {
			t.Errorf("%s: kept back", tt.name)
		}
	}
	program[0] = bpf.LoadConstant{Dst: bpf.RegA, Val: unix.PACKET_OUTGOING}
	vm, err = bpf.NewVM(program)
	must(t, err)
	if n, _ := vm.Run(overheards(t)[0].frame); n != 0 {
		t.Error("what we send comes through")
	}
}

func FuzzOverheard(f *testing.F) {
	f.Add([]byte{1})
	f.Add(append(ethernet(broadcast, theirMAC, unix.ETH_P_ARP), 0, 1, 8, 0, 255, 255, 0, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		what, ok := overheard(b, ourMAC)
		if ok != (what != "") || ok && bytes.Equal(b[6:12], ourMAC) {
			t.Errorf("%q, %v", what, ok)
		}
	})
}

func TestQuestions(t *testing.T) {
	many := make([]netip.Addr, 100)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{10, 2, 0, byte(i)})
	}
	tests := []struct {
		name string
		q    question
		want int
	}{
		{"nothing is known", question{}, 0},
		{"a gateway and a virtual address", question{ip: ip("10.1.0.1"), known: []netip.Addr{ip("10.1.0.2")}, virtual: []netip.Addr{ip("10.1.0.99")}}, 2},
		{"an address of IPv6 is not asked by ARP", question{ip6: ip("fe80::1"), virtual: []netip.Addr{ip("2001:db8::99")}}, 1},
		{"no more than so many", question{known: many, virtual: many}, 2 * maxAsked},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.q.mac = ourMAC
			if got := tt.q.frames(); len(got) != tt.want {
				t.Errorf("%d frames, want %d", len(got), tt.want)
			}
		})
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) has(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), what)
}

// speaker is a watcher of an interface where an instance advertises, on a host
// that has just booted.
func speaker(log *lines, wait time.Duration, i Interest) (*Watcher, <-chan vrrp.LinkState) {
	states := make(chan vrrp.LinkState, 100)
	w := NewWatcher(logTo(log), func(s vrrp.LinkState) { states <- s })
	w.uptime = func() time.Duration { return time.Second }
	i.Speaks = true
	w.Watch(Interests{Links: []Interest{i}, Wait: wait})
	return w, states
}

func silent(s vrrp.LinkState) bool  { return s.Up && s.Silent }
func talking(s vrrp.LinkState) bool { return s.Up && !s.Silent }

// still is a pair on which no kernel says anything by itself.
func still(t *testing.T, near, far string) *pair {
	t.Helper()
	p := newPair(t, near, far)
	without(t, p.near, true)
	p.over(t, func() { without(t, p.far, true) })
	return p
}

// without takes IPv6 away from an interface, or gives it back.
func without(t *testing.T, dev string, off bool) {
	t.Helper()
	value := "0"
	if off {
		value = "1"
	}
	must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+dev+"/disable_ipv6", []byte(value), 0o644))
}

func TestSilentUntilSomebodyIsHeard(t *testing.T) {
	tests := []struct {
		name string
		near string
		whom Interest
		from string // whose answer: the far end's address
		more func(t *testing.T, p *pair)
		want string
	}{
		{"a unicast peer answers", "10.1.0.1/24", Interest{Peers: []netip.Addr{ip("10.1.0.2")}}, "10.1.0.2/24", nil, "ARP reply of 10.1.0.2"},
		{"the master answers for the virtual address", "10.1.0.1/24", Interest{Virtual: []netip.Addr{ip("10.1.0.99")}}, "10.1.0.99/24", nil, "ARP reply of 10.1.0.99"},
		{"the gateway answers", "10.1.0.1/24", Interest{}, "10.1.0.254/24", func(t *testing.T, p *pair) {
			must(t, netlink.RouteAdd(&netlink.Route{LinkIndex: mustLink(t, p.near).Attrs().Index, Gw: net.IPv4(10, 1, 0, 254)}))
		}, "ARP reply of 10.1.0.254"},
		{"a neighbour answers", "10.1.0.1/24", Interest{}, "10.1.0.3/24", func(t *testing.T, p *pair) {
			must(t, netlink.NeighAdd(&netlink.Neigh{LinkIndex: mustLink(t, p.near).Attrs().Index, IP: net.IPv4(10, 1, 0, 3), HardwareAddr: theirMAC, State: netlink.NUD_PERMANENT}))
		}, "ARP reply of 10.1.0.3"},
		{"a host without an address asks too", "", Interest{Virtual: []netip.Addr{ip("10.1.0.99")}}, "10.1.0.99/24", nil, "ARP reply of 10.1.0.99"},
		{"all IPv6 nodes are asked", "", Interest{}, "fe80::2/64", func(t *testing.T, p *pair) {
			without(t, p.near, false)
			addAddress6(t, p.near, "fe80::1/64")
		}, "IPv6 packet of"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := still(t, tt.near, "")
			if tt.more != nil {
				tt.more(t, p)
			}
			p.over(t, func() { addAddress6or4(t, p.far, tt.from) })
			var log lines
			tt.whom.Name = p.near
			w, states := speaker(&log, time.Hour, tt.whom)
			start(t, w.Run)
			within(t, states, "the wait", silent)
			within(t, states, "its end", talking)
			if !log.has(tt.want) {
				t.Errorf("the log does not have %q:\n%s", tt.want, log.b.String())
			}
		})
	}
}

func addAddress6or4(t *testing.T, dev, cidr string) {
	if strings.Contains(cidr, ":") {
		without(t, dev, false)
		addAddress6(t, dev, cidr)
		return
	}
	addAddress(t, dev, cidr)
}

// Each of two directors hears what the other asks, and neither has to answer.
func TestTwoBootOnASilentSegment(t *testing.T) {
	p := still(t, "", "")
	var log lines
	virtual := []netip.Addr{ip("10.1.0.99")}
	w, states := speaker(&log, time.Hour, Interest{Name: p.near, Virtual: virtual})
	start(t, w.Run)
	within(t, states, "the wait", silent)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.over(t, func() { // a watcher's own goroutines would be on this side
			a := mustLink(t, p.far).Attrs()
			far := newProbe(testLog(t), device{name: p.far, index: a.Index, mac: a.HardwareAddr}, Interest{Virtual: virtual}, func() {})
			far.run(t.Context())
			if far.heard() != "ARP request of 0.0.0.0" {
				t.Errorf("the far end heard %q", far.heard())
			}
		})
	}()
	within(t, states, "its end", talking)
	<-ended
	if !log.has("ARP request of 0.0.0.0") {
		t.Errorf("log:\n%s", log.b.String())
	}
}

func TestSilentNoLongerThanTheCap(t *testing.T) {
	p := still(t, "10.1.0.1/24", "")
	var log lines
	w, states := speaker(&log, time.Nanosecond, Interest{Name: p.near})
	w.uptime = func() time.Duration { return 0 }
	start(t, w.Run)
	within(t, states, "the end of the wait", talking)
	if !log.has("nobody was heard") {
		t.Errorf("log:\n%s", log.b.String())
	}
}
