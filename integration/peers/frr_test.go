package peers

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// Where Debian has FRR's daemons.
const (
	zebra = "/usr/lib/frr/zebra"
	vrrpd = "/usr/lib/frr/vrrpd"
)

// spoken are the dialects that FRR has: multicast, without authentication.
var spoken = []dialect{
	{name: "v2-multicast", vrid: 21, version: 2},
	{name: "v3-multicast", vrid: 31, version: 3},
	{name: "v6-multicast", vrid: 61, version: 3, ipv6: true},
}

// frr is a router that runs FRR's vrrpd at one of the directors.
type frr struct {
	*play
	at       lab.Director
	priority int
	running  []*lab.Process
}

// prepare makes what FRR does not: macvlans with the virtual MACs, which have
// the addresses from the start. vrrpd finds them by their MAC.
func (f *frr) prepare() {
	f.t.Helper()
	h := f.Director(f.at).Netlink()
	parent, err := h.LinkByName(lab.OutsideLink)
	must(f.t, err)
	for _, d := range f.dialects {
		family := byte(1)
		prefix := fmt.Sprintf("%s/32", d.vip())
		if d.ipv6 {
			family, prefix = 2, fmt.Sprintf("%s/128", d.vip())
		}
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.ParentIndex = fmt.Sprintf("mac%d", d.vrid), parent.Attrs().Index
		attrs.HardwareAddr = net.HardwareAddr{0, 0, 0x5e, 0, family, d.vrid}
		link := &netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}
		must(f.t, h.LinkAdd(link))
		must(f.t, f.Director(f.at).Sysctl("net.ipv6.conf."+attrs.Name+".addr_gen_mode", "1"))
		for _, text := range []string{prefix, fmt.Sprintf("fe80::%x/64", d.vrid)} {
			if a, err := netlink.ParseAddr(text); err == nil && (d.ipv6 || !strings.Contains(text, "::")) {
				must(f.t, h.AddrAdd(link, a))
			}
		}
		must(f.t, h.LinkSetUp(link))
	}
}

// config is what vrrpd reads.
func (f *frr) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "interface %s\n", lab.OutsideLink)
	for _, d := range f.dialects {
		interval := 500
		if d.version == 2 {
			interval = 1000
		}
		fmt.Fprintf(&b, " vrrp %d version %d\n vrrp %d priority %d\n vrrp %d advertisement-interval %d\n", d.vrid, d.version, d.vrid, f.priority, d.vrid, interval)
		if d.ipv6 {
			fmt.Fprintf(&b, " vrrp %d ipv6 fe80::%x\n vrrp %d ipv6 %s\n", d.vrid, d.vrid, d.vrid, d.vip())
		} else {
			fmt.Fprintf(&b, " vrrp %d ip %s\n", d.vrid, d.vip())
		}
	}
	return b.String()
}

// launch starts zebra and vrrpd.
func (f *frr) launch() {
	f.t.Helper()
	f.prepare()
	// The daemons are not root, and the test's own folders are closed to others.
	dir, err := os.MkdirTemp("", "tandem-frr-")
	must(f.t, err)
	f.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	must(f.t, os.Chmod(dir, 0o777))
	file := filepath.Join(dir, "vrrpd.conf")
	must(f.t, os.WriteFile(file, []byte(f.config()), 0o644))
	must(f.t, os.WriteFile(filepath.Join(dir, "zebra.conf"), nil, 0o644))
	socket := filepath.Join(dir, "zserv.api")
	for _, argv := range [][]string{
		{zebra, "-f", filepath.Join(dir, "zebra.conf"), "-z", socket, "-i", filepath.Join(dir, "zebra.pid"), "--vty_socket", dir, "-A", "127.0.0.1", "-P", "0", "--log", "stdout"},
		{vrrpd, "-f", file, "-z", socket, "-i", filepath.Join(dir, "vrrpd.pid"), "--vty_socket", dir, "-A", "127.0.0.1", "-P", "0", "--log", "stdout"},
	} {
		p, err := f.Director(f.at).Start(f.t.Context(), lab.Command{Argv: argv, Stdout: f.t.Output(), Stderr: f.t.Output(), RunDir: dir})
		must(f.t, err)
		f.running = append(f.running, p)
		if argv[0] == zebra {
			rig.Until(f.t, "zebra listens", func() error { _, err := os.Stat(socket); return err })
		}
	}
}

// end stops vrrpd, which says goodbye, and zebra.
func (f *frr) end() {
	f.t.Helper()
	for i := len(f.running) - 1; i >= 0; i-- {
		must(f.t, f.running[i].Kill())
	}
}

// tandem and FRR's vrrpd hear each other in both versions and families: tandem
// leaves a better FRR alone and takes over when it is gone, and FRR leaves a
// better tandem alone. FRR has its addresses on its macvlans all the time and
// only switches those on and off, so that tandem's part alone is looked at.
func TestFRR(t *testing.T) {
	t.Parallel()
	for _, program := range []string{zebra, vrrpd} {
		need(t, program, "frr")
	}
	for _, tt := range []struct {
		name     string
		priority int // of FRR, beside tandem's 100
	}{{"FRR preferred", 200}, {"tandem preferred", 50}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &play{Pair: rig.New(t, lab.Options{DualStack: true}), t: t, story: story{b: role{priority: 100}}, own: lab.B, dialects: spoken}
			p.commands = map[lab.Director]string{lab.B: rig.Tandem()}
			f := &frr{play: p, at: lab.A, priority: tt.priority}
			f.launch()
			p.start(lab.B)
			if tt.priority > 100 {
				f.heard(uint8(tt.priority))
				f.end()
			}
			p.states("MASTER")
			p.talk()
			p.states("MASTER")
			for _, i := range p.Status(t, lab.B).Instances {
				if len(i.Drops) > 0 {
					t.Errorf("%s: tandem dropped adverts of FRR: %v", i.Name, i.Drops)
				}
			}
		})
	}
}

// heard waits until every instance of tandem has FRR for its master.
func (f *frr) heard(priority uint8) {
	f.t.Helper()
	rig.Until(f.t, "tandem follows FRR", func() error {
		for _, i := range f.Status(f.t, lab.B).Instances {
			if i.State != "BACKUP" || i.Received < 3 || i.MasterPriority != priority {
				return fmt.Errorf("%s is %s, has heard %d adverts, and the master's priority is %d", i.Name, i.State, i.Received, i.MasterPriority)
			}
		}
		return nil
	})
}

// states waits until every instance of tandem is in a state.
func (p *play) states(want string) {
	p.t.Helper()
	rig.Until(p.t, "all instances are "+want, func() error {
		var errs []error
		for _, i := range p.Status(p.t, p.own).Instances {
			if i.State != want {
				errs = append(errs, fmt.Errorf("%s is %s: %s", i.Name, i.State, i.Reason))
			}
		}
		return errors.Join(errs...)
	})
}
