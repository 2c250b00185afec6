package realserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Gather reads what is set on this host. With ask it also asks the network who
// answers for the VIPs, which takes a second. What cannot be read is in
// Facts.Unknown; an error means that next to nothing could.
func Gather(ctx context.Context, w Wish, ask bool) (Facts, error) {
	f := Facts{All: settings("all"), Default: settings("default")}
	var err error
	if f.Links, err = links(); err != nil {
		return f, err
	}
	unknown := func(what string, err error) {
		if err != nil {
			f.Unknown = append(f.Unknown, what+": "+err.Error())
		}
	}
	f.Receivers, err = receivers()
	unknown("UDP ports that unwrap", err)
	unknown("nftables", f.readRules())
	legacy, err := legacyFilters(ctx)
	unknown("arptables-legacy", err)
	f.Filters = append(f.Filters, legacy...)
	f.Sockets, err = sockets()
	unknown("listening sockets", err)

	for _, vip := range w.VIPs {
		f.Replies = append(f.Replies, ways(f.Links, w.client(familyOf(vip)), vip))
	}
	if w.Method == NAT && w.Gateway.IsValid() {
		f.Replies = []Route{way(w.client(familyOf(w.Gateway)), netip.Addr{})}
	}
	if w.From.IsValid() {
		f.Director = way(w.From, netip.Addr{})
	}
	if ask {
		f.ask(ctx, w.VIPs)
	}
	return f, nil
}

// links reads the interfaces with their addresses.
func links() ([]Link, error) {
	all, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []Link
	for _, one := range all {
		a := one.Attrs()
		l := Link{
			Name: a.Name, Type: one.Type(), MTU: a.MTU, Settings: settings(a.Name),
			Up:     a.Flags&net.FlagUp != 0,
			Silent: a.Flags&net.FlagLoopback != 0 || a.RawFlags&unix.IFF_NOARP != 0,
			Port:   a.MasterIndex != 0 && !isVRF(all, a.MasterIndex),
		}
		if len(a.HardwareAddr) == 6 && !l.Silent {
			l.MAC = a.HardwareAddr.String()
		}
		addrs, err := netlink.AddrList(one, netlink.FAMILY_ALL)
		if err != nil {
			return nil, fmt.Errorf("list addresses of %s: %w", a.Name, err)
		}
		for _, addr := range addrs {
			if p, ok := prefixOf(addr.IPNet); ok {
				own := Address{Prefix: p, Host: addr.Scope == unix.RT_SCOPE_HOST}
				if b, ok := netip.AddrFromSlice(addr.Broadcast); ok {
					own.Broadcast = b.Unmap()
				}
				if addr.Label != a.Name {
					own.Label = addr.Label
				}
				l.Addresses = append(l.Addresses, own)
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// isVRF reports that a link's master routes: its ports keep their addresses.
func isVRF(all []netlink.Link, index int) bool {
	for _, l := range all {
		if l.Attrs().Index == index {
			return l.Type() == "vrf"
		}
	}
	return false
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	ones, _ := n.Mask.Size()
	return netip.PrefixFrom(a.Unmap(), ones), ok
}

// settings reads an interface's own values; one that is gone has none.
func settings(device string) Settings {
	return Settings{
		ARPIgnore:   readSetting(setting(device, "arp_ignore")),
		ARPAnnounce: readSetting(setting(device, "arp_announce")),
		RPFilter:    readSetting(setting(device, "rp_filter")),
	}
}

func readSetting(path string) int {
	text, err := os.ReadFile(filepath.Join("/proc/sys", path))
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

// receivers reads the UDP ports at which the kernel unwraps.
func receivers() ([]Receiver, error) {
	list, err := netlink.FouList(unix.AF_UNSPEC)
	if errors.Is(err, unix.ENOENT) {
		return nil, nil // The kernel has no such thing loaded.
	}
	var found []Receiver
	for _, one := range list {
		r := Receiver{Port: uint16(one.Port), IP: 4, GUE: one.EncapType == netlink.FOU_ENCAP_GUE}
		if one.Family == unix.AF_INET6 {
			r.IP = 6
		}
		found = append(found, r)
	}
	return found, err
}

// ways asks for the route of replies: with the VIP as source where the host has
// it, else as they would go.
func ways(links []Link, client, vip netip.Addr) Route {
	for _, l := range links {
		for _, a := range l.Addresses {
			if a.Prefix.Addr() == vip {
				return way(client, vip)
			}
		}
	}
	r := way(client, netip.Addr{})
	r.From = vip
	return r
}

// way asks the kernel for a route.
func way(to, from netip.Addr) Route {
	r := Route{To: to, From: from}
	o := &netlink.RouteGetOptions{}
	if from.IsValid() {
		o.SrcAddr = from.AsSlice()
	}
	list, err := netlink.RouteGetWithOptions(to.AsSlice(), o)
	switch {
	case err != nil:
		r.Problem = err.Error()
		return r
	case len(list) == 0:
		r.Problem = "no answer"
		return r
	case list[0].Type != unix.RTN_UNICAST && list[0].Type != unix.RTN_UNSPEC:
		r.Problem = fmt.Sprintf("it is %s", routeTypes[list[0].Type])
	}
	if link, err := netlink.LinkByIndex(list[0].LinkIndex); err == nil {
		r.Device = link.Attrs().Name
	}
	if gw, ok := netip.AddrFromSlice(list[0].Gw); ok {
		r.Gateway = gw.Unmap()
	}
	r.AdvMSS = list[0].AdvMSS
	return r
}

// routeTypes names what no packet is sent by.
var routeTypes = map[int]string{
	unix.RTN_LOCAL: "this host itself", unix.RTN_BROADCAST: "a broadcast address", unix.RTN_MULTICAST: "a multicast address",
	unix.RTN_BLACKHOLE: "a black hole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibited", unix.RTN_THROW: "thrown away",
}

// sockets reads who listens (proc_net_tcp in the kernel's documentation).
func sockets() ([]Socket, error) {
	var all []Socket
	var errs []error
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + file)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) { // A kernel without IPv6.
				errs = append(errs, err)
			}
			continue
		}
		all = append(all, listening(string(text), strings.HasPrefix(file, "udp"))...)
	}
	return all, errors.Join(errs...)
}

// States of /proc/net/tcp and udp (include/net/tcp_states.h).
const (
	tcpListen  = "0A"
	udpUnbound = "07" // TCP_CLOSE: not connected to anybody.
)

// listening reads the text of such a file.
func listening(text string, udp bool) []Socket {
	want := tcpListen
	if udp {
		want = udpUnbound
	}
	var list []Socket
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 4 || words[3] != want {
			continue
		}
		if s, ok := parseSocket(words[1]); ok {
			s.UDP = udp
			list = append(list, s)
		}
	}
	return list
}
