package ipvsadm

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// patience is how long one name is waited for, and how long all that are not
// answered may take together: a listing must not hang for a dead name server.
const patience = 3 * time.Second

// names turns names into numbers and back by /etc/hosts, DNS and /etc/services.
type names struct {
	ctx      context.Context
	ports    map[serviceName]uint16
	services map[servicePort]string
	file     *hostsFile
	hosts    map[netip.Addr]string // what DNS said; empty: nothing
	waited   time.Duration         // for what was not answered
}

type serviceName struct {
	name, proto string
}

type servicePort struct {
	port  uint16
	proto string
}

func newNames(ctx context.Context) *names {
	return &names{ctx: ctx, hosts: map[netip.Addr]string{}}
}

// protoName is what /etc/services calls a protocol.
func protoName(p ipvs.Protocol) string { return strings.ToLower(p.String()) }

// load reads /etc/services once. Of two lines with one key the first counts.
func (n *names) load() {
	if n.ports != nil {
		return
	}
	n.ports, n.services = map[serviceName]uint16{}, map[servicePort]string{}
	text, err := os.ReadFile("/etc/services")
	if err != nil {
		return // Then there are no names, as for the original.
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		port, proto, _ := strings.Cut(f[1], "/")
		num, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			continue
		}
		if key := (servicePort{uint16(num), proto}); n.services[key] == "" {
			n.services[key] = f[0]
		}
		for _, name := range append(f[2:], f[0]) {
			if _, known := n.ports[serviceName{name, proto}]; !known {
				n.ports[serviceName{name, proto}] = uint16(num)
			}
		}
	}
}

// port is the port of a service by its name.
func (n *names) port(name string, proto ipvs.Protocol) (uint16, bool) {
	n.load()
	port, ok := n.ports[serviceName{name, protoName(proto)}]
	return port, ok
}

// service is the name of a port, or its number.
func (n *names) service(port uint16, proto ipvs.Protocol) string {
	n.load()
	if name := n.services[servicePort{port, protoName(proto)}]; name != "" {
		return name
	}
	return strconv.Itoa(int(port))
}

// hostsFile is /etc/hosts. It is read here and not by package net because the
// C library, and so the original, takes the first line that fits.
type hostsFile struct {
	addresses map[string]netip.Addr // the first IPv4 one of a name in lower case
	names     map[netip.Addr]string
}

func readHosts() *hostsFile {
	h := &hostsFile{map[string]netip.Addr{}, map[netip.Addr]string{}}
	text, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return h // Then there is DNS alone.
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(f[0])
		if err != nil {
			continue
		}
		if h.names[addr] == "" {
			h.names[addr] = f[1]
		}
		for _, name := range f[1:] {
			name = strings.ToLower(name)
			if _, known := h.addresses[name]; !known && addr.Is4() {
				h.addresses[name] = addr
			}
		}
	}
	return h
}

// known is /etc/hosts, read once.
func (n *names) known() *hostsFile {
	if n.file == nil {
		n.file = readHosts()
	}
	return n.file
}

// address is the first IPv4 address of a host: the original knows no others by
// name.
func (n *names) address(host string) (netip.Addr, bool) {
	if a, ok := n.known().addresses[strings.ToLower(host)]; ok {
		return a, true
	}
	ctx, cancel := context.WithTimeout(n.ctx, patience)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, false
	}
	return addrs[0].Unmap(), true
}

// host is the name of an address, or empty.
func (n *names) host(a netip.Addr) string {
	if name := n.known().names[a]; name != "" {
		return name
	}
	if name, known := n.hosts[a]; known {
		return name
	}
	name := ""
	if n.waited < patience {
		begun := time.Now()
		ctx, cancel := context.WithTimeout(n.ctx, patience-n.waited)
		found, err := net.DefaultResolver.LookupAddr(ctx, a.String())
		cancel()
		if err != nil {
			n.waited += time.Since(begun)
		} else if len(found) > 0 {
			name = strings.TrimSuffix(found[0], ".")
		}
	}
	n.hosts[a] = name
	return name
}
