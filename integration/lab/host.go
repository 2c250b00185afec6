package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Host is a network namespace of the lab.
type Host struct {
	// Name is "client", "router", "a", "b", "s1" ... for logs and errors.
	Name string

	ns     *namespace
	handle *netlink.Handle

	// mu guards all following fields. Whoever uses handle holds it for reading,
	// so that close, which holds it for writing, does not close it under him.
	mu      sync.RWMutex
	running []*Process
	closed  bool
}

// newHost makes an empty namespace with lo up and nothing that the lab's
// measurements could stumble over.
func newHost(name string) (h *Host, err error) {
	h = &Host{Name: name}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("make host %s: %w", name, err), h.close())
		}
	}()
	if h.ns, err = newNamespace(); err != nil {
		return h, err
	}
	if h.handle, err = netlink.NewHandleAt(h.ns.fd, unix.NETLINK_ROUTE); err != nil {
		return h, fmt.Errorf("open netlink: %w", err)
	}
	// First of all lo: in a namespace without an IPv4 address the kernel
	// refuses every real server (EINVAL).
	if err := h.linkUp("lo"); err != nil {
		return h, err
	}
	return h, h.sysctls(hostSysctls)
}

// hostSysctls hold in every host. The optional ones need IPv6.
var hostSysctls = []sysctl{
	// Replies of real servers come by another way than the requests went.
	{"net.ipv4.conf.all.rp_filter", "0", false},
	{"net.ipv4.conf.default.rp_filter", "0", false},
	{"net.ipv4.conf.all.send_redirects", "0", false},
	{"net.ipv4.conf.default.send_redirects", "0", false},
	// Without duplicate address detection an address serves at once.
	{"net.ipv6.conf.all.accept_dad", "0", true},
	{"net.ipv6.conf.default.accept_dad", "0", true},
	{"net.ipv6.conf.default.router_solicitations", "0", true},
}

type sysctl struct {
	name, value string
	optional    bool // Kernels without it do as well.
}

func (h *Host) sysctls(list []sysctl) error {
	for _, s := range list {
		if err := h.Sysctl(s.name, s.value); err != nil && !(s.optional && errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// Do runs fn on an operating-system thread inside the namespace and returns
// its error. Sockets that fn opens belong to the namespace for their life, and
// /proc/thread-self/net shows it; goroutines that fn starts are elsewhere. A
// thread that cannot be brought back is left to die.
func (h *Host) Do(fn func() error) error {
	err := h.ns.do(fn)
	if errors.Is(err, errGone) {
		return fmt.Errorf("enter %s: %w", h.Name, err)
	}
	return err
}

// Netlink returns the route-netlink handle of the namespace, good from any
// goroutine until the host goes.
func (h *Host) Netlink() *netlink.Handle { return h.handle }

// Sysctl sets a value in the namespace, by its dotted name or its path below
// /proc/sys.
func (h *Host) Sysctl(name, value string) error {
	path := name
	if !strings.Contains(name, "/") {
		path = strings.ReplaceAll(name, ".", "/")
	}
	err := h.Do(func() error { return os.WriteFile("/proc/sys/"+path, []byte(value), 0) })
	if err != nil {
		return fmt.Errorf("set %s to %s in %s: %w", name, value, h.Name, err)
	}
	return nil
}

// linkUp brings an interface up.
func (h *Host) linkUp(link string) error {
	l, err := h.handle.LinkByName(link)
	if err == nil {
		err = h.handle.LinkSetUp(l)
	}
	if err != nil {
		return fmt.Errorf("bring %s up in %s: %w", link, h.Name, err)
	}
	return nil
}

// addAddress gives an interface an address.
func (h *Host) addAddress(link string, a netip.Prefix) error {
	l, err := h.handle.LinkByName(link)
	if err == nil {
		err = h.handle.AddrAdd(l, &netlink.Addr{IPNet: ipNet(a)})
	}
	if err != nil {
		return fmt.Errorf("add %s to %s in %s: %w", a, link, h.Name, err)
	}
	return nil
}

// addLeg gives an interface the addresses of its leg.
func (h *Host) addLeg(link string, leg Leg, bits int) error {
	if err := h.addAddress(link, netip.PrefixFrom(leg.Addr, bits)); err != nil || !leg.Addr6.IsValid() {
		return err
	}
	return h.addAddress(link, netip.PrefixFrom(leg.Addr6, bits6))
}

// addDefaultRoutes routes everything by a neighbour, in each of its families.
func (h *Host) addDefaultRoutes(via Leg) error {
	return errors.Join(h.addDefaultRoute(via.Addr, mainTable), h.addDefaultRoute(via.Addr6, mainTable))
}

// mainTable stands for the table that the kernel takes where none is named.
const mainTable = 0

// addDefaultRoute routes everything of a family by a neighbour. The zero
// address, that of a family which the lab does not have, adds nothing.
func (h *Host) addDefaultRoute(via netip.Addr, table int) error {
	if !via.IsValid() {
		return nil
	}
	if err := h.handle.RouteAdd(&netlink.Route{Gw: via.AsSlice(), Table: table}); err != nil {
		return fmt.Errorf("add the default route by %s in %s: %w", via, h.Name, err)
	}
	return nil
}

// killAll ends the host's processes and allows no new ones.
func (h *Host) killAll() error {
	h.mu.Lock()
	h.closed = true
	running := h.running
	h.running = nil
	h.mu.Unlock()
	var errs []error
	for _, p := range running {
		errs = append(errs, p.Kill())
	}
	return errors.Join(errs...)
}

// close ends the host's processes and lets the namespace go.
func (h *Host) close() error {
	errs := []error{h.killAll()}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.handle != nil {
		h.handle.Close() // May be closed twice.
	}
	if h.ns != nil {
		errs = append(errs, h.ns.close())
	}
	return errors.Join(errs...)
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
