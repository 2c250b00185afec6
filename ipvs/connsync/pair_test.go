package connsync_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/connsync"
)

var (
	addrA  = netip.MustParseAddr("10.9.0.1")
	addrB  = netip.MustParseAddr("10.9.0.2")
	vip    = netip.MustParseAddr("192.0.2.80")
	server = netip.AddrPortFrom(addrB, 8080)
)

// newPair makes two namespaces joined by a link. A has a virtual service on
// its lo for each protocol, whose only server is B.
func newPair(t *testing.T) (a, b *space) {
	t.Helper()
	a, b = newSpace(t), newSpace(t)
	a.do(func() error {
		link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "sync0"}, PeerName: "sync0", PeerNamespace: netlink.NsFd(b.handle)}
		if err := netlink.LinkAdd(link); err != nil {
			return err
		}
		return errors.Join(address("sync0", addrA, 24), address("lo", vip, 32))
	})
	b.do(func() error { return address("sync0", addrB, 24) })
	servers := map[ipvs.Server]ipvs.Destination{server: {Weight: 1}}
	ops := ipvs.Diff(nil, ipvs.Table{
		{Addr: netip.AddrPortFrom(vip, 80), Protocol: ipvs.TCP}: {Service: ipvs.Service{Scheduler: "rr"}, Destinations: servers},
		{Addr: netip.AddrPortFrom(vip, 80), Protocol: ipvs.UDP}: {Service: ipvs.Service{Scheduler: "rr"}, Destinations: servers},
	})
	if err := errors.Join(a.kernel.Apply(t.Context(), ops)...); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func address(link string, addr netip.Addr, prefix int) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return err
	}
	ipnet := &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(prefix, addr.BitLen())}
	return errors.Join(netlink.AddrAdd(l, &netlink.Addr{IPNet: ipnet}), netlink.LinkSetUp(l))
}

// connect makes a TCP connection from A through the virtual service, and
// leaves it silent after the handshake.
func connect(a *space) (from uint16) {
	a.t.Helper()
	a.do(func() error {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(addrA, 0)), KeepAlive: -1, Timeout: 5 * time.Second}
		c, err := d.DialContext(a.t.Context(), "tcp4", netip.AddrPortFrom(vip, 80).String())
		if err != nil {
			return err
		}
		a.t.Cleanup(func() { _ = c.Close() })
		from = netip.MustParseAddrPort(c.LocalAddr().String()).Port()
		return nil
	})
	return from
}

// serve lets B take connections and be silent.
func serve(b *space) {
	b.t.Helper()
	b.do(func() error {
		l, err := net.Listen("tcp4", server.String())
		if err != nil {
			return err
		}
		b.t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
			}
		}()
		return nil
	})
}

// A connection that says nothing after its handshake is known to the other
// director with tandem's settings, and with the kernel's own it never is: the
// later connection arrives and the earlier one has not.
func TestASilentConnectionReachesTheOtherDirector(t *testing.T) {
	a, b := newPair(t)
	serve(b)
	config := connsync.Config{Interface: "sync0", SyncID: 51, Settings: connsync.DefaultSettings}
	b.sync(config)
	usual := config
	usual.Settings.Threshold, usual.Settings.Period, usual.Settings.RefreshPeriod = 3, 50, 0
	syncer := a.sync(usual)
	before := connect(a)
	if !a.knows(before) {
		t.Fatalf("the connection does not go through IPVS:\n%s", a.connections())
	}

	syncer.Want(&config)
	until(t, "the settings are tandem's", func() bool { return syncer.Status().Settings.RefreshPeriod == 10 })
	begun := time.Now()
	after := connect(a)
	until(t, "the other director knows the silent connection", func() bool { return b.knows(after) })
	t.Logf("known to the other director after %s", time.Since(begun).Round(time.Millisecond))
	if b.knows(before) {
		t.Error("the connection from before is known too: the kernel's defaults would do")
	}
}

// A stop loses the connections of the last seconds, and none when FlushTime
// passes between the last packet and the stop.
func TestAStopAfterFlushTimeLosesNothing(t *testing.T) {
	a, b := newPair(t)
	serve(b)
	config := connsync.Config{Interface: "sync0", SyncID: 51, Settings: connsync.DefaultSettings}
	b.sync(config)
	syncer := a.sync(config)
	daemons := func(n int) {
		t.Helper()
		until(t, fmt.Sprintf("%d daemons run", n), func() bool { return len(syncer.Status().Daemons) == n })
	}
	cycle := func(wait time.Duration) (from uint16) {
		t.Helper()
		// The kernel's own waits are what is tested, so there is nothing but
		// time to wait for. A bit after its start the daemon has just looked
		// for messages, which is the worst moment: it looks twice more while
		// this one is too young.
		<-time.After(100 * time.Millisecond)
		from = connect(a)
		begun := time.Now()
		<-time.After(wait)
		syncer.Want(nil)
		daemons(0)
		t.Logf("stopped %s after a connection", time.Since(begun).Round(time.Millisecond))
		syncer.Want(&config)
		daemons(2)
		return from
	}
	early := cycle(time.Second)
	late := cycle(connsync.FlushTime)
	// Messages arrive in order: with a later one here, no earlier one is
	// still on its way.
	last := connect(a)
	until(t, "the other director knows the last connection", func() bool { return b.knows(last) })
	if !b.knows(late) {
		t.Errorf("%s were not enough", connsync.FlushTime)
	}
	if b.knows(early) {
		t.Error("a connection of 1 s before the stop is known: there would be no need to wait")
	}
}

// Daemons that somebody stopped run again, and after the end there is nothing.
func TestDaemonsOfARealKernel(t *testing.T) {
	a, _ := newPair(t)
	syncer := a.sync(connsync.Config{Interface: "sync0", SyncID: 51, Settings: connsync.DefaultSettings})
	st, want := syncer.Status(), connsync.DefaultSettings
	want.Ports = 1 // The kernel's own.
	if st.Settings != want || len(st.Errors) != 0 || st.Granted > st.Settings.SockSize || st.Granted == 0 {
		t.Errorf("status %+v", st)
	}
	for _, d := range st.Daemons {
		if d.SyncID != 51 || d.Interface != "sync0" || d.MaxLen == 0 {
			t.Errorf("daemon %+v", d)
		}
		if err := a.kernel.StopDaemon(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	running := func(n int) func() bool {
		return func() bool {
			all, err := a.kernel.Daemons(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return len(all) == n
		}
	}
	until(t, "the daemons run again", running(2))
	syncer.Want(nil)
	until(t, "the daemons are stopped", running(0))
	until(t, "the settings are restored", func() bool { return !syncer.Status().Wanted })
	a.do(func() error {
		b, err := os.ReadFile("/proc/sys/net/ipv4/vs/sync_threshold")
		if got := string(bytes.Join(bytes.Fields(b), []byte(" "))); err == nil && got != "3 50" {
			t.Errorf("sync_threshold %q afterwards, want the kernel's own", got)
		}
		return err
	})
}

// The kernel counts the ports when the first daemon starts. After a change
// there are as many sockets as wanted, on both directors, and connections
// arrive on each of them.
func TestPortsOfARealKernel(t *testing.T) {
	a, b := newPair(t)
	serve(b)
	config := connsync.Config{Interface: "sync0", SyncID: 51, Settings: connsync.DefaultSettings}
	first := config
	first.Settings.Ports = 4
	syncers := map[*space]*connsync.Syncer{a: a.sync(first), b: b.sync(first)}
	for _, c := range []struct {
		what      string
		say, want int
	}{
		{"started with them", 4, 4},
		{"fewer", 2, 2},
		{"not said any more: the kernel's own", 0, 1},
		{"added", 4, 4},
	} {
		for _, s := range []*space{a, b} {
			next := config
			next.Settings.Ports = c.say
			syncers[s].Want(&next)
			until(t, fmt.Sprintf("%s: %d ports", c.what, c.want), func() bool {
				st := syncers[s].Status()
				return st.Settings.Ports == c.want && len(st.Daemons) == 2 && s.syncSockets() == [2]int{c.want, c.want}
			})
		}
	}
	var ports []uint16
	for range 16 {
		ports = append(ports, connect(a))
	}
	for _, port := range ports {
		until(t, "the other director knows all connections", func() bool { return b.knows(port) })
	}
}

// syncSockets counts the sockets of the sync daemons: the master's, which are
// connected to the group, and the backup's, which are bound to a port of their
// own each (make_send_sock, make_receive_sock in ip_vs_sync.c).
func (s *space) syncSockets() (count [2]int) {
	s.t.Helper()
	s.do(func() error {
		b, err := os.ReadFile("/proc/thread-self/net/udp")
		for line := range strings.Lines(string(b)) {
			fields := strings.Fields(line)
			for port := 8848; port < 8848+64; port++ {
				switch hex := fmt.Sprintf(":%04X", port); {
				case strings.HasSuffix(fields[2], "510000E0"+hex): // 224.0.0.81, the remote end
					count[0]++
				case strings.HasSuffix(fields[1], hex):
					count[1]++
				}
			}
		}
		return err
	})
	return count
}

// An interface that is deleted and made again takes the daemons' sockets with
// it; they are started anew on the new one.
func TestAnInterfaceMadeAgain(t *testing.T) {
	a, b := newPair(t)
	a.sync(connsync.Config{Interface: "sync0", SyncID: 51, Settings: connsync.DefaultSettings})
	var before int
	a.do(func() error {
		l, err := netlink.LinkByName("sync0")
		if err != nil {
			return err
		}
		before = l.Attrs().Index
		if err := netlink.LinkDel(l); err != nil {
			return err
		}
		veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "sync0"}, PeerName: "sync0", PeerNamespace: netlink.NsFd(b.handle)}
		return errors.Join(netlink.LinkAdd(veth), address("sync0", addrA, 24))
	})
	until(t, "the daemons have sockets on the new interface", func() (ok bool) {
		a.do(func() error {
			l, err := netlink.LinkByName("sync0")
			if err != nil {
				return err
			}
			if l.Attrs().Index == before {
				t.Error("the new interface has the old index: the test shows nothing")
			}
			groups, err := os.ReadFile("/proc/thread-self/net/igmp")
			ok = strings.Contains(string(groups), "510000E0") // 224.0.0.81
			return err
		})
		return ok
	})
}
