// Package host takes the picture of this host that package conf judges a file by
// and fills templates with. It reads rtnetlink (man 7 rtnetlink) in the network
// namespace of the process, starts no program and changes nothing.
package host

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/vrrp/link/ifaddr"
)

// ConfigID is what @ID conditions compare with where nothing else is said: the
// name of the host up to its first dot. It is empty where there is none.
func ConfigID() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}

// kernelTimeout bounds each wait for an answer of the kernel, which otherwise
// takes microseconds.
const kernelTimeout = 2 * time.Second

// Read takes the picture: interfaces in the order in which they were made, with
// their addresses, and what the main routing table says of them.
func Read() (*conf.Host, error) {
	kernel, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open a route netlink socket: %w", err)
	}
	defer kernel.Close()
	if err := kernel.SetSocketTimeout(kernelTimeout); err != nil {
		return nil, fmt.Errorf("set up a route netlink socket: %w", err)
	}
	var links []netlink.Link
	err = ifaddr.Whole(func() error { links, err = kernel.LinkList(); return err })
	if err != nil {
		return nil, fmt.Errorf("read interfaces: %w", err)
	}
	p := picture{kernel: kernel, host: &conf.Host{Name: ConfigID(), Names: names(nameDirs)}}
	for _, l := range links {
		p.host.Interfaces = append(p.host.Interfaces, describe(l.Attrs()))
	}
	slices.SortFunc(p.host.Interfaces, func(a, b conf.Interface) int { return a.Index - b.Index })
	if err := p.addresses(); err != nil {
		return nil, fmt.Errorf("read addresses: %w", err)
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		if err := p.routes(family); err != nil {
			return nil, fmt.Errorf("read routes: %w", err)
		}
	}
	return p.host, nil
}

// describe is an interface without its addresses and routes.
func describe(a *netlink.LinkAttrs) conf.Interface {
	has := func(flag uint32) bool { return a.RawFlags&flag != 0 }
	in := conf.Interface{
		Name: a.Name, Index: a.Index, MTU: a.MTU,
		Up: has(unix.IFF_UP), Loopback: has(unix.IFF_LOOPBACK),
		Broadcast: has(unix.IFF_BROADCAST), Multicast: has(unix.IFF_MULTICAST), PointToPoint: has(unix.IFF_POINTOPOINT),
	}
	if len(a.HardwareAddr) > 0 && !in.Loopback { // that of lo is all zeros
		in.HardwareAddr = a.HardwareAddr.String()
	}
	return in
}

// picture is a host while it is read.
type picture struct {
	kernel *netlink.Handle
	host   *conf.Host
}

// at finds an interface by its index; nil: it has come since.
func (p picture) at(index int) *conf.Interface {
	i := slices.IndexFunc(p.host.Interfaces, func(in conf.Interface) bool { return in.Index == index })
	if i < 0 {
		return nil
	}
	return &p.host.Interfaces[i]
}
