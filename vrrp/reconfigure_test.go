package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// reload gives a node another configuration.
func (n *node) reload(cfg Config) {
	n.lan.t.Helper()
	if err := n.router.Reconfigure(cfg); err != nil {
		n.lan.t.Fatal(err)
	}
	synctest.Wait()
}

func TestReload(t *testing.T) {
	const at = 7 * time.Second // between two adverts of a, which are due at .4140625
	next := lastSent + interval

	bubble(t, "K-37 the same configuration: nothing is sent, announced or moved, and timers run on", func(t *testing.T, l *lan) {
		a, b := pair(l)
		l.until(at)
		before := a.router.Snapshot()[0]
		for range 100 {
			a.reload(vi(150))
			b.reload(vi(100))
		}
		l.expect("send want announce state")
		l.until(9 * time.Second)
		l.expect("send want state", adverts("a", 150, next, 2)...)
		after := a.router.Snapshot()[0]
		if !after.Since.Equal(before.Since) || after.Counters.BecameMaster != 1 || after.Counters.Sent != before.Counters.Sent+2 {
			t.Errorf("before %+v\nafter %+v", before, after)
		}
	})

	bubble(t, "one address more on the master first: a wish, and adverts that the backup follows", func(t *testing.T, l *lan) {
		a, b := pair(l)
		vip2 := func(in *Instance) {
			in.Addresses = append(in.Addresses, Address{Prefix: netip.MustParsePrefix("10.20.0.98/24")})
		}
		l.until(at)
		a.reload(vi(150, vip2))
		l.until(20 * time.Second)
		b.reload(vi(100, vip2))
		l.until(30 * time.Second)
		l.expect("want state", "7s a VI_1 eth0 present 10.20.0.99,10.20.0.98", "20s b VI_1 eth0 absent 10.20.0.99,10.20.0.98")
	})

	bubble(t, "K-41 an excluded address moves with the others and is in no advert", func(t *testing.T, l *lan) {
		excluded := func(in *Instance) {
			in.Excluded = []Address{{Prefix: netip.MustParsePrefix("2001:db8::99/64")}}
		}
		a, _ := pair(l)
		l.until(at)
		a.reload(vi(150, excluded))
		l.until(20 * time.Second)
		l.expect("want state", "7s a VI_1 eth0 present 10.20.0.99,2001:db8::99")
		if odd := l.nodes[1].router.Snapshot()[0].Counters.Odd; len(odd) > 0 {
			t.Errorf("the other director misses an address in the advert: %v", odd)
		}
		if got := len(a.router.Snapshot()[0].Addresses); got != 2 {
			t.Errorf("status shows %d addresses, want both", got)
		}
	})

	bubble(t, "another VRID is another instance: the old one stops, the new one starts as a backup", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(at)
		a.reload(vi(150, func(in *Instance) { in.VRID = 52 }))
		l.until(11 * time.Second)
		l.expect("want state",
			"7s a VI_1 eth0 absent 10.20.0.99", "7s a VI_1 forgotten", "7s a VI_1 eth0 absent 10.20.0.99",
			"7s a VI_1 INIT: stopped", "7s a VI_1 BACKUP: started",
			"7.609375s b VI_1 eth0 present 10.20.0.99", "7.609375s b VI_1 MASTER: master stopped",
			"10.4140625s a VI_1 eth0 present 10.20.0.99", "10.4140625s a VI_1 MASTER: no master heard")
	})

	bubble(t, "the goodbye of an instance that is gone leaves before its interface is closed", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(at)
		a.reload(vi(150, func(in *Instance) { in.Interface = "eth1" }))
		if got := l.take("send", "listen"); !slices.Equal(got, []string{"7s a 51/0", "7s a eth1"}) {
			t.Errorf("got %q", got)
		}
	})

	bubble(t, "an instance that is gone stops and is forgotten", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(at)
		a.reload(Config{})
		l.until(at + ms)
		l.expect("send want state", "7s a 51/0", "7s a VI_1 eth0 absent 10.20.0.99", "7s a VI_1 forgotten", "7s a VI_1 INIT: stopped")
		if len(a.listened) != 0 || len(a.router.Snapshot()) != 0 {
			t.Errorf("listens to %v, snapshot %v", a.listened, a.router.Snapshot())
		}
	})

	bubble(t, "another name keeps the role, and the addresses under the new name", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(at)
		a.reload(vi(150, func(in *Instance) { in.Name = "web" }))
		l.until(at + ms)
		l.expect("send want announce state", "7s a web eth0 present 10.20.0.99", "7s a VI_1 forgotten")
		if s := a.router.Snapshot()[0]; s.Name != "web" || s.State != Master {
			t.Errorf("%+v", s)
		}
	})

	bubble(t, "two instances that swap their names are not forgotten", func(t *testing.T, l *lan) {
		two := func(first, second string) Config {
			a, b := testInstance(), testInstance()
			a.Name, b.Name, b.VRID = first, second, 52
			return Config{Instances: []Instance{a, b}}
		}
		a := l.join("a", "10.20.0.1", two("x", "y"))
		l.until(5 * time.Second)
		l.take()
		a.rounds = 0
		a.reload(two("y", "x"))
		if a.rounds != 1 {
			t.Errorf("the wishes come in %d parts: an address would go and come back", a.rounds)
		}
		l.expect("want state", "5s a y eth0 present 10.20.0.99", "5s a x eth0 present 10.20.0.99")
	})

	bubble(t, "members that join a sync group keep their roles", func(t *testing.T, l *lan) {
		cfg := twoLinks(150)
		groups := cfg.Groups
		cfg.Groups = nil
		a := l.join("a", "10.20.0.1", cfg)
		l.until(5 * time.Second)
		l.take()
		cfg.Groups = groups
		a.reload(cfg)
		l.until(6 * time.Second)
		l.expect("state")
		a.link("eth1", false)
		a.reload(Config{Instances: cfg.Instances})
		l.until(10 * time.Second)
		l.expect("state",
			"6s a inside FAULT: link down eth1", "6s a outside FAULT: sync group in FAULT inside",
			"6s a outside BACKUP: fault cleared", "9.4140625s a outside MASTER: no master heard")
	})

	bubble(t, "members that join with two roles agree on BACKUP if one of them hears a master", func(t *testing.T, l *lan) {
		mixed, other := twoLinks(150), twoLinks(100)
		mixed.Instances[1].Priority, other.Instances[1].Priority = 50, 100
		groups := mixed.Groups
		mixed.Groups, other.Groups = nil, nil
		a := l.join("a", "10.20.0.1", mixed)
		l.join("b", "10.20.0.2", other)
		l.until(6 * time.Second)
		l.take()
		mixed.Groups = groups
		a.reload(mixed)
		l.until(8 * time.Second)
		l.expect("state", "6s a outside BACKUP: sync group went to BACKUP inside")
	})

	bubble(t, "a reload that groups an instance with weights says that they count for nothing", func(t *testing.T, l *lan) {
		cfg := twoLinks(150)
		cfg.Instances[0].Track = []TrackInterface{{Name: "eth1", Weight: -60}}
		alone := Config{Instances: cfg.Instances}
		a := l.join("a", "10.20.0.1", alone)
		for i, c := range []struct {
			cfg  Config
			said int
		}{{alone, 0}, {cfg, 1}, {cfg, 1}, {alone, 1}, {cfg, 2}} {
			a.reload(c.cfg)
			if got := strings.Count(a.logged.String(), "count for nothing"); got != c.said {
				t.Errorf("reload %d: said %d times, want %d", i, got, c.said)
			}
		}
	})

	bubble(t, "a tracked interface that is configured no more has no effect any more", func(t *testing.T, l *lan) {
		track := func(in *Instance) { in.Track = []TrackInterface{{Name: "eth1", Weight: -60}, {Name: "eth2"}} }
		a := l.join("a", "10.20.0.1", vi(150, track))
		a.link("eth1", false)
		a.link("eth2", false)
		if s := a.router.Snapshot()[0]; s.Priority != 90 || s.State != Fault {
			t.Errorf("with both down: %+v", s)
		}
		a.reload(vi(150))
		if s := a.router.Snapshot()[0]; s.Priority != 150 || s.State != Backup {
			t.Errorf("after the reload: %+v", s)
		}
		a.reload(vi(150, track))
		if s := a.router.Snapshot()[0]; s.Priority != 90 || s.State != Fault {
			t.Errorf("and back: %+v", s)
		}
	})

	bubble(t, "the network is told what to hear", func(t *testing.T, l *lan) {
		cfg := twoLinks(150)
		cfg.Instances[1].Peers = []netip.Addr{higher}
		a := l.join("a", "10.20.0.1", cfg)
		if want := []Listen{{Interface: "eth0"}, {Interface: "eth1", Unicast: true}}; !slices.Equal(a.listened, want) {
			t.Errorf("got %v, want %v", a.listened, want)
		}
	})
}

// twoLinks is a director between two networks: an instance on each, in a
// sync group.
func twoLinks(priority uint8) Config {
	outside, inside := testInstance(), testInstance()
	outside.Name, outside.Priority = "outside", priority
	inside.Name, inside.Priority, inside.VRID, inside.Interface = "inside", priority, 52, "eth1"
	return Config{
		Instances: []Instance{outside, inside},
		Groups:    []Group{{Name: "G1", Members: []string{"outside", "inside"}}},
	}
}

func TestLinks(t *testing.T) {
	bubble(t, "K-32 link loss: priority 0, the backup up after skew; link back: a down interval, then preemption", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(7 * time.Second)
		a.link("eth0", false)
		l.until(10 * time.Second)
		a.link("eth0", true)
		l.until(20 * time.Second)
		l.expect("state",
			"7s a VI_1 FAULT: link down eth0", "7.609375s b VI_1 MASTER: master stopped",
			"10s a VI_1 BACKUP: fault cleared", "13.4140625s a VI_1 MASTER: master has a lower priority",
			"13.4140625s b VI_1 BACKUP: heard a higher priority")
	})

	bubble(t, "address loss: priority 0 comes from the address that is gone", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(7 * time.Second)
		a.router.SetLink(LinkState{Name: "eth0", Exists: true, Up: true})
		l.until(8 * time.Second)
		l.expect("state",
			"7s a VI_1 FAULT: no source address eth0", "7.609375s b VI_1 MASTER: master stopped")
		if c := a.router.Snapshot()[0].Counters; c.SentPriorityZero != 1 || c.SendErrors != 0 {
			t.Errorf("%+v", c)
		}
	})

	bubble(t, "K-35 sync group: the loss of one link moves both", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", twoLinks(150))
		l.join("b", "10.20.0.2", twoLinks(100))
		l.until(7 * time.Second)
		l.take()
		a.link("eth1", false)
		l.until(10 * time.Second)
		a.link("eth1", true)
		l.until(20 * time.Second)
		l.expect("state",
			"7s a inside FAULT: link down eth1", "7s a outside FAULT: sync group in FAULT inside",
			"7.609375s b outside MASTER: master stopped", "7.609375s b inside MASTER: master stopped",
			"10s a inside BACKUP: fault cleared", "10s a outside BACKUP: fault cleared",
			"13.4140625s a outside MASTER: master has a lower priority", "13.4140625s a inside MASTER: master has a lower priority",
			"13.4140625s b outside BACKUP: heard a higher priority", "13.4140625s b inside BACKUP: sync group went to BACKUP outside")
	})

	bubble(t, "K-34 tracked interface: its weight is in the next advert, and the better one takes over", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150, func(in *Instance) { in.Track = []TrackInterface{{Name: "eth1", Weight: -60}} }))
		l.join("b", "10.20.0.2", vi(100))
		l.until(7 * time.Second)
		l.take()
		a.link("eth1", false)
		l.until(12 * time.Second)
		// b discards the advert of 7.4140625 s; its timer runs from that of 6.4140625 s.
		l.expect("state",
			fmt.Sprintf("%s b VI_1 MASTER: master has a lower priority", lastSent+downB),
			fmt.Sprintf("%s a VI_1 BACKUP: heard a higher priority", lastSent+downB))
	})

	bubble(t, "an instance stays in INIT until its interface can be heard", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", Config{})
		a.quiet = true
		a.link("eth0", true)
		a.reload(vi(255))
		l.until(time.Second)
		l.expect("send want state")
		a.hearing("eth0", "")
		// An owner's first advert would be lost without a socket.
		l.expect("send state", "1s a 51/255", "1s a VI_1 MASTER: owns the addresses")
	})

	bubble(t, "an interface that cannot be heard is a fault, until it can", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150))
		l.until(7 * time.Second)
		l.take()
		a.hearing("eth0", "too many open files")
		a.hearing("eth0", "too many open files")
		l.expect("want state", "7s a VI_1 eth0 absent 10.20.0.99",
			"7s a VI_1 FAULT: adverts cannot be heard or sent eth0: too many open files")
		l.until(8 * time.Second)
		if s := a.router.Snapshot()[0]; s.State != Fault || s.Reason != "adverts cannot be heard or sent: eth0: too many open files" {
			t.Errorf("%+v", s)
		}
		a.hearing("eth0", "")
		a.hearing("eth9", "")
		l.until(9 * time.Second)
		l.expect("state", "8s a VI_1 BACKUP: fault cleared")
	})

	bubble(t, "an interface that comes back with a reload must be heard again", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150))
		a.quiet = true
		a.reload(Config{})
		a.hearing("eth0", "") // said before the network knew
		a.reload(vi(150))
		l.take()
		l.until(time.Minute)
		l.expect("state")
		a.hearing("eth0", "")
		l.expect("state", "1m0s a VI_1 BACKUP: started")
	})

	bubble(t, "a family that a reload adds to an interface must be heard first, as that of IPv4 is already", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(150))
		a.mu.Lock()
		before := a.tell
		a.mu.Unlock()
		a.quiet = true
		a.reload(both(150))
		before(Hearing{Interface: "eth0"}) // of IPv4, as nobody asked for more
		l.until(10 * time.Second)
		if got := a.router.Snapshot(); got[0].State != Master || got[1].State != Init {
			t.Errorf("IPv4 %s, IPv6 %s", got[0].State, got[1].State)
		}
		l.take()
		a.link("eth0", false) // does not wait for the network
		a.link("eth0", true)
		l.expect("state", "10s a VI_1 FAULT: link down eth0", "10s a VI_1 BACKUP: fault cleared")
		a.mu.Lock()
		after := a.tell
		a.mu.Unlock()
		after(Hearing{Interface: "eth0", Deaf6: "no socket"})
		l.until(11 * time.Second)
		l.expect("state", "10s a VI_6 FAULT: adverts cannot be heard or sent eth0: no socket")
		after(Hearing{Interface: "eth0"})
		l.until(12 * time.Second)
		l.expect("state", "11s a VI_6 BACKUP: fault cleared")
	})

	bubble(t, "an instance stays in INIT until its link is known", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", Config{})
		a.reload(vi(150))
		l.until(time.Minute)
		l.expect("want state")
		a.link("eth0", true)
		l.until(time.Hour)
		l.expect("state", "1m0s a VI_1 BACKUP: started", "1m3.4140625s a VI_1 MASTER: no master heard")
	})
}

func TestOrders(t *testing.T) {
	post := func(n *node, ev Event) {
		n.lan.t.Helper()
		if err := n.router.Post("VI_1", ev); err != nil {
			n.lan.t.Fatal(err)
		}
		synctest.Wait()
	}
	bubble(t, "switchover: held back, the master yields, and does not come back until released", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		l.until(7 * time.Second)
		post(a, Hold{"switchover", true})
		post(a, Yield{"switchover"})
		l.until(60 * time.Second)
		if holds := a.router.Snapshot()[0].Holds; !slices.Equal(holds, []string{"switchover"}) {
			t.Errorf("holds %q", holds)
		}
		post(a, Hold{"switchover", false})
		l.until(65 * time.Second)
		// Accepted last: b's advert of 59.609375 s.
		l.expect("state",
			"7s a VI_1 BACKUP: told to yield switchover", "7.609375s b VI_1 MASTER: master stopped",
			"1m3.0234375s a VI_1 MASTER: master has a lower priority", "1m3.0234375s b VI_1 BACKUP: heard a higher priority")
	})

	bubble(t, "an unknown instance is logged and ignored", func(t *testing.T, l *lan) {
		a, _ := pair(l)
		if err := a.router.Post("VI_9", Takeover{"switchover"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		l.expect("state")
	})
}
