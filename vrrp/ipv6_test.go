package vrrp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-ha/tandem/vrrp/advert"
)

// both is an IPv4 and an IPv6 instance of one VRID on one interface.
func both(priority uint8) Config {
	cfg := vi(priority)
	other := sixth("VI_6")
	other.Priority = priority
	cfg.Instances = append(cfg.Instances, other)
	return cfg
}

func TestIPv6(t *testing.T) {
	bubble(t, "S-23 S-19 P-06 IPv4 and IPv6 of one VRID share nothing, and speak from the address of their family", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", both(150))
		b := l.join("b", "10.20.0.2", both(100))
		l.until(10 * time.Second)
		for i, want := range []string{"10.20.0.1", "fe80::1"} {
			if got := b.router.Snapshot()[i]; got.State != Backup || got.Master != netip.MustParseAddr(want) {
				t.Errorf("%s: %s of %s", got.Name, got.State, got.Master)
			}
		}
		// Of a alone the IPv6 one fails.
		l.take()
		a.setLink("eth0", func(st *LinkState) { st.Primary6 = netip.Addr{} })
		l.until(12 * time.Second)
		l.expect("state", "10s a VI_6 FAULT: no source address eth0", "10.609375s b VI_6 MASTER: master stopped")
	})

	bubble(t, "an instance starts once its link-local address has been checked, and its sync group with it", func(t *testing.T, l *lan) {
		cfg := both(150)
		cfg.Groups = []Group{{Name: "G", Members: []string{"VI_1", "VI_6"}}}
		a := l.join("a", "10.20.0.1", vi(150))
		a.setLink("eth0", func(st *LinkState) { st.Primary6, st.Tentative6 = netip.Addr{}, true })
		a.reload(cfg)
		l.until(5 * time.Second)
		l.expect("send state", "0s a VI_1 BACKUP: started")
		if got := a.router.Snapshot()[1].Holds; !slices.Equal(got, []string{"its link-local address is still being checked (DAD)"}) {
			t.Errorf("holds %q", got)
		}
		a.setLink("eth0", func(*LinkState) {})
		l.expect("state", "5s a VI_6 BACKUP: started")
		if got := a.router.Snapshot()[1].Holds; len(got) != 0 {
			t.Errorf("holds %q", got)
		}
	})

	bubble(t, "an instance that runs loses its source: that is a fault, whatever is checked then", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", Config{Instances: both(150).Instances[1:]})
		l.take()
		a.setLink("eth0", func(st *LinkState) { st.Primary6, st.Tentative6 = netip.Addr{}, true })
		l.expect("state", "0s a VI_6 FAULT: no source address eth0")
	})

	bubble(t, "S-19 of equal priorities the higher link-local source stays", func(t *testing.T, l *lan) {
		six := func(p uint8) Config { return Config{Instances: both(p).Instances[1:]} }
		l.delay = ms
		l.join("a", "10.20.0.9", six(100))
		l.join("b", "10.20.0.10", six(100))
		l.until(10 * time.Second)
		l.expect("state",
			"0s a VI_6 BACKUP: started", "0s b VI_6 BACKUP: started",
			"3.609375s a VI_6 MASTER: no master heard", "3.609375s b VI_6 MASTER: no master heard",
			"3.610375s a VI_6 BACKUP: heard the same priority from a higher address")
	})

	bubble(t, "O-18 O-19 O-21 an IPv6 advert without a link-local address is odd and followed, as FRR sends such", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", both(150))
		l.until(5 * time.Second)
		in := both(200).Instances[1]
		in.Addresses = in.Addresses[1:]
		src := netip.MustParseAddr("2001:db8::77")
		payload, err := in.advert(200).Marshal(src, advert.Group6)
		if err != nil {
			t.Fatal(err)
		}
		a.hear(Frame{Interface: "eth0", Src: src, Dst: advert.Group6, TTL: 255, Payload: payload, At: time.Now()})
		synctest.Wait()
		got := a.router.Snapshot()
		if got[0].State != Master || got[1].State != Backup || got[1].Counters.Odd["address-list"] != 1 {
			t.Errorf("IPv4 %s, IPv6 %s, odd %v", got[0].State, got[1].State, got[1].Counters.Odd)
		}
	})

	bubble(t, "the network is asked for each family and group, once", func(t *testing.T, l *lan) {
		cfg := both(100)
		group := cfg.Instances[1]
		group.Name, group.VRID, group.Wire.Group = "VI_7", 52, netip.MustParseAddr("ff02::112")
		header := cfg.Instances[0]
		header.Name, header.VRID, header.Version, header.AuthHeader = "VI_8", 53, V2, true
		copy(header.Auth[:], "secret")
		again := cfg.Instances[1]
		again.Name, again.VRID = "VI_9", 54
		cfg.Instances = append(cfg.Instances, group, header, again)
		a := l.join("a", "10.20.0.1", cfg)
		want := []Listen{
			{Interface: "eth0"}, {Interface: "eth0", IPv6: true},
			{Interface: "eth0", IPv6: true, Group: group.Wire.Group}, {Interface: "eth0", AuthHeader: true},
		}
		if !slices.Equal(a.listened, want) {
			t.Errorf("got %+v\nwant %+v", a.listened, want)
		}
	})

	bubble(t, "who cannot hear over IPv6 is deaf in that family only", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", both(100))
		l.take()
		a.mu.Lock()
		tell := a.tell
		a.mu.Unlock()
		tell(Hearing{Interface: "eth0", Deaf6: "no socket"})
		synctest.Wait()
		l.expect("state", "0s a VI_6 FAULT: adverts cannot be heard or sent eth0: no socket")
	})

	bubble(t, "K-49 track_src_ip looks at the addresses of the interface", func(t *testing.T, l *lan) {
		cfg := both(100)
		for i, src := range []string{"10.20.0.1", "fe80::1"} {
			cfg.Instances[i].Source, cfg.Instances[i].Manners.TrackSource = netip.MustParseAddr(src), true
		}
		a := l.join("a", "10.20.0.1", cfg)
		l.take()
		a.setLink("eth0", func(st *LinkState) { st.Addresses = "10.20.0.1/24 2001:db8::1/64" })
		l.expect("state", "0s a VI_6 FAULT: no source address eth0: it has no address fe80::1 any more")
	})
}

func TestStartupDelay(t *testing.T) {
	for _, tt := range []struct {
		name                string
		delay, boot, uptime time.Duration
		up                  time.Duration
	}{
		{"K-36 a startup delay", 10 * time.Second, 0, 0, 10 * time.Second},
		{"K-36 a delay after the boot counts from the boot", 0, 60 * time.Second, 45 * time.Second, 15 * time.Second},
		{"K-36 the longer of the two", 10 * time.Second, 60 * time.Second, 55 * time.Second, 10 * time.Second},
		{"K-36 a boot long ago", 0, 60 * time.Second, time.Hour, 0},
	} {
		bubble(t, tt.name, func(t *testing.T, l *lan) {
			l.uptime = tt.uptime
			cfg := vi(100)
			cfg.StartupDelay, cfg.DelayAfterBoot = tt.delay, tt.boot
			a := l.join("a", "10.20.0.1", cfg)
			l.until(5 * time.Second)
			if holds := a.router.Snapshot()[0].Holds; tt.up > 0 && (len(holds) != 1 || holds[0] != fmt.Sprintf("start delayed for %s", tt.up-5*time.Second)) {
				t.Errorf("holds %q", holds)
			}
			l.until(time.Minute)
			l.expect("state", "0s a VI_1 BACKUP: started", fmt.Sprintf("%s a VI_1 MASTER: no master heard", tt.up+down))
		})
	}
}

func TestForwardingWait(t *testing.T) {
	bubble(t, "a link that has just come up and is silent is waited for, and the status says so", func(t *testing.T, l *lan) {
		a := l.join("a", "10.20.0.1", vi(100))
		a.setLink("eth0", func(st *LinkState) { st.Silent = true })
		l.until(20 * time.Second)
		want := []string{"nobody else heard on eth0 since it came up: it may not forward yet"}
		if holds := a.router.Snapshot()[0].Holds; !slices.Equal(holds, want) {
			t.Errorf("holds %q", holds)
		}
		a.setLink("eth0", func(*LinkState) {})
		l.until(30 * time.Second)
		l.expect("state", "0s a VI_1 BACKUP: started", fmt.Sprintf("%s a VI_1 MASTER: no master heard", 20*time.Second+down))
	})
}
