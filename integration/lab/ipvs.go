package lab

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// VirtualService is a service as /proc/net/ip_vs shows it: an eye independent
// of the code under test.
type VirtualService struct {
	Protocol     string // "TCP", "UDP", "SCTP" or "FWM".
	Addr         netip.AddrPort
	Mark         uint32 // Of a FWM service.
	Scheduler    string
	Flags        []string // Words after the scheduler, such as "persistent", "ops".
	Destinations []Destination
}

// Destination is a real server of a service.
type Destination struct {
	Addr             netip.AddrPort
	Forward          string // "Masq", "Route", "Tunnel", "Local".
	Weight           int
	Active, Inactive int // Connections.
}

// Connection is an entry of /proc/net/ip_vs_conn.
type Connection struct {
	Protocol                     string
	Client, Virtual, Destination netip.AddrPort
	State                        string // "ESTABLISHED", "SYN_RECV", "NONE" ...
	Expires                      int    // Seconds.
}

// IPVS reads the namespace's service table.
func (h *Host) IPVS() ([]VirtualService, error) {
	text, err := h.readProcNet("ip_vs")
	if err != nil {
		return nil, err
	}
	return parseServices(text)
}

// Connections reads the namespace's connection table, synchronised entries
// included.
func (h *Host) Connections() ([]Connection, error) {
	text, err := h.readProcNet("ip_vs_conn")
	if err != nil {
		return nil, err
	}
	return parseConnections(text)
}

// readProcNet reads a file of /proc/net as the namespace has it, a page at a
// time: ip_vs_info_seq_next counts the services of every namespace and
// ip_vs_info_array, where the next read begins, those of this one only
// (ip_vs_ctl.c), so what os.ReadFile reads in pieces of 512 bytes lacks
// services. What is larger than a page lacks them anyway, unless no other
// namespace has any.
func (h *Host) readProcNet(file string) (text string, err error) {
	err = h.Do(func() error {
		f, err := os.Open("/proc/thread-self/net/" + file)
		if err != nil {
			return err
		}
		defer f.Close()
		page := make([]byte, 64<<10)
		for {
			n, err := f.Read(page)
			text += string(page[:n])
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		return "", fmt.Errorf("read %s of %s: %w", file, h.Name, err)
	}
	return text, nil
}

// parseServices reads /proc/net/ip_vs (ip_vs_info_seq_show in the kernel's
// net/netfilter/ipvs/ip_vs_ctl.c): three lines of heading, then a line for each
// service and a line with an arrow for each of its destinations.
func parseServices(text string) ([]VirtualService, error) {
	var services []VirtualService
	for n, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if n < 3 || len(words) == 0 {
			continue
		}
		var err error
		switch {
		case words[0] != "->":
			var s VirtualService
			s, err = parseService(words)
			services = append(services, s)
		case len(services) == 0:
			err = fmt.Errorf("a destination before any service")
		default:
			var d Destination
			d, err = parseDestination(words)
			last := &services[len(services)-1]
			last.Destinations = append(last.Destinations, d)
		}
		if err != nil {
			return nil, fmt.Errorf("read /proc/net/ip_vs line %q: %w", line, err)
		}
	}
	return services, nil
}

func parseService(words []string) (s VirtualService, err error) {
	if len(words) < 3 {
		return s, fmt.Errorf("too short")
	}
	s = VirtualService{Protocol: words[0], Scheduler: words[2], Flags: words[3:]}
	if s.Protocol == "FWM" {
		mark, err := strconv.ParseUint(words[1], 16, 32)
		s.Mark = uint32(mark)
		return s, err
	}
	s.Addr, err = parseHexEndpoint(words[1])
	return s, err
}

func parseDestination(words []string) (d Destination, err error) {
	if len(words) != 6 {
		return d, fmt.Errorf("not six words")
	}
	if d.Addr, err = parseHexEndpoint(words[1]); err != nil {
		return d, err
	}
	d.Forward = words[2]
	for i, field := range []*int{&d.Weight, &d.Active, &d.Inactive} {
		if *field, err = strconv.Atoi(words[3+i]); err != nil {
			return d, err
		}
	}
	return d, nil
}

// parseHexEndpoint reads "C0000264:0050" or "[2001:...]:0050".
func parseHexEndpoint(text string) (netip.AddrPort, error) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return netip.AddrPort{}, fmt.Errorf("no port in %q", text)
	}
	return hexEndpoint(strings.Trim(text[:colon], "[]"), text[colon+1:])
}

// hexEndpoint reads an address and a port as the kernel's tables have them:
// IPv4 as eight hexadecimal digits, IPv6 with colons.
func hexEndpoint(host, port string) (netip.AddrPort, error) {
	p, err := hex.DecodeString(port)
	if err != nil || len(p) != 2 {
		return netip.AddrPort{}, fmt.Errorf("no port: %q", port)
	}
	number := binary.BigEndian.Uint16(p)
	if strings.Contains(host, ":") {
		a, err := netip.ParseAddr(host)
		return netip.AddrPortFrom(a, number), err
	}
	b, err := hex.DecodeString(host)
	if err != nil || len(b) != 4 {
		return netip.AddrPort{}, fmt.Errorf("no address: %q", host)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), number), nil
}

// parseConnections reads /proc/net/ip_vs_conn (ip_vs_conn_seq_show in the
// kernel's net/netfilter/ipvs/ip_vs_conn.c): a heading, then a line for each
// connection.
func parseConnections(text string) ([]Connection, error) {
	var all []Connection
	for n, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if n == 0 || len(words) == 0 {
			continue
		}
		c, err := parseConnection(words)
		if err != nil {
			return nil, fmt.Errorf("read /proc/net/ip_vs_conn line %q: %w", line, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func parseConnection(words []string) (c Connection, err error) {
	if len(words) < 9 {
		return c, fmt.Errorf("too short")
	}
	c = Connection{Protocol: words[0], State: words[7]}
	for i, field := range []*netip.AddrPort{&c.Client, &c.Virtual, &c.Destination} {
		if *field, err = hexEndpoint(words[1+2*i], words[2+2*i]); err != nil {
			return c, err
		}
	}
	c.Expires, err = strconv.Atoi(words[8])
	return c, err
}
