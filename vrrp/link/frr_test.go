package link

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
	"github.com/tandem-ha/tandem/vrrp/advert"
)

const frr = "/usr/lib/frr/"

// startFRR runs FRR's vrrpd at the far end: the owner of VRID 51 in both
// families, until stop is called or the test ends. The macvlans are not its work.
func (p *pair) startFRR(t *testing.T) (stop func()) {
	t.Helper()
	dir := frrDirectory(t)
	config := fmt.Sprintf("interface %s\n vrrp 51 version 3\n vrrp 51 priority 200\n vrrp 51 advertisement-interval 100\n"+
		" vrrp 51 ip 10.1.0.99\n vrrp 51 ipv6 fe80::99\n vrrp 51 ipv6 2001:db8::99\n", p.far)
	must(t, os.WriteFile(filepath.Join(dir, "vrrpd.conf"), []byte(config), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "zebra.conf"), nil, 0o644))
	p.over(t, func() {
		for i, addrs := range [][]string{{"10.1.0.99/32"}, {"fe80::99/64", "2001:db8::99/128"}} {
			attrs := netlink.NewLinkAttrs()
			attrs.Name, attrs.ParentIndex = fmt.Sprint("frr", i), mustLink(t, p.far).Attrs().Index
			attrs.HardwareAddr = net.HardwareAddr{0, 0, 0x5e, 0, byte(i + 1), 51}
			must(t, netlink.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}))
			must(t, os.WriteFile("/proc/sys/net/ipv6/conf/"+attrs.Name+"/addr_gen_mode", []byte("1"), 0o644))
			for _, a := range addrs {
				if i == 0 {
					addAddress(t, attrs.Name, a)
				} else {
					addAddress6(t, attrs.Name, a)
				}
			}
			setUp(t, attrs.Name, true)
		}
	})
	socket := filepath.Join(dir, "zserv.api")
	for _, name := range []string{"zebra", "vrrpd"} {
		cmd := exec.Command(frr+name, "-f", filepath.Join(dir, name+".conf"), "-z", socket, "-i", filepath.Join(dir, name+".pid"),
			"--vty_socket", dir, "-A", "127.0.0.1", "-P", "0", "--log", "stdout")
		cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
		p.over(t, func() { must(t, cmd.Start()) })
		stop = sync.OnceFunc(func() {
			cmd.Process.Signal(unix.SIGTERM)
			cmd.Wait()
		})
		t.Cleanup(stop)
		if name == "zebra" {
			eventually(t, "zebra to listen", func() bool { _, err := os.Stat(socket); return err == nil })
		}
	}
	return stop
}

// frrDirectory makes one where FRR's daemons, which give up root's rights, may
// write.
func frrDirectory(t *testing.T) string {
	t.Helper()
	account, err := user.Lookup("frr")
	if err != nil {
		t.Skip("FRR is not installed")
	}
	dir, err := os.MkdirTemp("", "frr")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	uid, err := strconv.Atoi(account.Uid)
	must(t, err)
	must(t, os.Chown(dir, uid, -1))
	return dir
}

// FRR's frames have the virtual MAC and, over IPv6, come from the virtual
// link-local address: neither may matter to who hears them.
func TestFRR(t *testing.T) {
	if _, err := os.Stat(frr + "vrrpd"); err != nil {
		t.Skip("FRR is not installed")
	}
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	linkLocal(t, p.near)
	n := startNetwork(t, vrrp.Listen{Interface: p.near}, vrrp.Listen{Interface: p.near, IPv6: true})
	frames4, frames6 := p.listenNear(t, typeIPv4), p.listenNear(t, typeIPv6)
	p.startFRR(t)
	for _, tt := range []struct {
		name string
		want netip.Addr
		dst  netip.Addr
		wire <-chan []byte
		is   func([]byte) bool
		mac  []byte
	}{
		{"F-05 P-19 over IPv4", ip("10.1.0.2"), group, frames4, isAdvert, []byte{0, 0, 0x5e, 0, 1, 51}},
		{"F-05 F-06 P-19 over IPv6", ip("fe80::99"), group6, frames6, isAdvert6, []byte{0, 0, 0x5e, 0, 2, 51}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := within(t, n.Frames(), "an advert of FRR", func(f vrrp.Frame) bool { return f.Dst == tt.dst })
			if f.Src != tt.want || f.TTL != 255 || f.Interface != p.near {
				t.Errorf("heard %+v", f)
			}
			if a, drop := advert.Parse(f.Payload, f.Src, f.Dst, f.TTL); drop != advert.Accepted || a.Priority != 200 || a.VRID != 51 {
				t.Errorf("%s: %+v", drop, a)
			}
			if raw := within(t, tt.wire, "its frame", tt.is); !bytes.Equal(raw[6:12], tt.mac) {
				t.Errorf("from MAC %x, want %x", raw[6:12], tt.mac)
			}
		})
	}
}
