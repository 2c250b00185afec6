package connsync

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tandem-ha/tandem/ipvs"
)

var equal = cmpopts.EquateComparable(netip.Addr{})

// running are the two daemons that the kernel shows for a plain configuration.
func running(syncID uint8) (master, backup ipvs.Daemon) {
	master = ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "eth0", SyncID: syncID,
		MaxLen: 1472, Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1}
	backup = master
	backup.Role = ipvs.SyncBackup
	return master, backup
}

func TestPlan(t *testing.T) {
	master, backup := running(7)
	foreign, foreignBackup := running(9)
	plain := Config{Interface: "eth0", SyncID: 7}
	long := Config{Interface: "eth0", SyncID: 7, MaxLen: 1400}
	short := Config{Interface: "eth0", SyncID: 7, MaxLen: 500}
	shortMaster, shortBackup := master, backup
	shortMaster.MaxLen, shortBackup.MaxLen = 500, 1024
	type daemons = []ipvs.Daemon
	roles := func(all daemons) (r []ipvs.Role) {
		for _, d := range all {
			r = append(r, d.Role)
		}
		return r
	}
	both := []ipvs.Role{ipvs.SyncMaster, ipvs.SyncBackup}
	for _, c := range []struct {
		name        string
		have        daemons
		config      Config
		fresh       bool
		stop, start []ipvs.Role
	}{
		{"none runs", nil, plain, false, nil, both},
		{"both run as wanted", daemons{master, backup}, plain, false, nil, nil},
		{"somebody stopped the backup", daemons{master}, plain, false, nil, both[1:]},
		{"both run with another sync id", daemons{foreign, foreignBackup}, plain, false, both, both},
		{"the backup runs with another sync id", daemons{master, foreignBackup}, plain, false, both[1:], both[1:]},
		{"as wanted, but on an interface that is gone", daemons{master, backup}, plain, true, both, both},
		{"another message length", daemons{master, backup}, long, false, both, both},
		{"the backup makes room for 1024 bytes at least", daemons{shortMaster, shortBackup}, short, false, nil, nil},
	} {
		stop, start := plan(c.have, c.config.daemons(), c.fresh)
		if d := cmp.Diff(c.stop, roles(stop)); d != "" {
			t.Errorf("%s: stop (-want +got):\n%s", c.name, d)
		}
		if d := cmp.Diff(c.start, roles(start)); d != "" {
			t.Errorf("%s: start (-want +got):\n%s", c.name, d)
		}
	}
}

func TestWhatChangedSinceADaemonBegan(t *testing.T) {
	began := start{Index: 2, SockSize: "0", Ports: "1"}
	for _, c := range []struct {
		now  start
		want string
	}{
		{began, ""},
		{start{3, "0", "1"}, "the interface was made again"},
		{start{2, "8192", "1"}, "sync_sock_size was 0 and is 8192"},
		{start{3, "0", "4"}, "the interface was made again, sync_ports was 1 and is 4"},
	} {
		if got := c.now.since(began); got != c.want {
			t.Errorf("%+v: %q, want %q", c.now, got, c.want)
		}
	}
}

func TestDaemonsOfAConfiguration(t *testing.T) {
	got := Config{Interface: "bond0", SyncID: 3, Group: netip.MustParseAddr("ff02::99"), Port: 9, TTL: 4, MaxLen: 2000}.daemons()
	want := ipvs.Daemon{Role: ipvs.SyncMaster, Interface: "bond0", SyncID: 3, Group: netip.MustParseAddr("ff02::99"), Port: 9, TTL: 4, MaxLen: 2000}
	if d := cmp.Diff(want, got[0], equal); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestSettingsAndTheirValues(t *testing.T) {
	want := map[string]string{"sync_threshold": "0 0", "sync_refresh_period": "10", "sync_retries": "0", "sync_sock_size": "8388608"}
	if d := cmp.Diff(want, DefaultSettings.values()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	some := Settings{Threshold: 3, Period: 50, RefreshPeriod: 1, Retries: 2, SockSize: 4, Ports: 8}
	if got := settings(some.values()); got != some {
		t.Errorf("%+v became %+v", some, got)
	}
	if got := settings(map[string]string{"sync_threshold": "junk"}); got != (Settings{}) {
		t.Errorf("junk became %+v", got)
	}
}

func TestGrantedSockSize(t *testing.T) {
	small, err := grantedSockSize(8192)
	if err != nil || small != 8192 {
		t.Errorf("8192 gave %d, %v", small, err)
	}
	huge, err := grantedSockSize(1 << 30)
	if err != nil || huge >= 1<<30 || huge < 8192 {
		t.Errorf("1 GiB gave %d, %v; want what net.core allows", huge, err)
	}
}
