package link

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// startKeepalived runs Debian's keepalived at the far end until the test ends.
func (p *pair) startKeepalived(t *testing.T, config string) (stop func()) {
	t.Helper()
	binary, err := exec.LookPath("keepalived")
	if err != nil {
		t.Skip("keepalived is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "keepalived.conf")
	config = strings.ReplaceAll(config, "IFACE", p.far)
	must(t, os.WriteFile(file, []byte(config), 0o600))
	cmd := exec.Command(binary, "--dont-fork", "--log-console", "--vrrp", "--use-file", file,
		"--pid", filepath.Join(dir, "pid"), "--vrrp_pid", filepath.Join(dir, "vrrp.pid"))
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	// A child of a thread inherits its namespace.
	p.over(t, func() { must(t, cmd.Start()) })
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			cmd.Process.Signal(unix.SIGTERM)
			cmd.Wait()
		}
	}
	t.Cleanup(stop)
	return stop
}

// Adverts of keepalived arrive, and a host's own frames take its VIP from it:
// it hears a better router and yields.
func TestKeepalivedHearsAndIsHeard(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	n := startNetwork(t, vrrp.Listen{Interface: p.near})
	stop := p.startKeepalived(t, `
vrrp_instance VI_1 {
	state BACKUP
	interface IFACE
	virtual_router_id 51
	priority 100
	advert_int 0.1
	version 3
	virtual_ipaddress {
		10.1.0.99/24
	}
}`)
	f := within(t, n.Frames(), "an advert of keepalived", func(f vrrp.Frame) bool { return f.Payload[2] == 100 })
	if f.Src != ip("10.1.0.2") || f.Dst != group || f.TTL != 255 || f.Interface != p.near {
		t.Errorf("heard %+v", f)
	}
	if len(f.Payload) != 12 || f.Payload[0] != 0x31 || f.Payload[1] != 51 {
		t.Errorf("payload %x", f.Payload)
	}

	// Version 3, VRID 51, priority 200, 1 address, 0.1 s. The checksum spans a
	// pseudo-header, which differs from what was heard by priority and source.
	better := append([]byte(nil), f.Payload...)
	better[2] = 200
	sum := uint32(^(uint16(better[6])<<8 | uint16(better[7]))) + 100<<8 + 0xffff - 1
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	better[6], better[7] = ^byte(sum>>8), ^byte(sum)
	waitGone := func() bool {
		errs := n.Send([]vrrp.Outgoing{{Interface: p.near, Src: ip("10.1.0.1"), Dst: group, Payload: better}})
		must(t, errs[0])
		gone := true
		p.over(t, func() {
			for _, a := range on(t, p.far) {
				gone = gone && a != "10.1.0.99/24"
			}
		})
		return gone
	}
	eventually(t, "keepalived to yield", waitGone)

	// It takes over again, and says goodbye.
	within(t, n.Frames(), "an advert of keepalived", func(f vrrp.Frame) bool { return f.Payload[2] == 100 })
	stop()
	within(t, n.Frames(), "a priority of zero", func(f vrrp.Frame) bool { return f.Payload[2] == 0 })
}
