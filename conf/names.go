package conf

import (
	"maps"
	"strconv"
	"strings"
)

// Names are the numbers of names that iproute2 knows on a host, from the files
// below /etc/iproute2 and /usr/share/iproute2.
type Names struct {
	Tables, Protocols, Realms, DSFields, Groups map[string]uint32
}

// usualNames are those that no host has other numbers for (linux/rtnetlink.h).
var usualNames = Names{
	Tables: map[string]uint32{"main": 254, "local": 255, "default": 253},
	Protocols: map[string]uint32{
		"redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11, "bird": 12,
		"dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "keepalived": 18, "babel": 42, "openr": 99,
		"bgp": 186, "isis": 187, "ospf": 188, "rip": 189, "eigrp": 192,
	},
	Realms:   map[string]uint32{"cosmos": 0},
	DSFields: map[string]uint32{"default": 0},
	Groups:   map[string]uint32{"default": 0},
}

// transports are the protocols of IP that a rule may name.
var transports = map[string]uint32{
	"icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51,
	"ipv6-icmp": 58, "icmpv6": 58, "ospf": 89, "vrrp": 112, "sctp": 132, "udplite": 136,
}

// resolver gives the numbers of names in a line, and keeps the first name that it
// has none for.
type resolver struct {
	host    *Host
	unknown string // "table web"
	known   []string
}

// number reads a number, or looks a name up: first what the host says.
func (r *resolver) number(what, text string, of func(Names) map[string]uint32) uint32 {
	if n, ok := unsigned(text, maxNumber); ok {
		return uint32(n)
	}
	names := maps.Clone(of(usualNames))
	if r.host != nil {
		maps.Copy(names, of(r.host.Names))
	}
	n, ok := names[text]
	if !ok && r.unknown == "" {
		r.unknown = what + " " + quote(text)
		for name := range names {
			r.known = append(r.known, name)
		}
	}
	return n
}

func (r *resolver) table(text string) uint32 {
	return r.number("table", text, func(n Names) map[string]uint32 { return n.Tables })
}

func (r *resolver) protocol(text string) uint8 {
	return uint8(r.number("protocol", text, func(n Names) map[string]uint32 { return n.Protocols }))
}

func (r *resolver) group(text string) uint32 {
	return r.number("group", text, func(n Names) map[string]uint32 { return n.Groups })
}

func (r *resolver) transport(text string) uint8 {
	return uint8(r.number("ipproto", text, func(Names) map[string]uint32 { return transports }))
}

// realms is [FROM/]TO.
func (r *resolver) realms(text string) uint32 {
	of := func(n Names) map[string]uint32 { return n.Realms }
	from, to, both := strings.Cut(text, "/")
	if !both {
		return r.number("realm", text, of)
	}
	return r.number("realm", from, of)<<16 | r.number("realm", to, of)
}

// dsfield is a type of service: a name, which may look like a number (EF), or a
// hexadecimal number without a sign of that.
func (r *resolver) dsfield(text string) uint8 {
	of := func(n Names) map[string]uint32 { return n.DSFields }
	if r.host != nil {
		if n, ok := r.host.Names.DSFields[text]; ok {
			return uint8(n)
		}
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 8); err == nil {
		return uint8(n)
	}
	return uint8(r.number("tos", text, of))
}
