package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/arp"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/vrrp"
)

// vmac51 is the virtual MAC of VRID 51 over IPv4 (RFC 9568 section 7.3).
var vmac51 = [6]byte{0, 0, 0x5e, 0, 1, 51}

func withVMAC(dev string, present bool, cidrs ...string) vrrp.Wish {
	return vrrp.Wish{
		Interface: dev, Addresses: vips(cidrs...), Present: present,
		Own: &vrrp.Subinterface{Name: "vrrp.51", MAC: vmac51},
	}
}

// macs notes the sources of the frames that arrive at the far end.
type macs struct {
	mu     sync.Mutex
	frames [][]byte
}

func (p *pair) follow(t testing.TB) *macs {
	m := new(macs)
	frames := p.listen(t, unix.ETH_P_ALL)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	go func() {
		for {
			select {
			case f := <-frames:
				m.mu.Lock()
				m.frames = append(m.frames, f)
				m.mu.Unlock()
			case <-done:
				return
			}
		}
	}()
	return m
}

// from returns the frames with a source MAC that fit, seen since the last clear.
func (m *macs) from(mac []byte, fits func([]byte) bool) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.frames {
		if bytes.Equal(f[6:12], mac) && (fits == nil || fits(f)) {
			n++
		}
	}
	return n
}

func (m *macs) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frames = nil
}

// ask sends an ARP request from the far end.
func (p *pair) ask(t testing.TB, from, target string) {
	t.Helper()
	var mac net.HardwareAddr
	p.over(t, func() { mac = mustLink(t, p.far).Attrs().HardwareAddr })
	packet, err := arp.NewPacket(arp.OperationRequest, mac, ip(from), net.HardwareAddr{0, 0, 0, 0, 0, 0}, ip(target))
	must(t, err)
	b, err := packet.MarshalBinary()
	must(t, err)
	p.inject(t, append(ethernet(broadcast, mac, unix.ETH_P_ARP), b...))
}

// isReply says whether a frame is an ARP answer for an address.
func isReply(addr string) func([]byte) bool {
	return func(f []byte) bool {
		return len(f) >= 42 && f[12] == 8 && f[13] == 6 && f[21] == 2 && bytes.Equal(f[28:32], ip(addr).AsSlice())
	}
}

func sysctlOf(t testing.TB, family, dev, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("/proc/sys/net", family, "conf", dev, name))
	must(t, err)
	return strings.TrimSpace(string(b))
}

func exists(name string) bool { _, err := netlink.LinkByName(name); return err == nil }

func TestVMAC(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "10.1.0.2/24")
	seen := p.follow(t)
	physical := mustLink(t, p.near).Attrs().HardwareAddr
	before := sysctlOf(t, "ipv4", p.near, "arp_ignore") + sysctlOf(t, "ipv4", p.near, "arp_announce")
	h := startHost(t)

	h.Want("VI_1", withVMAC(p.near, false, "10.1.0.99/24"))
	h.flush(t)
	t.Run("K-40 a private macvlan with the virtual MAC, which is down while backup", func(t *testing.T) {
		l := mustLink(t, "vrrp.51")
		m, ok := l.(*netlink.Macvlan)
		if !ok || m.Mode != netlink.MACVLAN_MODE_PRIVATE || !bytes.Equal(m.HardwareAddr, vmac51[:]) ||
			m.ParentIndex != mustLink(t, p.near).Attrs().Index || m.RawFlags&unix.IFF_UP != 0 {
			t.Errorf("interface %+v", l)
		}
	})
	t.Run("N-12 no address is made of the virtual MAC", func(t *testing.T) {
		for name, want := range map[string]string{"addr_gen_mode": "1", "accept_ra": "0", "autoconf": "0", "disable_ipv6": "1"} {
			if got := sysctlOf(t, "ipv6", "vrrp.51", name); got != want {
				t.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	})
	t.Run("S-03 S-05 S-06 a backup neither answers for the address nor emits a frame with the virtual MAC", func(t *testing.T) {
		p.ask(t, "10.1.0.2", "10.1.0.99")
		p.ask(t, "10.1.0.2", "10.1.0.1") // its answer comes behind one for the address
		eventually(t, "an answer for the own address", func() bool { return seen.from(physical, isReply("10.1.0.1")) > 0 })
		if n := seen.from(vmac51[:], nil) + seen.from(physical, isReply("10.1.0.99")); n != 0 {
			t.Errorf("%d frames", n)
		}
	})
	t.Run("S-05 a backup drops frames to the virtual MAC", func(t *testing.T) {
		if p.echoed(t, seen, vmac51[:], "10.1.0.1") {
			t.Error("answered")
		}
	})

	h.Want("VI_1", withVMAC(p.near, true, "10.1.0.99/24"))
	h.Announce("VI_1", 2)
	h.flush(t)
	t.Run("N-01 N-02 P-19 gratuitous ARP has the virtual MAC", func(t *testing.T) {
		wantOn(t, "vrrp.51", "10.1.0.99/24")
		wantOn(t, p.near, "10.1.0.1/24")
		garp := func(f []byte) bool { return isGARP(f, "10.1.0.99") && bytes.Equal(f[22:28], vmac51[:]) }
		eventually(t, "two announcements", func() bool { return seen.from(vmac51[:], garp) >= 2 })
	})
	t.Run("N-04 S-12 ARP answers carry the virtual MAC, never the physical one", func(t *testing.T) {
		p.ask(t, "10.1.0.2", "10.1.0.99")
		eventually(t, "an answer", func() bool { return seen.from(vmac51[:], isReply("10.1.0.99")) > 0 })
		p.ask(t, "10.1.0.2", "10.1.0.1")
		eventually(t, "an answer for the own address", func() bool { return seen.from(physical, isReply("10.1.0.1")) > 1 })
		if n := seen.from(physical, isReply("10.1.0.99")) + seen.from(vmac51[:], isReply("10.1.0.1")); n != 0 {
			t.Errorf("%d answers with the wrong MAC", n)
		}
	})
	t.Run("S-12 a master takes frames to the virtual MAC", func(t *testing.T) {
		if !p.echoed(t, seen, vmac51[:], "10.1.0.99") {
			t.Error("not answered")
		}
	})
	t.Run("N-06 N-07 what the host asks for from the virtual address does not carry the physical MAC with it", func(t *testing.T) {
		c, err := net.DialUDP("udp4", &net.UDPAddr{IP: ip("10.1.0.99").AsSlice()}, &net.UDPAddr{IP: ip("10.1.0.77").AsSlice(), Port: 9})
		must(t, err)
		defer c.Close()
		c.Write([]byte("x"))
		request := func(f []byte) bool {
			return f[12] == 8 && f[13] == 6 && f[21] == 1 && bytes.Equal(f[38:42], ip("10.1.0.77").AsSlice())
		}
		eventually(t, "an ARP request", func() bool { return seen.from(physical, request)+seen.from(vmac51[:], request) > 0 })
		ties := func(f []byte) bool { return request(f) && bytes.Equal(f[28:32], ip("10.1.0.99").AsSlice()) }
		if n := seen.from(physical, ties); n != 0 {
			t.Errorf("%d requests tie the virtual address to the physical MAC", n)
		}
	})
	t.Run("packets to the virtual MAC are taken with reverse path filtering on", func(t *testing.T) {
		must(t, os.WriteFile("/proc/sys/net/ipv4/conf/all/rp_filter", []byte("1"), 0))
		t.Cleanup(func() { must(t, os.WriteFile("/proc/sys/net/ipv4/conf/all/rp_filter", []byte("0"), 0)) })
		p.over(t, func() {
			if !answers("10.1.0.99") {
				t.Error("no answer")
			}
		})
	})

	h.Want("VI_1", withVMAC(p.near, false, "10.1.0.99/24"))
	h.flush(t)
	t.Run("S-16 a master that yields lowers its interface", func(t *testing.T) {
		if l := mustLink(t, "vrrp.51"); l.Attrs().RawFlags&unix.IFF_UP != 0 {
			t.Error("it is up")
		}
		wantOn(t, "vrrp.51")
		p.ask(t, "10.1.0.2", "10.1.0.1")
		answers := seen.from(physical, isReply("10.1.0.1"))
		eventually(t, "everything to arrive", func() bool { return seen.from(physical, isReply("10.1.0.1")) >= answers })
		seen.clear()
		p.ask(t, "10.1.0.2", "10.1.0.99")
		p.ask(t, "10.1.0.2", "10.1.0.1")
		eventually(t, "an answer for the own address", func() bool { return seen.from(physical, isReply("10.1.0.1")) > 0 })
		if n := seen.from(vmac51[:], nil); n != 0 {
			t.Errorf("%d frames", n)
		}
	})

	h.Forget("VI_1")
	h.flush(t)
	t.Run("it goes with its instance, and the interface below is as it was", func(t *testing.T) {
		if exists("vrrp.51") {
			t.Error("it is there")
		}
		if after := sysctlOf(t, "ipv4", p.near, "arp_ignore") + sysctlOf(t, "ipv4", p.near, "arp_announce"); after != before {
			t.Errorf("arp_ignore and arp_announce are %s, were %s", after, before)
		}
	})
}

// echoed says whether an echo request to a MAC and an address is answered. One to
// the physical MAC and the own address, which is, comes behind it.
func (p *pair) echoed(t testing.TB, seen *macs, mac []byte, addr string) bool {
	t.Helper()
	var far net.HardwareAddr
	p.over(t, func() { far = mustLink(t, p.far).Attrs().HardwareAddr })
	near := mustLink(t, p.near).Attrs().HardwareAddr
	request := func(mac []byte, to string, id byte) {
		b := append(ethernet(mac, far, unix.ETH_P_IP), 0x45, 0, 0, 28, 0, 1, 0, 0, 64, unix.IPPROTO_ICMP, 0, 0)
		b = append(append(b, ip("10.1.0.2").AsSlice()...), ip(to).AsSlice()...)
		binary.BigEndian.PutUint16(b[24:], checksum(b[14:34]))
		icmp := []byte{8, 0, 0, 0, 0, id, 0, 1}
		binary.BigEndian.PutUint16(icmp[2:], checksum(icmp))
		p.inject(t, append(b, icmp...))
	}
	answer := func(id byte) func([]byte) bool {
		return func(f []byte) bool { return len(f) >= 42 && f[23] == unix.IPPROTO_ICMP && f[34] == 0 && f[39] == id }
	}
	id := byte(echoes.Add(2))
	request(mac, addr, id)
	request(near, "10.1.0.1", id+1)
	eventually(t, "an answer of the own address", func() bool { return seen.from(near, answer(id+1)) > 0 })
	return seen.from(near, answer(id))+seen.from(mac, answer(id)) > 0
}

var echoes atomic.Int32

// answers says whether a host takes packets to an address: a port that is closed
// refuses a connection.
func answers(addr string) bool {
	_, err := net.DialTimeout("tcp", net.JoinHostPort(addr, "9"), 2*time.Second)
	return errors.Is(err, unix.ECONNREFUSED)
}

// An IPv6 master with its own MAC emits frames with it only while it is master:
// no report of a group before, and none as it goes.
func TestVMACOfIPv6(t *testing.T) {
	p := newPair(t, "", "")
	seen := p.follow(t)
	mac := [6]byte{0, 0, 0x5e, 0, 2, 51}
	w := vrrp.Wish{
		Interface: p.near, Addresses: vips("fe80::99/64", "2001:db8::99/64"),
		Own: &vrrp.Subinterface{Name: "vrrp6.51", MAC: mac},
	}
	h := startHost(t)
	h.Want("VI_6", w)
	h.flush(t)
	if n := seen.from(mac[:], nil); n != 0 {
		t.Errorf("a backup emitted %d frames", n)
	}
	w.Present = true
	h.Want("VI_6", w)
	h.Announce("VI_6", 1)
	h.flush(t)
	advertised := func(f []byte) bool { return len(f) > 54 && f[20] == unix.IPPROTO_ICMPV6 && f[54] == 136 }
	eventually(t, "advertisements with the virtual MAC, N-03", func() bool { return seen.from(mac[:], advertised) >= 2 })
	t.Run("N-05 S-12 solicitations are answered with the virtual MAC, never the physical one", func(t *testing.T) {
		seen.clear()
		p.over(t, func() {
			shown(t, "addr", "add", "2001:db8::2/64", "dev", p.far, "nodad")
			if !answers("2001:db8::99") {
				t.Error("no answer")
			}
			if line := strings.Join(shown(t, "-6", "neigh", "show", "2001:db8::99"), ""); !strings.Contains(line, "00:00:5e:00:02:33") {
				t.Errorf("neighbour %q", line)
			}
		})
	})
	var addrs []string
	list, err := netlink.AddrList(mustLink(t, "vrrp6.51"), netlink.FAMILY_V6)
	must(t, err)
	for _, a := range list {
		addrs = append(addrs, a.IPNet.String())
	}
	if diff := cmp.Diff([]string{"2001:db8::99/64", "fe80::99/64"}, addrs); diff != "" {
		t.Errorf("addresses that N-12 is about (-want +got):\n%s", diff)
	}
	left := func(f []byte) bool { return len(f) > 62 && f[20] == 0 && f[62] == 143 && f[70] == 3 } // MLDv2: change to include none
	seen.clear()
	w.Present = false
	h.Want("VI_6", w)
	h.flush(t)
	setUp(t, p.near, false) // emits nothing
	if n := seen.from(mac[:], left); n != 0 {
		t.Errorf("it said %d times that it leaves its groups", n)
	}
}

// An interface of the name that is somebody else's is not touched, and the
// instance hears of it; it is over when that is gone.
func TestVMACNameTaken(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	shown(t, "link", "add", "vrrp.51", "type", "veth", "peer", "name", "other.51")
	told := make(chan string, 16)
	h := startHost(t)
	h.SetDefect(func(instance, why string, is bool) { told <- fmt.Sprint(instance, " ", is, " ", why) })
	h.Want("VI_1", withVMAC(p.near, false, "10.1.0.99/24"))
	if err := h.Flush(t.Context()); err == nil {
		t.Error("no error")
	}
	within(t, told, "the defect", func(s string) bool {
		return strings.HasPrefix(s, "VI_1 true ") && strings.Contains(s, "none of tandem's")
	})
	if l := mustLink(t, "vrrp.51"); l.Type() != "veth" {
		t.Errorf("it is a %s now", l.Type())
	}
	shown(t, "link", "del", "vrrp.51")
	within(t, told, "its end", func(s string) bool { return strings.HasPrefix(s, "VI_1 false ") })
	if !exists("vrrp.51") {
		t.Error("the subinterface was not made")
	}
}

// What a crash left is adopted, lowered, and removed with what it changed.
func TestVMACLeftover(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := NewHost(testLog(t))
	stop := start(t, h.Run)
	h.Want("VI_1", withVMAC(p.near, true, "10.1.0.99/24"))
	h.Want("VI_2", vrrp.Wish{Interface: p.near, Own: &vrrp.Subinterface{Name: "vrrp.52", MAC: [6]byte{0, 0, 0x5e, 0, 1, 52}}, Addresses: vips("10.1.0.98/32"), Present: true})
	h.flush(t)
	stop() // as if killed
	index := mustLink(t, "vrrp.51").Attrs().Index

	h = startHost(t)
	h.Want("VI_1", withVMAC(p.near, false, "10.1.0.99/24"))
	h.Sweep()
	h.flush(t)
	if l := mustLink(t, "vrrp.51"); l.Attrs().Index != index || l.Attrs().RawFlags&unix.IFF_UP != 0 {
		t.Errorf("not adopted, or up: %+v", l.Attrs())
	}
	if exists("vrrp.52") {
		t.Error("an interface that nobody wants is left")
	}
	if got := sysctlOf(t, "ipv4", p.near, "arp_ignore"); got != "1" {
		t.Errorf("arp_ignore is %s while there is a macvlan", got)
	}
	h.Forget("VI_1")
	h.flush(t)
	if got := sysctlOf(t, "ipv4", p.near, "arp_ignore"); exists("vrrp.51") || got != "0" {
		t.Errorf("left over: %v, arp_ignore %s", exists("vrrp.51"), got)
	}
}

// An interface that comes back as another one gets its subinterface again.
func TestVMACParentReturns(t *testing.T) {
	p := newPair(t, "10.1.0.1/24", "")
	h := startHost(t)
	h.Want("VI_1", withVMAC(p.near, true, "10.1.0.99/24"))
	h.flush(t)
	p.unmake(t)
	p.make(t)
	eventually(t, "the address is back", func() bool { return exists("vrrp.51") && len(on(t, "vrrp.51")) == 1 })
	if got := sysctlOf(t, "ipv4", p.near, "arp_announce"); got != "2" {
		t.Errorf("arp_announce of the new interface is %s", got)
	}
}

// use_vmac_addr: addresses on other interfaces have a macvlan there.
func TestVMACForAll(t *testing.T) {
	p, q := newPair(t, "10.1.0.1/24", ""), newPair(t, "10.2.0.1/24", "")
	seen := q.follow(t)
	h := startHost(t)
	w := withVMAC(p.near, true, "10.1.0.99/24", "10.2.0.99/24")
	w.Own.ForAll, w.Own.AddressPrefix = true, "vrrp.51"
	w.Addresses[1].Dev = q.near
	h.Want("VI_1", w)
	h.Announce("VI_1", 1)
	h.flush(t)
	wantOn(t, "vrrp.51", "10.1.0.99/24")
	wantOn(t, "vrrp.51.1", "10.2.0.99/24")
	wantOn(t, q.near, "10.2.0.1/24")
	eventually(t, "an announcement there", func() bool {
		return seen.from(vmac51[:], func(f []byte) bool { return isGARP(f, "10.2.0.99") }) > 0
	})
	wantPresent(t, h, "VI_1", "10.1.0.99", "10.2.0.99")
	h.Forget("VI_1")
	h.flush(t)
	if exists("vrrp.51") || exists("vrrp.51.1") {
		t.Error("an interface is left")
	}
}

func TestIPVLAN(t *testing.T) {
	for mode, flag := range map[vrrp.IPVLANMode]string{vrrp.IPVLANBridge: "bridge", vrrp.IPVLANPrivate: "private", vrrp.IPVLANVEPA: "vepa"} {
		t.Run(flag, func(t *testing.T) {
			p := newPair(t, "10.1.0.1/24", "")
			if out, err := run("ip", "link", "add", "probe", "link", p.near, "type", "ipvlan"); err != nil {
				t.Skip("this kernel has no ipvlan: " + out)
			}
			shown(t, "link", "del", "probe")
			seen := p.follow(t)
			h := startHost(t)
			h.Want("VI_1", vrrp.Wish{
				Interface: p.near, Addresses: vips("10.1.0.99/24"), Present: true,
				Own: &vrrp.Subinterface{Kind: vrrp.IPVLAN, Name: "ipv51", Mode: mode, Address: netip.MustParsePrefix("10.1.0.50/24"), Group: 7},
			})
			h.Announce("VI_1", 1)
			h.flush(t)
			wantOn(t, "ipv51", "10.1.0.99/24", "10.1.0.50/24")
			if line := strings.Join(shown(t, "-d", "link", "show", "ipv51"), " "); !strings.Contains(line, "mode l2 "+flag) || !strings.Contains(line, "group 7 ") {
				t.Errorf("interface %s", line)
			}
			mac := mustLink(t, p.near).Attrs().HardwareAddr
			eventually(t, "an announcement with the MAC of the interface below", func() bool {
				return seen.from(mac, func(f []byte) bool { return isGARP(f, "10.1.0.99") }) > 0
			})
			h.Forget("VI_1")
			h.flush(t)
			if exists("ipv51") {
				t.Error("it is left")
			}
		})
	}
}
