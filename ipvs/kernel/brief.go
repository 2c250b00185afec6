package kernel

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// Brief is List with only what /proc/net/ip_vs tells of a server: address,
// forwarding, weight, active and inactive connections. One file instead of a
// request for every service makes a large table several times as fast.
// Services with a firewall mark, whose family the file does not tell, and with
// a tunnel, whose kind it does not tell, are read whole.
func (k *Kernel) Brief(ctx context.Context) ([]Listed, error) {
	file, err := os.Open("/proc/thread-self/net/ip_vs")
	if err != nil {
		return k.List(ctx) // No /proc: it is only a short cut.
	}
	defer file.Close()
	ctx, end, err := k.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	list, err := k.virtuals(ctx)
	if err != nil {
		return nil, err
	}
	places := make(map[ipvs.Key]int, len(list))
	for i := range list {
		places[list[i].Key] = i
	}
	if err := scanServers(file, list, places); err != nil {
		return nil, fmt.Errorf("read the servers of IPVS: %w", err)
	}
	for i := range list {
		whole := list[i].Key.FWMark != 0
		for _, r := range list[i].Servers {
			whole = whole || r.Forwarding == ipvs.Tunnel
		}
		if whole {
			list[i].Servers = nil
			if err := k.servers(ctx, &list[i]); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// spaceSize is how many servers get their space at once.
const spaceSize = 512

// scanServers gives the services their servers from the text of
// /proc/net/ip_vs (ip_vs_info_seq_show). What is in places is where a service
// stands in list; others have come since it was read.
func scanServers(r io.Reader, list []Listed, places map[ipvs.Key]int) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 16<<10), 64<<10)
	place := -1
	var space []Real // of many services, so that none of it is left unused
	begun := 0       // where the present service's part begins
	for n := 0; lines.Scan(); n++ {
		if n < 3 {
			continue // the header
		}
		line := lines.Bytes()
		if server, found := bytes.CutPrefix(line, []byte("  -> ")); found {
			if place < 0 {
				continue
			}
			real, err := parseServerLine(server)
			if err != nil {
				return err
			}
			if len(space) == cap(space) {
				// The servers of this service so far move to the new space.
				space = append(make([]Real, 0, spaceSize+2*len(space[begun:])), space[begun:]...)
				begun = 0
			}
			space = append(space, real)
			list[place].Servers = space[begun:len(space):len(space)]
			continue
		}
		place = -1
		proto, rest, _ := strings.Cut(string(line), " ")
		key := ipvs.Key{Protocol: protocols[proto], Family: ipvs.IPv4}
		if key.Protocol == 0 {
			continue // a firewall mark
		}
		word, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
		var err error
		if key.Addr, err = procAddrPort(word); err != nil {
			return err
		}
		if key.Addr.Addr().Is6() {
			key.Family = ipvs.IPv6
		}
		if i, known := places[key]; known {
			place, begun = i, len(space)
		}
	}
	return lines.Err()
}

var protocols = map[string]ipvs.Protocol{"TCP": ipvs.TCP, "UDP": ipvs.UDP, "SCTP": ipvs.SCTP}

var forwardings = map[string]ipvs.Forwarding{"Masq": ipvs.NAT, "Local": ipvs.Local, "Tunnel": ipvs.Tunnel, "Route": ipvs.DR}

// parseServerLine reads what follows the arrow.
func parseServerLine(line []byte) (r Real, err error) {
	var f [5][]byte
	for i := range f {
		line = bytes.TrimLeft(line, " ")
		end := bytes.IndexByte(line, ' ')
		if end < 0 {
			end = len(line)
		}
		f[i], line = line[:end], line[end:]
	}
	if r.Server, err = procAddrPort(string(f[0])); err != nil {
		return r, err
	}
	var known bool
	if r.Forwarding, known = forwardings[string(f[1])]; !known {
		return r, fmt.Errorf("parse a server: forwarding %q", f[1])
	}
	var numbers [3]int64
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(string(f[2+i]), 10, 64); err != nil {
			return r, fmt.Errorf("parse a server: %w", err)
		}
	}
	r.Weight, r.Active, r.Inactive = int32(numbers[0]), uint32(numbers[1]), uint32(numbers[2])
	return r, nil
}

// procAddrPort reads C0000250:0050 or [2001:0db8:…]:0050.
func procAddrPort(s string) (netip.AddrPort, error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return netip.AddrPort{}, fmt.Errorf("parse the address %q", s)
	}
	return hexAddrPort(s[:i], s[i+1:])
}
