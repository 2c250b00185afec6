package lab

import (
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// keepalived stands for every director: it runs in the foreground and says
// everything on standard error.
const keepalived = "keepalived --dont-fork --log-console --log-detail -f {conf}"

// fast is the configuration of these pairs.
var fast = ConfigOptions{AdvertInt: 200 * time.Millisecond, DelayLoop: 500 * time.Millisecond}

// withoutSync is fast without kernel connection synchronisation. A role that
// flips faster than the kernel starts the synchronisation's thread leaves
// keepalived waiting for an acknowledgement that never comes.
var withoutSync = ConfigOptions{AdvertInt: fast.AdvertInt, DelayLoop: fast.DelayLoop, NoSync: true}

// newPair builds a lab with running real servers and a pair of keepalived.
func newPair(t *testing.T, o Options, c ConfigOptions) *Lab {
	t.Helper()
	Require(t)
	if _, err := exec.LookPath("keepalived"); err != nil {
		t.Skip("no keepalived: apt-get install keepalived")
	}
	l := newLab(t, o)
	serve(t, l)
	startDirector(t, l, A, c)
	startDirector(t, l, B, c)
	return l
}

func startDirector(t *testing.T, l *Lab, d Director, c ConfigOptions) {
	t.Helper()
	text, err := l.Plan().Config(d, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.WriteConfig(d, text); err != nil {
		t.Fatal(err)
	}
	if _, err := l.StartDirector(t.Context(), d, keepalived, newRecord(t, "director "+d.String())); err != nil {
		t.Fatal(err)
	}
}

// newRecord keeps what a process says and shows it where the test fails.
func newRecord(t *testing.T, who string) io.Writer {
	r := &record{}
	t.Cleanup(func() {
		if t.Failed() {
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Logf("%s said:\n%s", who, r.text.String())
		}
	})
	return r
}

type record struct {
	mu   sync.Mutex // guards text.
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// waitOwners waits until exactly these directors have an address.
func waitOwners(t *testing.T, l *Lab, a netip.Addr, want ...Director) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s is owned by %v", a, want), func() (bool, error) {
		var got []Director
		for _, d := range []Director{A, B} {
			has, err := l.Director(d).HasAddress(a)
			if err != nil {
				return false, err
			}
			if has {
				got = append(got, d)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return false, fmt.Errorf("owned by %v", got)
		}
		return true, nil
	})
}

func TestPairCarriesTraffic(t *testing.T) {
	for mode, forward := range map[Mode]string{DR: "Route", NAT: "Masq", TUN: "Tunnel"} {
		t.Run(mode.String(), func(t *testing.T) {
			l := newPair(t, Options{Mode: mode}, fast)
			vip := l.Plan().VIPs[0]
			waitOwners(t, l, vip, A)
			if mode == NAT {
				waitOwners(t, l, l.Plan().Gateway, A)
			}
			waitPage(t, l, vip)
			services, err := l.Director(A).IPVS()
			if err != nil || len(services) != 2 {
				t.Fatalf("services %+v, %v; want two", services, err)
			}
			for _, s := range services {
				if s.Addr.Addr() != vip || len(s.Destinations) != 3 || s.Destinations[0].Forward != forward {
					t.Errorf("service %+v, want one of %s with three real servers by %s", s, vip, forward)
				}
			}
			connections, err := l.Director(A).Connections()
			if err != nil || len(connections) == 0 || connections[0].Client.Addr() != l.Plan().Client.Addr {
				t.Errorf("connections %+v, %v; want the client's", connections, err)
			}
		})
	}
}

func TestPairThroughFaults(t *testing.T) {
	l := newPair(t, Options{}, withoutSync)
	vip := l.Plan().VIPs[0]
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	waitOwners(t, l, vip, A)
	do(l.Partition(true))
	waitOwners(t, l, vip, A, B)
	do(l.Partition(false))
	waitOwners(t, l, vip, A)

	do(l.PowerLoss(A))
	waitOwners(t, l, vip, B)
	waitPage(t, l, vip)
	do(l.Revive(t.Context(), A))
	services, err := l.Director(A).IPVS()
	if err != nil || len(services) != 0 {
		t.Errorf("services after a power loss: %+v, %v; want none", services, err)
	}
	startDirector(t, l, A, withoutSync)
	waitOwners(t, l, vip, A)

	do(l.Process(A).Pause())
	waitOwners(t, l, vip, A, B)
	do(l.Process(A).Resume())
	waitOwners(t, l, vip, A)

	do(l.LinkDown(A, Inside)) // Tracked.
	waitOwners(t, l, vip, B)
	do(l.LinkUp(A, Inside))
	waitOwners(t, l, vip, A)

	do(l.ServerDown(2))
	eventually(t, "s3 left the table", func() (bool, error) {
		services, err := l.Director(A).IPVS()
		for _, s := range services {
			if len(s.Destinations) != 2 {
				return false, err
			}
		}
		return len(services) == 2, err
	})
	waitPage(t, l, vip)
}

func TestPairWithTwoOwners(t *testing.T) {
	c := withoutSync
	c.ActiveActive, c.Unicast = true, true
	l := newPair(t, Options{VIPs: DefaultVIPs(2)}, c)
	waitOwners(t, l, l.Plan().VIPs[0], A)
	waitOwners(t, l, l.Plan().VIPs[1], B)
	if err := l.Process(B).Kill(); err != nil {
		t.Fatal(err)
	}
	if err := l.PowerLoss(B); err != nil {
		t.Fatal(err)
	}
	waitOwners(t, l, l.Plan().VIPs[1], A)
	waitPage(t, l, l.Plan().VIPs[1])
}
