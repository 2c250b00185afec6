package ipvs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// minutes are the timeouts tcp, tcpfin and udp; 15, 2, 5 are a fresh kernel's.
func minutes(tcp, tcpfin, udp time.Duration) ipvs.Timeouts {
	return ipvs.Timeouts{TCP: tcp * time.Minute, TCPFin: tcpfin * time.Minute, UDP: udp * time.Minute}
}

// timeouts checks what the kernel has.
func (r *rig) timeouts(want ipvs.Timeouts) {
	r.t.Helper()
	got, err := r.kernel.Timeouts(r.t.Context())
	if err != nil || got != want {
		r.t.Errorf("timeouts %+v, %v; want %+v", got, err, want)
	}
}

// set changes timeouts as ipvsadm --set does.
func (r *rig) set(t ipvs.Timeouts) {
	r.t.Helper()
	if err := r.kernel.SetTimeouts(r.t.Context(), t); err != nil {
		r.t.Fatal(err)
	}
}

func TestTimeoutsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Want(web(1))
		r.after(0)
		r.set(minutes(16, 0, 0)) // nobody wants another value
		r.after(long)
		r.timeouts(minutes(16, 2, 5))

		r.Timeouts(minutes(60, 0, 1))
		r.after(0)
		r.timeouts(minutes(60, 2, 1))
		r.set(minutes(7, 7, 7))
		r.after(10 * time.Second)
		r.timeouts(minutes(60, 7, 1))
		if n := strings.Count(r.log.String(), "somebody else changed an IPVS timeout"); n != 2 || r.Snapshot().Repairs != 2 {
			t.Errorf("%d lines and %d repairs, want 2 of each:\n%s", n, r.Snapshot().Repairs, r.log)
		}

		// Another value and one that is not wanted any more are no drift.
		r.Timeouts(minutes(30, 0, 0))
		r.after(long)
		r.timeouts(minutes(30, 7, 5))
		r.Timeouts(ipvs.Timeouts{})
		r.after(long)
		r.timeouts(minutes(16, 7, 5))
		if got := r.Snapshot().Repairs; got != 2 {
			t.Errorf("%d repairs, want still 2:\n%s", got, r.log)
		}
	})
}

// A stop gives back what an earlier run found, even after a crash, and leaves
// alone what somebody else has set since.
func TestTimeoutsAreGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		k := ipvstest.New(nil)
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		r.Timeouts(minutes(60, 1, 1))
		r.Want(web(1))
		r.after(0)
		r.stop()

		again := start(t, k, ipvs.NewRecord(path, "boot 1"))
		again.Timeouts(minutes(60, 1, 1))
		again.Want(web(1))
		again.after(long)
		again.set(minutes(0, 0, 9))
		again.stop()
		if err := again.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		again.timeouts(minutes(15, 2, 9))
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the record is still there: %v", err)
		}
	})
}

// A removed line counts also when tandem was stopped hard in between.
func TestTimeoutsThatACrashedRunHadSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "services.json")
		k := ipvstest.New(nil)
		r := start(t, k, ipvs.NewRecord(path, "boot 1"))
		r.Timeouts(minutes(60, 0, 0))
		r.Want(web(1))
		r.after(0)
		r.stop()

		again := start(t, k, ipvs.NewRecord(path, "boot 1"))
		again.Want(web(1))
		again.after(0)
		again.timeouts(minutes(15, 2, 5))
	})
}

func TestTimeoutsThatTheKernelRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, ipvstest.New(nil), ipvs.NewRecord("", ""))
		r.Timeouts(minutes(-1, 0, 0))
		r.Want(web(1))
		r.expect(r.after(long), addWeb, addReal) // all the same
		if d := cmp.Diff([]string{ipvs.ErrInvalid.Error()}, r.Snapshot().Errors); d != "" {
			t.Errorf("errors (-want +got):\n%s", d)
		}
		if n := strings.Count(r.log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d error lines, want 1:\n%s", n, r.log)
		}
		r.Timeouts(minutes(1, 0, 0))
		r.after(0)
		r.timeouts(minutes(1, 2, 5))
		if snap := r.Snapshot(); len(snap.Errors) != 0 {
			t.Error(snap.Errors)
		}
	})
}
