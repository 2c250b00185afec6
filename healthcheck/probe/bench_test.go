package probe_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/healthcheck/probe"
)

// BenchmarkChecks runs N TCP checks of N distinct targets through the Runner
// for one round each, and says what a thousand cost: CPU of this process,
// which is probe and server in one, and memory in use while all are scheduled.
func BenchmarkChecks(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("tcp=%d", n), func(b *testing.B) {
			server, err := net.Listen("tcp", "0.0.0.0:0")
			if err != nil {
				b.Fatal(err)
			}
			defer server.Close()
			var accepted atomic.Int64
			go func() {
				for {
					c, err := server.Accept()
					if err != nil {
						return
					}
					accepted.Add(1)
					c.Close()
				}
			}()
			port := server.Addr().(*net.TCPAddr).AddrPort().Port()
			checks := make([]healthcheck.Check, n)
			for i := range checks {
				target := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), port)
				checks[i] = healthcheck.Check{Key: healthcheck.Key(target.String()), Spec: healthcheck.Spec{
					Kind: healthcheck.TCP, Target: target, Timeout: time.Second, Interval: 2 * time.Second, Retries: 1, RetryDelay: time.Second,
				}}
			}
			for b.Loop() {
				round(b, checks)
			}
		})
	}
}

func round(b *testing.B, checks []healthcheck.Check) {
	b.StopTimer()
	before := heap()
	r := healthcheck.NewRunner(probe.New, slog.New(slog.DiscardHandler), healthcheck.Options{})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	r.Set(checks)
	b.StartTimer()
	cpu := used()
	begin := time.Now()
	go func() { done <- r.Run(ctx) }()
	got, bad := 0, 0
	var late time.Duration
	for got < 2*len(checks) {
		<-r.Ready()
		for _, res := range r.Take() {
			got++
			late = max(late, res.Late)
			if !res.OK() {
				bad++
				if bad == 1 {
					b.Log(res.Reason, res.Detail)
				}
			}
		}
	}
	took, cost := time.Since(begin), used()-cpu
	b.StopTimer()
	b.ReportMetric(float64(cost.Milliseconds())/float64(got)*1000, "cpu-ms/1000-checks")
	b.ReportMetric(float64(got)/took.Seconds(), "checks/s")
	b.ReportMetric(float64(late.Milliseconds()), "ms-latest-start")
	b.ReportMetric(float64(heap()-before)/float64(len(checks)), "heap-B/check")
	b.ReportMetric(float64(bad), "failed")
	cancel()
	<-done
	b.StartTimer()
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
