package kernel

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// open gives IPVS in a network namespace of the test's own, which ends with
// the test. The test must not call it from another goroutine.
func open(t *testing.T) *Kernel {
	t.Helper()
	namespace(t)
	k, err := Open(t.Context())
	if errors.Is(err, ipvs.ErrNoIPVS) {
		t.Skipf("%v; make test runs this in the test kernel", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// namespace moves the test into a new network namespace with lo up, without
// which IPVS refuses every server.
func namespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	// Never unlocked: the thread and with it the namespace end with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatal(err)
	}
}
