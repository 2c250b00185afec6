package link

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

func TestNextRenewal(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	type leased struct{ since, life int } // ms
	tests := []struct {
		name   string
		last   int
		leases []leased
		want   int // 0: never
	}{
		{"nothing is lent", 500, nil, 0},
		{"for ever", 500, []leased{{1000, 0}}, 0},
		{"a third is gone", 0, []leased{{1000, 6000}}, 3000},
		{"the one that is due first", 0, []leased{{1000, 60000}, {2000, 6000}, {1000, 0}}, 4000},
		{"at most once a second", 3000, []leased{{1000, 6000}, {1800, 6000}}, 4000},
		{"but never when more than half is gone", 3900, []leased{{1000, 7000}, {2800, 3600}}, 4500},
		{"a short one", 1000, []leased{{1000, 2000}}, 2000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			leases := make(map[place]lease)
			for i, l := range tt.leases {
				leases[place{index: i}] = lease{since: at(l.since), life: time.Duration(l.life) * time.Millisecond}
			}
			got := nextRenewal(at(tt.last), leases)
			if tt.want == 0 && !got.IsZero() || tt.want != 0 && !got.Equal(at(tt.want)) {
				t.Errorf("at %s, want %d ms", got.Sub(start), tt.want)
			}
		})
	}
}

// validity is how many seconds an address stays by itself; 0: it is not there.
func validity(t testing.TB, dev, cidr string) int {
	t.Helper()
	list, err := netlink.AddrList(mustLink(t, dev), netlink.FAMILY_ALL)
	must(t, err)
	for _, a := range list {
		if a.IPNet.String() == cidr {
			return a.ValidLft
		}
	}
	return 0
}

const untilTold = 1<<32 - 1

func lend(h *Host, instance, dev string, life time.Duration, cidrs ...string) {
	h.Want(instance, vrrp.Wish{Interface: dev, Addresses: vips(cidrs...), Lifetime: life, Present: true})
}

func TestAddressesAreLent(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	addrs := []string{"10.1.0.99/24", "10.2.0.99/32", "2001:db8::99/64", "2001:db8::98/128"}
	lend(h, "VI_1", p.near, 20*time.Second, addrs...)
	h.flush(t)
	for _, a := range addrs {
		if got := validity(t, p.near, a); got < 18 || got > 20 {
			t.Errorf("%s is valid for %d s, want 20", a, got)
		}
	}
	list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_V6)
	must(t, err)
	for _, a := range list {
		if a.IPNet.String() == "2001:db8::98/128" && a.PreferedLft != 0 {
			t.Errorf("an address that stands alone is preferred for %d s", a.PreferedLft)
		}
	}
	if got := validity(t, p.near, "10.1.0.1/24"); got != untilTold {
		t.Errorf("the own address is valid for %d s", got)
	}

	t.Run("another lifetime", func(t *testing.T) {
		lend(h, "VI_1", p.near, 50*time.Second, addrs...)
		h.flush(t)
		for _, a := range addrs {
			if got := validity(t, p.near, a); got < 48 || got > 50 {
				t.Errorf("%s is valid for %d s, want 50", a, got)
			}
		}
	})
	t.Run("the longer of two wishes", func(t *testing.T) {
		lend(h, "VI_2", p.near, 90*time.Second, addrs[0])
		h.flush(t)
		if got := validity(t, p.near, addrs[0]); got < 88 {
			t.Errorf("valid for %d s, want 90", got)
		}
		h.Forget("VI_2")
		h.flush(t)
	})
	t.Run("for ever", func(t *testing.T) {
		lend(h, "VI_1", p.near, 0, addrs...)
		h.flush(t)
		for _, a := range addrs {
			if got := validity(t, p.near, a); got != untilTold {
				t.Errorf("%s is valid for %d s, want for ever", a, got)
			}
		}
	})
	t.Run("left behind", func(t *testing.T) {
		lend(h, "VI_1", p.near, 20*time.Second, addrs...)
		h.flush(t)
		must(t, h.Leave(t.Context()))
		for _, a := range addrs {
			if got := validity(t, p.near, a); got != untilTold {
				t.Errorf("%s is valid for %d s, want for ever", a, got)
			}
		}
	})
}

// The owner's address is the host's: nothing shall take it away.
func TestOwnAddressIsNotLent(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	lend(h, "VI_1", p.near, 20*time.Second, "10.1.0.1/32", "10.1.0.99/24")
	h.flush(t)
	if got := validity(t, p.near, "10.1.0.1/24"); got != untilTold {
		t.Errorf("valid for %d s", got)
	}
}

// What a run before left is taken over before it ends, for as long as this run
// lives.
func TestAdoptedAddressesAreRenewed(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	for _, life := range []time.Duration{30 * time.Second, 0} {
		before := NewHost(testLog(t))
		crash := start(t, before.Run)
		lend(before, "VI_1", p.near, 90*time.Second, "10.1.0.99/24", "2001:db8::99/64")
		before.flush(t)
		crash()
		h := NewHost(testLog(t))
		stop := start(t, h.Run)
		lend(h, "VI_1", p.near, life, "10.1.0.99/24", "2001:db8::99/64")
		h.Sweep()
		h.flush(t)
		for _, a := range []string{"10.1.0.99/24", "2001:db8::99/64"} {
			got := validity(t, p.near, a)
			if life == 0 && got != untilTold || life > 0 && (got < 28 || got > 30) {
				t.Errorf("%s is valid for %d s, want %s", a, got, life)
			}
		}
		if r := h.Repairs("VI_1"); r.Count != 0 {
			t.Errorf("they were put back: %+v", r)
		}
		stop()
	}
}

// A lease is renewed before it ends, in one round for all, and the events of
// that wake nobody.
func TestLeasesAreRenewed(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	waitKernel(t, "the end of duplicate address detection, the last event of the link", func() bool {
		list, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_V6)
		must(t, err)
		return len(list) == 1 && list[0].Flags&unix.IFA_F_TENTATIVE == 0
	})
	h := startHost(t)
	lend(h, "VI_1", p.near, 3*time.Second, "10.1.0.99/24")
	h.flush(t)
	lend(h, "VI_2", p.near, 3*time.Second, "2001:db8::99/64")
	h.flush(t)
	changes := make(chan netlink.AddrUpdate, 256)
	done := make(chan struct{})
	defer close(done)
	must(t, netlink.AddrSubscribe(changes, done))
	began := time.Now()
	seen := make(map[string]int)
	renewals := func(times int) {
		t.Helper()
		for seen["10.1.0.99/24"] < times || seen["2001:db8::99/64"] < times {
			u := within(t, changes, "a renewal", func(u netlink.AddrUpdate) bool { return u.LinkIndex == mustLink(t, p.near).Attrs().Index })
			if !u.NewAddr {
				t.Fatalf("%s is gone", u.LinkAddress.String())
			}
			seen[u.LinkAddress.String()]++
		}
	}
	renewals(2) // The first of IPv6 may be that it was added.
	watch := newEvents(testLog(t), unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR)
	start(t, func(ctx context.Context) error { watch.run(ctx); return nil })
	within(t, watch.poke, "the subscription", func(struct{}) bool { return true })
	renewals(4)
	t.Logf("%v in %s", seen, time.Since(began))
	if a, b := seen["10.1.0.99/24"], seen["2001:db8::99/64"]; a > b+1 || b > a+1 {
		t.Errorf("renewed %d and %d times: not together", a, b)
	}
	if len(watch.poke) > 0 {
		t.Error("a renewal woke up a listener")
	}
	addAddress(t, p.near, "10.1.0.3/24")
	within(t, watch.poke, "the event of another's address", func(struct{}) bool { return true })
}

// holds names the variable that makes of a test process one that holds
// addresses until it is killed: interface, lifetime and addresses.
const holds = "TANDEM_LINK_TEST_HOLD"

func hold(order string) {
	words := strings.Fields(order)
	life, err := time.ParseDuration(words[1])
	if err != nil {
		panic(err)
	}
	h := NewHost(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	go func() {
		if err := h.Run(context.Background()); err != nil {
			panic(err)
		}
	}()
	lend(h, "VI_1", words[0], life, words[2:]...)
	if err := h.Flush(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println("held")
	select {}
}

// startHolder runs a process that holds addresses.
func startHolder(t *testing.T, dev string, life time.Duration, cidrs ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), holds+"="+strings.Join(append([]string{dev, life.String()}, cidrs...), " "))
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	word := make([]byte, 4)
	if _, err := out.Read(word); err != nil || string(word) != "held" {
		t.Fatalf("the holder says %q: %v", word, err)
	}
	return cmd
}

// A director that is killed loses its addresses without anybody's help, and
// takes nobody else's along. While it lives they stay, however short their
// lifetime.
func TestKilledDirectorLosesItsAddresses(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	addAddress(t, p.near, "2001:db8::1/64")
	addrs := []string{"10.1.0.99/24", "10.2.0.98/24", "10.2.0.99/24", "2001:db8::99/64"}
	cmd := startHolder(t, p.near, 2*time.Second, addrs...)
	addAddress(t, p.near, "10.2.0.1/24") // in a subnet whose first address is a virtual one

	changes := make(chan netlink.AddrUpdate, 256)
	done := make(chan struct{})
	defer close(done)
	must(t, netlink.AddrSubscribe(changes, done))
	for range 2 * len(addrs) { // two rounds or so
		u := within(t, changes, "a renewal", func(u netlink.AddrUpdate) bool { return u.ValidLft < 100 })
		if !u.NewAddr {
			t.Fatalf("%s is gone", u.LinkAddress.String())
		}
	}
	must(t, cmd.Process.Kill())
	killed := time.Now()
	there := func() (list []string) {
		have, err := netlink.AddrList(mustLink(t, p.near), netlink.FAMILY_ALL)
		must(t, err)
		for _, a := range have {
			if !a.IP.IsLinkLocalUnicast() {
				list = append(list, a.IPNet.String())
			}
		}
		slices.Sort(list)
		return list
	}
	waitKernel(t, "the end of the addresses", func() bool {
		return !slices.ContainsFunc(addrs, func(a string) bool { return slices.Contains(there(), a) })
	})
	t.Logf("gone %s after the kill", time.Since(killed))
	if diff := cmp.Diff([]string{"10.1.0.1/24", "10.2.0.1/24", "2001:db8::1/64"}, there()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
	routes, err := netlink.RouteList(mustLink(t, p.near), netlink.FAMILY_V6)
	must(t, err)
	if !slices.ContainsFunc(routes, func(r netlink.Route) bool { return r.Dst != nil && r.Dst.String() == "2001:db8::/64" }) {
		t.Errorf("the route to the own subnet is gone: %v", routes)
	}
}

// An address that ran out while this process stood still may be another's by
// now: it waits for the word of its instance.
func TestAddressThatRanOutWaitsForItsInstance(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	stopped := startHolder(t, p.near, 2*time.Second, "10.1.0.99/24", "2001:db8::99/64")
	// It is stopped after a renewal, not between the decision to make one and
	// the request, which would set the addresses again.
	changes, done := make(chan netlink.AddrUpdate, 256), make(chan struct{})
	defer close(done)
	must(t, netlink.AddrSubscribe(changes, done))
	begun := time.Now()
	within(t, changes, "a renewal", func(netlink.AddrUpdate) bool { return time.Since(begun) > 300*time.Millisecond })
	must(t, stopped.Process.Signal(unix.SIGSTOP))
	waitKernel(t, "the end of the addresses", func() bool {
		return validity(t, p.near, "10.1.0.99/24") == 0 && validity(t, p.near, "2001:db8::99/64") == 0
	})
	must(t, stopped.Process.Signal(unix.SIGCONT))
	resumed := time.Now()
	waitKernel(t, "the addresses", func() bool {
		return validity(t, p.near, "10.1.0.99/24") > 0 && validity(t, p.near, "2001:db8::99/64") > 0
	})
	// Nobody speaks for the instance here, which may not know of the loss.
	if took := time.Since(resumed); took < 900*time.Millisecond {
		t.Errorf("back %s after the process went on, want half of the lifetime", took)
	}
}

// What is gone is not renewed, and nobody goes round in circles over it.
func TestLeaseOfWhatIsGone(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	kern, err := openKernel()
	must(t, err)
	defer kern.close()
	k := newKeeper(testLog(t), kern)
	defer k.announce.close()
	want := func() {
		k.want(newWish("VI_1", vrrp.Wish{Interface: p.near, Addresses: vips("10.1.0.99/24"), Lifetime: 60 * time.Second, Present: true}))
	}
	want()
	began := time.Now()
	must(t, k.reconcile(began))
	if at := k.deadline(); at.Sub(began) < 19*time.Second || at.Sub(began) > 21*time.Second {
		t.Errorf("renewed after %s, want a third of the lifetime", at.Sub(began))
	}
	delAddress(t, p.near, "10.1.0.99/24")

	late := began.Add(61 * time.Second)
	if !k.expire(late) {
		t.Error("what may be gone is renewed without a look")
	}
	must(t, k.reconcile(late))
	wantOn(t, p.near, "10.1.0.1/24")
	if at := k.deadline(); at.Sub(late) != parole {
		t.Errorf("the next look is %s later, want %s", at.Sub(late), parole)
	}
	if k.expire(late.Add(time.Second)) {
		t.Error("another pass is needed before that")
	}
	want() // The instance speaks.
	must(t, k.reconcile(late.Add(2*time.Second)))
	wantOn(t, p.near, "10.1.0.1/24", "10.1.0.99/24")
	if k.lost > 0 || k.repairs["VI_1"].Count > 0 {
		t.Error("that counts as somebody's doing")
	}
}

// The setting that spares others' addresses is given back.
func TestPromoteSecondaries(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	setting := func() string {
		b, err := os.ReadFile(promotionFile(p.near))
		must(t, err)
		return strings.TrimSpace(string(b))
	}
	must(t, os.WriteFile(promotionFile(p.near), []byte("0"), 0o644))
	h := NewHost(testLog(t))
	stop := start(t, h.Run)
	lend(h, "VI_1", p.near, 0, "10.1.0.99/24")
	h.flush(t)
	lend(h, "VI_1", p.near, 30*time.Second, "10.1.0.99/32")
	h.flush(t)
	if setting() != "0" {
		t.Error("set without need")
	}
	lend(h, "VI_1", p.near, 30*time.Second, "10.1.0.99/24")
	h.flush(t)
	if setting() != "1" {
		t.Error("not set")
	}
	h.Forget("VI_1")
	h.flush(t)
	stop()
	if setting() != "0" {
		t.Error("not given back")
	}
}
