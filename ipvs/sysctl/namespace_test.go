package sysctl

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// On a real kernel: forwarding takes other settings along, one of which is
// wanted otherwise, and all of them come back, also one that an administrator
// had set against the rule.
func TestForwardingInANamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	// Never unlocked: the thread and with it the namespace end with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth0"}, PeerName: "eth1"}
	if err := netlink.LinkAdd(link); err != nil {
		t.Fatal(err)
	}
	sys := tree("/proc/sys")
	before := Settings{
		forward: "0", all: "0", eth0: "1", acceptRedirects: "0",
		"net/ipv4/conf/eth0/send_redirects": "1", "net/ipv4/conf/default/forwarding": "0",
	}
	for _, name := range []string{forward, eth0, acceptRedirects, "net/ipv4/conf/eth0/send_redirects"} {
		if err := sys.write(name, before[name]); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want Settings) {
		t.Helper()
		have, errs := sys.readAll(want, nil)
		if d := cmp.Diff(want, have); d != "" || len(errs) > 0 {
			t.Errorf("settings (-want +got), %v:\n%s", errs, d)
		}
	}
	expect(before)

	path := filepath.Join(t.TempDir(), "sysctl.json")
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	k := New(log, Options{Record: path})
	want := Settings{forward: "1", acceptRedirects: "1", "net/ipv4/conf/eth0/send_redirects": "0"}
	// On this thread, which alone is in the namespace.
	if again, err := k.pass(t.Context(), want); err != nil || again {
		t.Error(again, err)
	}
	expect(Settings{
		forward: "1", all: "1", eth0: "1", acceptRedirects: "1",
		"net/ipv4/conf/eth0/send_redirects": "0", "net/ipv4/conf/default/forwarding": "1",
	})
	if err := sys.write(forward, "0"); err != nil {
		t.Fatal(err)
	}
	k.pass(t.Context(), want)
	expect(want)
	if got := k.Status().Repairs; got != 1 {
		t.Errorf("%d repairs, want 1", got)
	}

	// Another run gives back what this one found.
	if err := New(log, Options{Record: path}).Clear(context.Background()); err != nil {
		t.Error(err)
	}
	expect(before)
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the record is still there: %v", err)
	}

	for _, c := range []struct {
		name string
		want Settings
		kept int
	}{
		{"a value that the kernel refuses", Settings{"net/ipv4/conf/eth0/rp_filter": "nonsense"}, 0},
		{"a value that it spells otherwise", Settings{"net/ipv4/conf/eth0/rp_filter": "01"}, 0},
		{"two settings that contradict one another", Settings{forward: "1", all: "0"}, 1},
	} {
		k := New(log, Options{})
		if _, err := k.pass(t.Context(), c.want); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		if st := k.Status(); len(st.Errors) != 1 || st.Wanted != len(c.want) || st.Kept != c.kept {
			t.Errorf("%s: %d of %d kept, want %d, and one error: %q", c.name, st.Kept, st.Wanted, c.kept, st.Errors)
		}
	}
}
