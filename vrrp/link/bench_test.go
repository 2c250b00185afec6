package link

import (
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/vrrp"
)

// many makes addresses in 10.9.0.0/16.
func many(count int, bits int) []vrrp.Address {
	addrs := make([]vrrp.Address, count)
	for i := range addrs {
		addrs[i].Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 9, byte(1 + i/250), byte(1 + i%250)}), bits)
	}
	return addrs
}

// One instance takes over and gives up again.
func BenchmarkHost(b *testing.B) {
	for _, count := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("addresses=%d", count), func(b *testing.B) {
			p := newPair(b, "10.9.0.1/16", "")
			addrs := many(count, 16)
			h := NewHost(quiet())
			start(b, h.Run)
			var up time.Duration
			for b.Loop() {
				began := time.Now()
				wishFor(h, "VI_1", p.near, addrs, true)
				h.Announce("VI_1", 5)
				must(b, h.Flush(b.Context()))
				up += time.Since(began)
				wishFor(h, "VI_1", p.near, addrs, false)
				must(b, h.Flush(b.Context()))
			}
			b.ReportMetric(float64(up.Microseconds())/float64(b.N), "µs-up/op")
		})
	}
}

// A thousand instances of one address each take over at once, in the rounds of
// a router: all together, or ten at a time.
func BenchmarkThousandInstances(b *testing.B) {
	const count = 1000
	for _, round := range []int{count, 10} {
		b.Run(fmt.Sprintf("round=%d", round), func(b *testing.B) {
			p := newPair(b, "10.9.0.1/16", "")
			addrs := many(count, 32)
			h := NewHost(quiet())
			start(b, h.Run)
			say := func(present bool) {
				for first := 0; first < count; first += round {
					h.Together(func() {
						for i := first; i < first+round; i++ {
							name := fmt.Sprintf("VI_%d", i)
							h.Want(name, vrrp.Wish{Interface: p.near, Addresses: addrs[i : i+1], Lifetime: 5 * time.Second, Present: present})
							if present {
								h.Announce(name, 5)
							}
						}
					})
				}
				must(b, h.Flush(b.Context()))
			}
			say(false)
			var up time.Duration
			for b.Loop() {
				began := time.Now()
				say(true)
				up += time.Since(began)
				say(false)
			}
			b.ReportMetric(float64(up.Microseconds())/float64(b.N), "µs-up/op")
		})
	}
}

// What a thousand addresses cost that are renewed every second, in the share of
// one processor, with the listeners that a director has.
func BenchmarkRenewal(b *testing.B) {
	const count = 1000
	p := newPair(b, "10.9.0.1/16", "")
	h := NewHost(quiet())
	start(b, h.Run)
	w := NewWatcher(quiet(), func(vrrp.LinkState) {})
	w.Watch(Interests{Links: []Interest{{Name: p.near}}})
	start(b, w.Run)
	for i, a := range many(count, 32) {
		h.Want(fmt.Sprintf("VI_%d", i), vrrp.Wish{Interface: p.near, Addresses: []vrrp.Address{a}, Lifetime: 3 * time.Second, Present: true})
	}
	must(b, h.Flush(b.Context()))
	used := func() time.Duration {
		var u syscall.Rusage
		must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before, began := used(), time.Now()
	for b.Loop() {
		<-time.After(4 * time.Second)
	}
	b.ReportMetric(100*float64(used()-before)/float64(time.Since(began)), "%cpu")
}

// How long one instance waits for its address to go while another gets two
// thousand.
func BenchmarkRemovalBesideTakeover(b *testing.B) {
	p, q := newPair(b, "10.9.0.1/16", ""), newPair(b, "10.8.0.1/24", "")
	h := NewHost(quiet())
	start(b, h.Run)
	addrs, near := many(2000, 32), mustLink(b, q.near)
	changes, done := make(chan netlink.AddrUpdate, 8192), make(chan struct{})
	defer close(done)
	must(b, netlink.AddrSubscribeWithOptions(changes, done, netlink.AddrSubscribeOptions{
		ReceiveBufferSize: 32 << 20, ReceiveBufferForceSize: true,
	}))
	var waited, worst time.Duration
	for b.Loop() {
		wishFor(h, "one", q.near, vips("10.8.0.99/24"), true)
		must(b, h.Flush(b.Context()))
		wishFor(h, "many", p.near, addrs, true)
		h.Announce("many", 5)
		eventually(b, "the first of many", func() bool { return len(h.poke) == 0 })
		began := time.Now()
		wishFor(h, "one", q.near, vips("10.8.0.99/24"), false)
		within(b, changes, "the end of one", func(u netlink.AddrUpdate) bool { return !u.NewAddr && u.LinkIndex == near.Attrs().Index })
		took := time.Since(began)
		waited, worst = waited+took, max(worst, took)
		wishFor(h, "many", p.near, addrs, false)
		must(b, h.Flush(b.Context()))
	}
	b.ReportMetric(float64(waited.Microseconds())/float64(b.N), "µs-wait/op")
	b.ReportMetric(float64(worst.Microseconds()), "µs-worst")
}
