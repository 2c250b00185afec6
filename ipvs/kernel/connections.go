package kernel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// Connection is one entry of the connection table, or one template of a
// persistent service, which has client port 0.
type Connection struct {
	Protocol                string // "TCP"; a protocol without a name is a number
	Client, Virtual, Server netip.AddrPort
	State                   string
	Expires                 time.Duration // whole seconds
	PE, PEData              string        // of a template that a persistence engine made
}

// Connections hands every connection of the calling thread's network namespace
// to take, in the order of the kernel's table, until take returns an error.
func Connections(ctx context.Context, take func(Connection) error) error {
	file, err := os.Open("/proc/thread-self/net/ip_vs_conn")
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the connections: %w: modprobe ip_vs", ipvs.ErrNoIPVS)
	}
	if err != nil {
		return fmt.Errorf("read the connections: %w", err)
	}
	defer file.Close()
	return scanConnections(ctx, file, take)
}

func scanConnections(ctx context.Context, r io.Reader, take func(Connection) error) error {
	lines := bufio.NewScanner(r)
	lines.Scan() // the header
	for lines.Scan() && ctx.Err() == nil {
		c, err := ParseConnection(lines.Text())
		if err != nil {
			return fmt.Errorf("read the connections: %w", err)
		}
		if err := take(c); err != nil {
			return err
		}
	}
	if err := errors.Join(lines.Err(), ctx.Err()); err != nil {
		return fmt.Errorf("read the connections: %w", err)
	}
	return nil
}

// ParseConnection reads one line of /proc/net/ip_vs_conn (ip_vs_conn_seq_show):
// protocol, three times address and port, state, seconds, and for templates
// of an engine its name and data.
func ParseConnection(line string) (c Connection, err error) {
	f := strings.Fields(line)
	if len(f) < 9 {
		return c, fmt.Errorf("parse a connection: %d fields in %q", len(f), line)
	}
	seconds, err := strconv.ParseUint(f[8], 10, 32)
	if err != nil {
		return c, fmt.Errorf("parse the timer of a connection: %w", err)
	}
	c = Connection{Protocol: f[0], State: f[7], Expires: time.Duration(seconds) * time.Second}
	for i, p := range []*netip.AddrPort{&c.Client, &c.Virtual, &c.Server} {
		if *p, err = hexAddrPort(f[1+2*i], f[2+2*i]); err != nil {
			return c, err
		}
	}
	if len(f) > 9 {
		c.PE = f[9]
		c.PEData = strings.Join(f[10:], " ")
	}
	return c, nil
}

// hexAddrPort reads C0000250 or 2001:0db8:…, all digits written, and a port in
// hexadecimal.
func hexAddrPort(addr, port string) (ap netip.AddrPort, err error) {
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return ap, fmt.Errorf("parse the port of a connection: %w", err)
	}
	if strings.Contains(addr, ":") {
		a, err := netip.ParseAddr(strings.Trim(addr, "[]"))
		if err != nil || a.Zone() != "" {
			return ap, fmt.Errorf("parse the address %q of a connection", addr)
		}
		return netip.AddrPortFrom(a, uint16(n)), nil
	}
	raw, err := strconv.ParseUint(addr, 16, 32)
	if err != nil || len(addr) != 8 {
		return ap, fmt.Errorf("parse the address %q of a connection", addr)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(raw >> 24), byte(raw >> 16), byte(raw >> 8), byte(raw)}), uint16(n)), nil
}
