package link

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

// cpu is what this process has used, in user and kernel mode.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// adverts is a batch of so many on one interface.
func adverts(iface string, src, dst netip.Addr, mac [6]byte, n int) []vrrp.Outgoing {
	batch := make([]vrrp.Outgoing, n)
	for i := range batch {
		batch[i] = vrrp.Outgoing{Interface: iface, Src: src, Dst: dst, Payload: []byte{0x31, byte(i), 100, 1, 0, 10, 0, 0, 10, 1, 0, 99}, MAC: mac}
	}
	return batch
}

// BenchmarkSend is the CPU time of an advert, with what the kernel takes for it
// up to the far end of a veth.
func BenchmarkSend(b *testing.B) {
	p := newPair(b, "10.1.0.1/24", "")
	own := linkLocal(b, p.near)
	n := startNetwork(b, vrrp.Listen{Interface: p.near, Own: "vrrp.1"}, vrrp.Listen{Interface: p.near, IPv6: true})
	for _, bb := range []struct {
		name     string
		src, dst netip.Addr
		mac      [6]byte
	}{
		{"IPv4", ip("10.1.0.1"), group, [6]byte{}},
		{"IPv6", own, group6, [6]byte{}},
		{"virtual MAC", ip("10.1.0.1"), group, vmac51},
	} {
		for _, size := range []int{1, 10, 255} {
			b.Run(fmt.Sprintf("%s/%d", bb.name, size), func(b *testing.B) {
				batch := adverts(p.near, bb.src, bb.dst, bb.mac, size)
				b.ReportAllocs()
				before := cpu(b)
				for b.Loop() {
					must(b, errors.Join(n.Send(batch)...))
				}
				b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N)/float64(size), "cpu-ns/advert")
			})
		}
	}
}

// BenchmarkReceive is the CPU time of an advert from another interface of this
// host to the channel: sending it included, which BenchmarkSend knows.
func BenchmarkReceive(b *testing.B) {
	p := newPair(b, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(b, vrrp.Listen{Interface: p.near})
	var far *socket
	p.over(b, func() {
		var err error
		far, err = openSocket(ear{p.far, overIPv4}, mustLink(b, p.far).Attrs().Index)
		must(b, err)
	})
	defer far.close()
	for _, size := range []int{1, 10, 255} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			batch := adverts(p.far, ip("10.1.0.2"), group, [6]byte{}, size)
			var out outbox
			for i := range batch {
				out.which = append(out.which, i)
			}
			errs := make([]error, size)
			b.ReportAllocs()
			before := cpu(b)
			for b.Loop() {
				out.send(far, batch, errs)
				for range size {
					<-n.Frames()
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N)/float64(size), "cpu-ns/advert")
		})
	}
}

// nobody is a host that keeps no addresses.
type nobody struct{}

func (nobody) Want(string, vrrp.Wish) {}
func (nobody) Announce(string, int)   {}
func (nobody) Forget(string)          {}
func (nobody) Together(do func())     { do() }

// BenchmarkThousandRouters is the CPU time a minute of 1,000 virtual routers
// that advertise every 100 ms, 250 on each of four interfaces: of a director
// that is master of all, and of one that is backup and hears the first.
func BenchmarkThousandRouters(b *testing.B) {
	const window = 2 * time.Second
	var pairs [4]*pair
	for i := range pairs {
		pairs[i] = newPair(b, fmt.Sprintf("10.%d.0.1/24", i+1), fmt.Sprintf("10.%d.0.2/24", i+1))
	}
	config := func(priority uint8) (cfg vrrp.Config) {
		for i := range 1000 {
			cfg.Instances = append(cfg.Instances, vrrp.Instance{
				Name: fmt.Sprint("VI_", i), VRID: uint8(i%250 + 1), Version: vrrp.V3, Priority: priority, Interval: 100 * time.Millisecond, Interface: pairs[i/250].near,
				Addresses: vips(fmt.Sprintf("10.200.%d.%d/32", i/250, i%250+1)), Announce: vrrp.DefaultAnnounce,
			})
		}
		return cfg
	}
	// run runs the director of the near end and returns it when all of its
	// instances are in a state.
	run := func(b *testing.B, priority uint8, state vrrp.State) (r *vrrp.Router, stop func()) {
		n := NewNetwork(quiet())
		stopNetwork := start(b, n.Run)
		r = vrrp.NewRouter(config(priority), n, nobody{}, quiet())
		stopRouter := start(b, r.Run)
		for _, p := range pairs {
			r.SetLink(vrrp.LinkState{Name: p.near, Exists: true, Up: true, Primary: addressOf(b, p.near)})
		}
		eventually(b, "all to be "+state.String(), func() bool {
			return !slices.ContainsFunc(r.Snapshot(), func(s vrrp.Status) bool { return s.State != state })
		})
		return r, func() { stopRouter(); stopNetwork() }
	}
	measure := func(b *testing.B, burnt func() time.Duration, adverts func() uint64) {
		before, had := burnt(), adverts()
		<-time.After(window)
		used, n := burnt()-before, adverts()-had
		b.ReportMetric(used.Seconds()*float64(time.Minute/window), "cpu-s/min")
		b.ReportMetric(float64(n)/window.Seconds(), "adverts/s")
		b.ReportMetric(float64(used.Nanoseconds())/float64(max(1, n)), "cpu-ns/advert")
	}
	ours := func(b *testing.B, r *vrrp.Router, count func(vrrp.Counters) uint64) {
		measure(b, func() time.Duration { return cpu(b) }, func() (n uint64) {
			for _, s := range r.Snapshot() {
				n += count(s.Counters)
			}
			return n
		})
	}
	b.Run("master", func(b *testing.B) {
		for b.Loop() {
			r, stop := run(b, 255, vrrp.Master)
			ours(b, r, func(c vrrp.Counters) uint64 { return c.Sent })
			stop()
		}
	})
	b.Run("keepalived as master", func(b *testing.B) {
		for b.Loop() {
			burnt, sent, stop := keepalivedMaster(b, config(255))
			measure(b, burnt, sent)
			stop()
		}
	})
	// What the master at the far end takes is part of the figure: it is no more
	// than its system calls.
	b.Run("backup and sending", func(b *testing.B) {
		stopMaster := master(b, pairs[:])
		defer stopMaster()
		for b.Loop() {
			r, stop := run(b, 100, vrrp.Backup)
			ours(b, r, func(c vrrp.Counters) uint64 { return c.Received })
			stop()
		}
	})
}

// master advertises for the far ends every 100 ms.
func master(b *testing.B, pairs []*pair) (stop func()) {
	type end struct {
		socket *socket
		batch  []vrrp.Outgoing
		out    *outbox
	}
	var ends []end
	for i, p := range pairs {
		e := end{out: new(outbox)}
		p.over(b, func() {
			var err error
			e.socket, err = openSocket(ear{p.far, overIPv4}, mustLink(b, p.far).Attrs().Index)
			must(b, err)
			src := addressOf(b, p.far)
			e.batch = adverts(p.far, src, group, [6]byte{}, 250)
			for j := range e.batch {
				e.out.which = append(e.out.which, j)
				a := advert.Advert{Version: 3, VRID: uint8(j + 1), Priority: 200, Interval: 100 * time.Millisecond,
					Addresses: []netip.Addr{vips(fmt.Sprintf("10.200.%d.%d/32", i, j+1))[0].Prefix.Addr()}}
				e.batch[j].Payload, err = a.Marshal(src, group)
				must(b, err)
			}
		})
		ends = append(ends, e)
	}
	return start(b, func(ctx context.Context) error {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		errs := make([]error, 250)
		for {
			for _, e := range ends {
				e.out.send(e.socket, e.batch, errs)
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				for _, e := range ends {
					e.socket.close()
				}
				return nil
			}
		}
	})
}

func addressOf(b *testing.B, dev string) netip.Addr {
	return netip.MustParsePrefix(on(b, dev)[0]).Addr()
}
