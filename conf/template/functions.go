package template

import (
	"net"
	"slices"
	"strings"
	"text/template"

	"github.com/hashicorp/go-sockaddr"
)

// facts is what the functions of one evaluation read.
type facts struct {
	host []Interface
	all  sockaddr.IfAddrs // every address of every interface
}

// addresses are those of the host as the library has them. Its order is that of
// the interfaces, which is the order in which the kernel made them.
func addresses(host []Interface) sockaddr.IfAddrs {
	var all sockaddr.IfAddrs
	for _, in := range host {
		hardware, _ := net.ParseMAC(in.HardwareAddr)
		link := net.Interface{Index: in.Index, MTU: in.MTU, Name: in.Name, HardwareAddr: hardware, Flags: in.flags()}
		for _, p := range in.Addresses {
			if ip, err := sockaddr.NewIPAddr(p.String()); err == nil {
				all = append(all, sockaddr.IfAddr{SockAddr: ip, Interface: link})
			}
		}
	}
	return all
}

func (in Interface) flags() net.Flags {
	var f net.Flags
	for _, has := range []struct {
		yes  bool
		flag net.Flags
	}{
		{in.Up, net.FlagUp},
		{in.Loopback, net.FlagLoopback},
		{in.Broadcast, net.FlagBroadcast},
		{in.Multicast, net.FlagMulticast},
		{in.PointToPoint, net.FlagPointToPoint},
	} {
		if has.yes {
			f |= has.flag
		}
	}
	return f
}

// functions are those of the library. Its own would ask the kernel wherever an
// address comes from, and run ip(8) for the default route.
func (f facts) functions() template.FuncMap {
	return template.FuncMap{
		"GetAllInterfaces":     func() sockaddr.IfAddrs { return f.all },
		"GetDefaultInterfaces": f.defaults,
		"GetPrivateInterfaces": func() (sockaddr.IfAddrs, error) { return f.routed(true) },
		"GetPublicInterfaces":  func() (sockaddr.IfAddrs, error) { return f.routed(false) },
		"GetInterfaceIP":       f.interfaceIP,
		"GetInterfaceIPs":      f.interfaceIPs,
		"GetPrivateIP":         func() (string, error) { return f.routedIP(true) },
		"GetPrivateIPs":        func() (string, error) { return f.allIPs(true) },
		"GetPublicIP":          func() (string, error) { return f.routedIP(false) },
		"GetPublicIPs":         func() (string, error) { return f.allIPs(false) },

		"include": func(what, value string, in sockaddr.IfAddrs) (sockaddr.IfAddrs, error) {
			return sockaddr.IncludeIfs(what, whole(what, value), in)
		},
		"exclude": func(what, value string, in sockaddr.IfAddrs) (sockaddr.IfAddrs, error) {
			return sockaddr.ExcludeIfs(what, whole(what, value), in)
		},
		"sort":   f.sort,
		"unique": sockaddr.UniqueIfAddrsBy,
		"limit":  sockaddr.LimitIfAddrs,
		"offset": sockaddr.OffsetIfAddrs,
		"math":   sockaddr.IfAddrsMath,
		"attr":   attr,
		"join":   join,
	}
}

// whole makes the expression for a name one for all of it: what is written for
// eth1 must never find eth10.
func whole(what, expression string) string {
	if strings.EqualFold(what, "name") {
		return "^(?:" + expression + ")$"
	}
	return expression
}

// isDefault tells the interface of the default route: that of IPv4, or where
// there is none that of IPv6.
func (f facts) isDefault(name string) bool {
	has4 := slices.ContainsFunc(f.host, func(in Interface) bool { return in.Default4 })
	return slices.ContainsFunc(f.host, func(in Interface) bool {
		return in.Name == name && (in.Default4 || !has4 && in.Default6)
	})
}

// defaults are the addresses of the interface of the default route.
func (f facts) defaults() (sockaddr.IfAddrs, error) {
	if !slices.ContainsFunc(f.host, func(in Interface) bool { return in.Default4 || in.Default6 }) {
		return nil, mistakef("this host has no default route")
	}
	return f.where(func(a sockaddr.IfAddr) bool { return f.isDefault(a.Name) }), nil
}

// where are the addresses for which keep says yes.
func (f facts) where(keep func(sockaddr.IfAddr) bool) sockaddr.IfAddrs {
	var kept sockaddr.IfAddrs
	for _, a := range f.all {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

// routed are the private or public addresses that other networks can answer,
// those of the default route's interface first.
func (f facts) routed(private bool) (sockaddr.IfAddrs, error) {
	kept, _, err := sockaddr.IfByFlag("forwardable", f.all)
	if err != nil {
		return nil, err
	}
	if kept, _, err = sockaddr.IfByFlag("up", kept); err != nil {
		return nil, err
	}
	if kept, err = f.sort("default,type,size", kept); err != nil {
		return nil, err
	}
	return ofPrivacy(private, kept)
}

// ofPrivacy are the private or the public ones among addresses (RFC 6890).
func ofPrivacy(private bool, all sockaddr.IfAddrs) (sockaddr.IfAddrs, error) {
	in, out, err := sockaddr.IfByRFC("6890", all)
	if private {
		return in, err
	}
	return out, err
}

// routedIP is the first of routed.
func (f facts) routedIP(private bool) (string, error) {
	all, err := f.routed(private)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", mistakef("no interface that is up has a %s address", privacy(private))
	}
	return text(all[0]), nil
}

// allIPs are all private or public addresses, whether or not they are up.
func (f facts) allIPs(private bool) (string, error) {
	all, err := f.sort("type,size", f.all)
	if err != nil {
		return "", err
	}
	if all, err = ofPrivacy(private, all); err != nil {
		return "", err
	}
	if private { // Loopback, link-local and the like are of RFC 6890 as well.
		if _, all, err = sockaddr.IfByRFC(sockaddr.ForwardingBlacklistRFC, all); err != nil {
			return "", err
		}
	}
	if len(all) == 0 {
		return "", mistakef("no interface has a %s address", privacy(private))
	}
	return list(all), nil
}

func privacy(private bool) string {
	if private {
		return "private"
	}
	return "public"
}

// interfaceIP is the address of an interface in its largest network, IPv4
// before IPv6.
func (f facts) interfaceIP(name string) (string, error) {
	all, err := f.ofInterface(name)
	if err != nil {
		return "", err
	}
	// The library leaves out networks for documentation, too. Labs are made of
	// them, and the interface is named.
	all = slices.DeleteFunc(all, func(a sockaddr.IfAddr) bool {
		ip := address(a)
		return ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified()
	})
	if len(all) == 0 {
		return "", mistakef("%s has no address of its own; virtual and link-local ones do not count", name)
	}
	return text(all[0]), nil
}

// interfaceIPs are all addresses of an interface.
func (f facts) interfaceIPs(name string) (string, error) {
	all, err := f.ofInterface(name)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", mistakef("%s has no address of its own; virtual ones do not count", name)
	}
	return list(all), nil
}

// ofInterface are the addresses of the interfaces that an expression names.
func (f facts) ofInterface(expression string) (sockaddr.IfAddrs, error) {
	// The library matches addresses: one that is made for each interface tells
	// a name that nothing has from an interface without an address.
	var names sockaddr.IfAddrs
	for _, in := range f.host {
		names = append(names, sockaddr.IfAddr{SockAddr: sockaddr.IPv4Addr{}, Interface: net.Interface{Name: in.Name}})
	}
	found, _, err := sockaddr.IfByName(whole("name", expression), names)
	if err != nil {
		return nil, mistakef("%q is no regular expression", expression)
	}
	if len(found) == 0 {
		return nil, mistakef("no interface of this host is named %s: there is %s", expression, f.names())
	}
	all, _, err := sockaddr.IfByName(whole("name", expression), f.all)
	if err != nil {
		return nil, err
	}
	return f.sort("type,size", all)
}

// names are the interfaces of the host as a message lists them.
func (f facts) names() string {
	const shown = 12
	var names []string
	for _, in := range f.host {
		if len(names) == shown {
			names = append(names, "...")
			break
		}
		names = append(names, in.Name)
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
