package link

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// keepalivedMaster runs Debian's keepalived at our end until it is master of
// all instances. It returns what it has burnt and sent so far.
func keepalivedMaster(b *testing.B, cfg vrrp.Config) (burnt func() time.Duration, sent func() uint64, stop func()) {
	b.Helper()
	binary, err := exec.LookPath("keepalived")
	if err != nil {
		b.Skip("keepalived is not installed")
	}
	var text strings.Builder
	devices := make(map[string]bool)
	text.WriteString("global_defs {\n\tvrrp_garp_master_repeat 1\n\tvrrp_garp_master_delay 0\n}\n")
	for _, in := range cfg.Instances {
		devices[in.Interface] = true
		fmt.Fprintf(&text, "vrrp_instance %s {\n\tstate MASTER\n\tinterface %s\n\tvirtual_router_id %d\n\tpriority %d\n\tadvert_int %g\n\tversion %d\n\tvirtual_ipaddress {\n\t\t%s\n\t}\n}\n",
			in.Name, in.Interface, in.VRID, in.Priority, in.Interval.Seconds(), in.Version, in.Addresses[0].Prefix)
	}
	dir := b.TempDir()
	file, pid := filepath.Join(dir, "keepalived.conf"), filepath.Join(dir, "vrrp.pid")
	must(b, os.WriteFile(file, []byte(text.String()), 0o600))
	cmd := exec.Command(binary, "--dont-fork", "--log-console", "--vrrp", "--use-file", file, "--pid", filepath.Join(dir, "pid"), "--vrrp_pid", pid)
	must(b, cmd.Start())
	stop = func() {
		cmd.Process.Signal(unix.SIGTERM)
		cmd.Wait()
	}
	sent = func() (n uint64) {
		for dev := range devices {
			n += mustLink(b, dev).Attrs().Statistics.TxPackets
		}
		return n
	}
	eventually(b, "keepalived to have all addresses", func() bool {
		list, err := netlink.AddrList(nil, netlink.FAMILY_V4)
		return err == nil && len(list) >= len(cfg.Instances)
	})
	child, err := os.ReadFile(pid)
	must(b, err)
	burnt = func() time.Duration {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(child)) + "/stat")
		must(b, err)
		_, rest, _ := strings.Cut(string(stat), ") ") // proc(5): from the third field on
		fields := strings.Fields(rest)
		ticks := 0
		for _, i := range []int{11, 12} { // utime and stime
			n, err := strconv.Atoi(fields[i])
			must(b, err)
			ticks += n
		}
		return time.Duration(ticks) * time.Second / 100
	}
	return burnt, sent, stop
}
