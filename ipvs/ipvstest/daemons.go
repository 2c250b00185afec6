package ipvstest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
)

// Daemons are the sync daemons that run, master first.
func (k *Kernel) Daemons(context.Context) ([]ipvs.Daemon, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, k.broken
	}
	byRole := func(a, b ipvs.Daemon) int { return cmp.Compare(a.Role, b.Role) }
	return slices.SortedFunc(maps.Values(k.daemons), byRole), nil
}

// StartDaemon starts a sync daemon with the kernel's defaults for what d
// leaves open. Every interface exists but nosuch0.
func (k *Kernel) StartDaemon(_ context.Context, d ipvs.Daemon) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, running := k.daemons[d.Role]
	switch {
	case k.broken != nil:
		return k.broken
	case d.Role != ipvs.SyncMaster && d.Role != ipvs.SyncBackup:
		return ipvs.ErrInvalid
	case d.Interface == "nosuch0":
		return unix.ENODEV
	case running:
		return ipvs.ErrExist
	}
	for key, entry := range k.table {
		for server := range entry.Destinations {
			if mixed(key, server) {
				return ipvs.ErrInvalid
			}
		}
	}
	d.MaxLen = cmp.Or(d.MaxLen, 1472)
	d.Port = cmp.Or(d.Port, 8848)
	d.TTL = cmp.Or(d.TTL, 1)
	if !d.Group.IsValid() {
		d.Group = netip.AddrFrom4([4]byte{224, 0, 0, 81})
	}
	k.daemons[d.Role] = d
	return nil
}

// StopDaemon stops the sync daemon of d's role.
func (k *Kernel) StopDaemon(_ context.Context, d ipvs.Daemon) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return k.broken
	}
	if _, ok := k.daemons[d.Role]; !ok {
		return ipvs.ErrNotExist
	}
	delete(k.daemons, d.Role)
	return nil
}

// DaemonKernel is the part of a kernel that runs sync daemons.
type DaemonKernel interface {
	Daemons(ctx context.Context) ([]ipvs.Daemon, error)
	StartDaemon(ctx context.Context, d ipvs.Daemon) error
	StopDaemon(ctx context.Context, d ipvs.Daemon) error
}

// ConformanceOfDaemons holds a kernel's sync daemons to what is known of the
// real ones. There must be an interface eth0 with an MTU of 1500, and none
// named nosuch0.
func ConformanceOfDaemons(t *testing.T, k DaemonKernel) {
	ctx := t.Context()
	master := ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "eth0", SyncID: 7}
	backup := ipvs.Daemon{Role: ipvs.SyncBackup, Interface: "eth0", SyncID: 7,
		MaxLen: 1400, Group: netip.MustParseAddr("224.0.0.99"), Port: 9000, TTL: 3}
	for _, d := range []ipvs.Daemon{backup, master} {
		if err := k.StartDaemon(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.StartDaemon(ctx, master); !errors.Is(err, ipvs.ErrExist) {
		t.Errorf("a second master: %v, want %v", err, ipvs.ErrExist)
	}
	got, err := k.Daemons(ctx)
	if err != nil {
		t.Fatal(err)
	}
	master.MaxLen, master.Group, master.Port, master.TTL = 1472, netip.MustParseAddr("224.0.0.81"), 8848, 1
	if d := gocmp.Diff([]ipvs.Daemon{master, backup}, got, cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Errorf("daemons (-want +got):\n%s", d)
	}
	for _, d := range []ipvs.Daemon{master, backup} {
		if err := k.StopDaemon(ctx, d); err != nil {
			t.Error(err)
		}
	}
	if got, err := k.Daemons(ctx); err != nil || len(got) != 0 {
		t.Errorf("after the stop: %v, %v", got, err)
	}
	if err := k.StopDaemon(ctx, master); !errors.Is(err, ipvs.ErrNotExist) {
		t.Errorf("stop what does not run: %v, want %v", err, ipvs.ErrNotExist)
	}
	nowhere := ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "nosuch0", SyncID: 1}
	if err := k.StartDaemon(ctx, nowhere); !errors.Is(err, unix.ENODEV) {
		t.Errorf("start on an interface that is not there: %v, want %v", err, unix.ENODEV)
	}
	if err := k.StartDaemon(ctx, ipvs.Daemon{Interface: "eth0", SyncID: 1}); !errors.Is(err, ipvs.ErrInvalid) {
		t.Errorf("start without a role: %v, want %v", err, ipvs.ErrInvalid)
	}
}
