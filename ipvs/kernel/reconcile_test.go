package kernel

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// reconcile runs a Reconciler until the test, or end, ends it.
func reconcile(t *testing.T, k *Kernel, path string, want ipvs.Table) (r *ipvs.Reconciler, end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	r = ipvs.NewReconciler(k, ipvs.NewRecord(path, k.Epoch()), log, ipvs.Options{})
	r.Want(want)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	end = func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		done <- nil // end may be called twice
	}
	t.Cleanup(end)
	return r, end
}

// becomes waits until the kernel has the table and says how long that took.
func becomes(t *testing.T, k *Kernel, want ipvs.Table) time.Duration {
	t.Helper()
	begun := time.Now()
	for {
		have, err := k.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ops := ipvs.Diff(have, want)
		if len(ops) == 0 {
			return time.Since(begun)
		}
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("after 20 s still to do: %v", ops)
		}
	}
}

func table(weights ...int32) ipvs.Table {
	servers := map[ipvs.Server]ipvs.Destination{}
	for i, w := range weights {
		servers[[]ipvs.Server{ipvstest.Real, ipvstest.Real2}[i]] = ipvs.Destination{Weight: w}
	}
	return ipvs.Table{ipvstest.Web: {Service: ipvs.Service{Scheduler: "wrr"}, Destinations: servers}}
}

func TestAClearedTableIsBackWithinASecond(t *testing.T) {
	k := open(t)
	want := table(1, 3)
	reconcile(t, k, "", want)
	becomes(t, k, want)
	for range 3 {
		ipvsadm(t, "-C")
		if took := becomes(t, k, want); took > time.Second {
			t.Errorf("back after %s", took)
		} else {
			t.Logf("back after %s", took.Round(time.Millisecond))
		}
	}
}

func TestAFlagChangedBehindOurBackIsRepaired(t *testing.T) {
	k := open(t)
	want := table(1, 3)
	reconcile(t, k, "", want)
	becomes(t, k, want)
	ipvsadm(t, "-E", "-t", "192.0.2.80:80", "-s", "sh", "-b", "sh-port", "-p", "60")
	if took := becomes(t, k, want); took > time.Second {
		t.Errorf("back after %s", took)
	}
}

func TestAWeightSetToZeroByHandIsKept(t *testing.T) {
	k := open(t)
	drains := make(chan ipvs.Drain, 8)
	ctx, cancel := context.WithCancel(t.Context())
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	r := ipvs.NewReconciler(k, ipvs.NewRecord("", ""), log, ipvs.Options{
		Full: 200 * time.Millisecond, OnDrain: func(d ipvs.Drain) { drains <- d }})
	r.Want(table(1, 3))
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	becomes(t, k, table(1, 3))

	ipvsadm(t, "-e", "-t", "192.0.2.80:80", "-r", "198.51.100.12:8080", "-m", "-w", "0")
	if d := <-drains; d.Server != ipvstest.Real2 || d.Reason != ipvs.DrainSeen {
		t.Errorf("drain %+v", d)
	}
	becomes(t, k, table(1, 0))
	r.Want(table(2, 5))
	becomes(t, k, table(2, 0))

	ipvsadm(t, "-e", "-t", "192.0.2.80:80", "-r", "198.51.100.12:8080", "-m", "-w", "9")
	if d := <-drains; d.Server != ipvstest.Real2 || d.Reason != ipvs.DrainWeight {
		t.Errorf("drain %+v", d)
	}
	becomes(t, k, table(2, 5))
}

// A director that was killed leaves its services behind; the next one, with
// another configuration, takes over what it wants and removes the rest, and
// does not touch what is somebody else's.
func TestAStartAfterAKill(t *testing.T) {
	k := open(t)
	path := filepath.Join(t.TempDir(), "services.json")
	first := ipvstest.FullTable(3, 2)
	_, kill := reconcile(t, k, path, first)
	becomes(t, k, first)
	kill() // Nothing is cleared.

	ipvsadm(t, "-A", "-t", "203.0.113.1:80", "-s", "rr") // foreign
	second := ipvstest.FullTable(1, 1)
	r, end := reconcile(t, k, path, second)
	with, err := k.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	foreign := ipvs.Table{}
	for key, entry := range with {
		if key.Addr.Addr().String() == "203.0.113.1" {
			foreign[key] = entry
			second[key] = entry
		}
	}
	if len(foreign) != 1 {
		t.Fatalf("the foreign service is not there: %v", with)
	}
	becomes(t, k, second)
	end()
	if err := r.Clear(t.Context()); err != nil {
		t.Error(err)
	}
	becomes(t, k, foreign)
}

// Another scheduler, other flags, another weight and another server: what is
// connected stays connected, and stays counted.
func TestConnectionsSurviveAChange(t *testing.T) {
	k := open(t)
	echo, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			c, err := echo.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	key := ipvs.Key{Addr: netip.MustParseAddrPort("127.0.0.80:80"), Protocol: ipvs.TCP}
	server := netip.MustParseAddrPort(echo.Addr().String())
	want := ipvs.Table{key: {Service: ipvs.Service{Scheduler: "rr"}, Destinations: map[ipvs.Server]ipvs.Destination{server: {Weight: 1}}}}
	r, _ := reconcile(t, k, "", want)
	becomes(t, k, want)

	c, err := net.Dial("tcp4", key.Addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	says := func(word string) {
		t.Helper()
		got := make([]byte, len(word))
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, got); err != nil || string(got) != word {
			t.Fatalf("echo %q, %v", got, err)
		}
	}
	says("before")

	want = ipvs.Table{key: {
		Service: ipvs.Service{Scheduler: "mh", Flags: ipvs.Persistent | ipvs.Sched2, Timeout: time.Minute},
		Destinations: map[ipvs.Server]ipvs.Destination{
			server:         {Weight: 7, Upper: 100, Lower: 1},
			ipvstest.Real2: {Weight: 0},
		},
	}}
	r.Want(want)
	becomes(t, k, want)
	says("after")

	// From NAT to a tunnel it is removed and added: the connection finds it
	// again and stays what it was.
	want = want.Normal() // a copy
	want[key.Normal()].Destinations[server] = ipvs.Destination{Weight: 7, Forwarding: ipvs.Tunnel}
	r.Want(want)
	becomes(t, k, want)
	says("after it was replaced")
	_, figures, err := k.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := figures[key.Normal()].Servers[server]; got.Active != 1 {
		t.Errorf("counts %+v, want 1 active connection", got)
	}
}

// What ipvsadm --set changes is set again, and a stop gives back what was
// there before, except what somebody else has set since.
func TestTimeoutsAreKept(t *testing.T) {
	k := open(t)
	before, err := k.Timeouts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	r := ipvs.NewReconciler(k, ipvs.NewRecord("", ""), log, ipvs.Options{Full: 100 * time.Millisecond})
	r.Timeouts(ipvs.Timeouts{TCP: time.Hour, UDP: time.Minute})
	r.Want(table(1))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	become := func(want ipvs.Timeouts) {
		t.Helper()
		for begun := time.Now(); ; {
			got, err := k.Timeouts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got == want {
				return
			}
			if time.Since(begun) > 10*time.Second {
				t.Fatalf("after 10 s timeouts %+v, want %+v", got, want)
			}
		}
	}
	become(ipvs.Timeouts{TCP: time.Hour, TCPFin: before.TCPFin, UDP: time.Minute})
	ipvsadm(t, "--set", "111", "77", "33")
	become(ipvs.Timeouts{TCP: time.Hour, TCPFin: 77 * time.Second, UDP: time.Minute})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	ipvsadm(t, "--set", "0", "0", "44")
	if err := r.Clear(t.Context()); err != nil {
		t.Error(err)
	}
	become(ipvs.Timeouts{TCP: before.TCP, TCPFin: 77 * time.Second, UDP: 44 * time.Second})
}
