package probe

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/healthcheck"
)

// BenchmarkChecks runs checks of distinct targets through the Runner, two
// rounds each, and says what a thousand cost: CPU of this process, which is
// probe and server in one, and memory while all are scheduled. Dead targets
// drop every SYN; how late the others start is the price they pay for that.
func BenchmarkChecks(b *testing.B) {
	for _, row := range []struct {
		name    string
		n, dead int
		kind    healthcheck.Kind
	}{
		{"tcp=1000", 1000, 0, healthcheck.TCP},
		{"tcp=10000", 10000, 0, healthcheck.TCP},
		{"tcp=10000/dead=9000", 10000, 9000, healthcheck.TCP},
		{"http=1000", 1000, 0, healthcheck.HTTP},
	} {
		b.Run(row.name, func(b *testing.B) {
			live, dead := answering(b), blackhole(b, [4]byte{})
			checks := make([]healthcheck.Check, row.n)
			for i := range checks {
				port := live
				if i%10 < row.dead*10/row.n {
					port = dead.Port()
				}
				target := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}), port)
				checks[i] = healthcheck.Check{Key: healthcheck.Key(target.String()), Spec: healthcheck.Spec{
					Kind: row.kind, Target: target, HTTP: []healthcheck.URL{{Path: "/"}},
					Timeout: time.Second, Interval: 2 * time.Second, Retries: 1, RetryDelay: time.Second,
				}}
			}
			for b.Loop() {
				round(b, checks)
			}
		})
	}
}

// answering is the port of a server on every loopback address that answers
// what it reads with a small page.
func answering(b *testing.B) uint16 {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go says("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")(conn)
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort().Port()
}

// round starts a Runner, waits until all checks have come by twice, and
// reports.
func round(b *testing.B, checks []healthcheck.Check) {
	before := heap()
	r := healthcheck.NewRunner(New, slog.New(slog.DiscardHandler), healthcheck.Options{})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	cpu, begin := used(), time.Now()
	r.Set(checks)
	go func() { done <- r.Run(ctx) }()
	var late []time.Duration // of those that live
	got := 0
	for got < 2*len(checks) {
		<-r.Ready()
		for _, res := range r.Take() {
			got++
			if res.OK() {
				late = append(late, res.Late)
			}
		}
	}
	took, cost := time.Since(begin), used()-cpu
	slices.Sort(late)
	b.ReportMetric(float64(cost.Milliseconds())/float64(got)*1000, "cpu-ms/1000-checks")
	b.ReportMetric(float64(got)/took.Seconds(), "checks/s")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds())/1000, "ms-late-p99")
	b.ReportMetric(float64(heap()-before)/float64(len(checks)), "B/check")
	b.ReportMetric(float64(len(late)), "passed")
	cancel()
	<-done
}

// heap is the memory in use, stacks included.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// used is the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
