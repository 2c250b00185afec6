package host

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// private names the variable that says that the process is in a network
// namespace of its own.
const private = "TANDEM_HOST_TEST_NAMESPACE"

// TestMain moves the tests into a new network namespace: as root the process
// replaces itself, so that all of its threads are in there.
func TestMain(m *testing.M) {
	if os.Geteuid() == 0 && os.Getenv(private) == "" {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err == nil {
			err = unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), private+"=1"))
			fmt.Fprintln(os.Stderr, "run the tests in a new network namespace:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

func needNamespace(t *testing.T) {
	t.Helper()
	if os.Getenv(private) == "" {
		t.Skip("needs root and the right to make a network namespace")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newLink makes an interface, an end of a veth. It is deleted at the end of the
// test, and its addresses and routes with it.
func newLink(t *testing.T, name string, up bool) netlink.Link {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = name, 1400
	attrs.HardwareAddr = net.HardwareAddr{2, 0, 0, 0, 0, name[len(name)-1] - '0'}
	link := &netlink.Veth{LinkAttrs: attrs, PeerName: "far-" + name}
	must(t, netlink.LinkAdd(link))
	t.Cleanup(func() { must(t, netlink.LinkDel(link)) })
	if up {
		must(t, netlink.LinkSetUp(link))
	}
	return link
}

// addAddress gives an address to an interface, made by whom IFA_PROTO says; 0:
// nobody said. IPv6 is usable at once.
func addAddress(t *testing.T, link netlink.Link, address string, proto byte) {
	t.Helper()
	p := netip.MustParsePrefix(address)
	family, flags := unix.AF_INET6, uint32(unix.IFA_F_NODAD)
	if p.Addr().Is4() {
		family, flags = unix.AF_INET, 0
	}
	msg := nl.NewIfAddrmsg(family)
	msg.Index, msg.Prefixlen, msg.Flags = uint32(link.Attrs().Index), uint8(p.Bits()), uint8(flags)
	req := nl.NewNetlinkRequest(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL|unix.NLM_F_ACK)
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.IFA_LOCAL, p.Addr().AsSlice()))
	req.AddData(nl.NewRtAttr(unix.IFA_ADDRESS, p.Addr().AsSlice()))
	if proto != 0 {
		req.AddData(nl.NewRtAttr(ifaddr.Proto, []byte{proto}))
	}
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	must(t, err)
}

// addRoute makes a route; no gateway: the network is on the link.
func addRoute(t *testing.T, link netlink.Link, to, gateway string, metric int) {
	t.Helper()
	_, dst, err := net.ParseCIDR(to)
	must(t, err)
	r := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: dst, Priority: metric, Gw: net.ParseIP(gateway)}
	if gateway == "" {
		r.Scope = netlink.SCOPE_LINK
	}
	must(t, netlink.RouteAdd(r))
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

// TestRead takes the picture of a director that is master just now.
func TestRead(t *testing.T) {
	needNamespace(t)
	outside, inside, down := newLink(t, "out1", true), newLink(t, "in2", true), newLink(t, "spare3", false)
	addAddress(t, outside, "198.51.100.2/24", 0)
	addAddress(t, outside, "2001:db8::2/64", 0)
	addAddress(t, outside, "198.51.100.80/24", ifaddr.Mark)
	addAddress(t, inside, "10.0.0.2/24", 0)
	addAddress(t, inside, "10.7.0.1/16", ifaddr.Mark) // the gateway of the servers, and their network with it
	addAddress(t, down, "192.0.2.2/24", 0)
	addRoute(t, inside, "10.5.0.0/16", "", 0)
	addRoute(t, inside, "10.6.0.0/16", "10.0.0.254", 0)
	addRoute(t, outside, "0.0.0.0/0", "198.51.100.1", 100)
	addRoute(t, inside, "0.0.0.0/0", "10.0.0.254", 200)
	addRoute(t, inside, "::/0", "", 100)

	h, err := Read()
	must(t, err)
	common := conf.Interface{MTU: 1400, Up: true, Broadcast: true}
	out, in, spare := common, common, common
	out.Name, out.HardwareAddr, out.Default4 = "out1", "02:00:00:00:00:01", true
	out.Addresses = prefixes("198.51.100.2/24", "2001:db8::2/64")
	out.Floating = prefixes("198.51.100.80/24")
	in.Name, in.HardwareAddr, in.Default6 = "in2", "02:00:00:00:00:02", true
	in.Addresses, in.Floating, in.Networks = prefixes("10.0.0.2/24"), prefixes("10.7.0.1/16"), prefixes("10.5.0.0/16")
	spare.Name, spare.HardwareAddr, spare.Up = "spare3", "02:00:00:00:00:03", false
	spare.Addresses = prefixes("192.0.2.2/24")
	if marked := slices.ContainsFunc(h.Interfaces, func(i conf.Interface) bool { return len(i.Floating) > 0 }); !marked {
		t.Skip("this kernel does not say who made an address (Linux 5.18 does)")
	}
	// The kernel numbers interfaces, and gives each link-local addresses.
	ignored := cmp.Options{
		cmpopts.IgnoreFields(conf.Interface{}, "Index", "Multicast"),
		cmpopts.IgnoreSliceElements(func(p netip.Prefix) bool { return p.Addr().IsLinkLocalUnicast() }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmpopts.EquateEmpty(),
	}
	ours := slices.DeleteFunc(slices.Clone(h.Interfaces), func(i conf.Interface) bool {
		return i.Name != "out1" && i.Name != "in2" && i.Name != "spare3"
	})
	if diff := cmp.Diff([]conf.Interface{out, in, spare}, ours, ignored); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
	if lo := h.Interface("lo"); lo == nil || !lo.Loopback || lo.HardwareAddr != "" {
		t.Errorf("lo is %+v", lo)
	}
	if again, err := Read(); err != nil || !cmp.Equal(h, again, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })) {
		t.Errorf("a second picture differs, or fails: %v", err)
	}
}

// TestOwn asks for the addresses of a director that is master just now.
func TestOwn(t *testing.T) {
	needNamespace(t)
	outside, inside := newLink(t, "out1", true), newLink(t, "in2", true)
	addAddress(t, outside, "198.51.100.2/24", 0)
	addAddress(t, outside, "198.51.100.80/24", ifaddr.Mark)
	addAddress(t, outside, "2001:db8::2/64", 0)
	addAddress(t, inside, "10.0.0.2/24", 0)
	addAddress(t, inside, "198.51.100.2/32", 0)
	h, err := Read()
	must(t, err)
	if len(h.Interface("out1").Floating) == 0 {
		t.Skip("this kernel does not say who made an address (Linux 5.18 does)")
	}
	own, err := Own()
	must(t, err)
	var got []string
	for _, a := range own {
		if !a.IsLoopback() && !a.IsLinkLocalUnicast() {
			got = append(got, a.String())
		}
	}
	if diff := cmp.Diff([]string{"10.0.0.2", "198.51.100.2", "2001:db8::2"}, got); diff != "" {
		t.Errorf("own addresses (-want +got):\n%s", diff)
	}
}

// TestTemplateOfThisHost fills in a template with the real thing, on the director
// that is master.
func TestTemplateOfThisHost(t *testing.T) {
	needNamespace(t)
	link, other := newLink(t, "eth1", true), newLink(t, "eth10", true)
	addAddress(t, link, "10.1.0.80/16", 0) // a virtual address, set by another program and listed first
	addAddress(t, link, "10.1.0.2/16", 0)
	addAddress(t, other, "10.2.0.2/8", 0)
	h, err := Read()
	must(t, err)
	file := "vrrp_instance A {\ninterface eth1\nvirtual_router_id 1\nmcast_src_ip \"{{ GetInterfaceIP `eth1` }}\"\nvirtual_ipaddress {\n10.1.0.80/16\n}\n}\n"
	f, found := conf.ReadText("a.conf", []byte(file), conf.Options{Host: h})
	if all := f.Config().VRRP.Instances; len(all) != 1 || all[0].Source.String() != "10.1.0.2" {
		t.Errorf("instances %+v, findings %v", all, found)
	}
}

func TestConfigID(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Skip("this host has no name:", err)
	}
	got := ConfigID()
	if strings.Contains(got, ".") || !strings.HasPrefix(name, got) || got == "" {
		t.Errorf("ConfigID of %s is %q", name, got)
	}
}
