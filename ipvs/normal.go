package ipvs

import (
	"net/netip"
	"time"
)

// MaxName is the longest scheduler or persistence-engine name in bytes
// (IP_VS_SCHEDNAME_MAXLEN and IP_VS_PENAME_MAXLEN count the closing zero).
const MaxName = 15

// settable are the flags that a user can set; the kernel's own bits, such as
// HASHED, are not among them.
const settable = Persistent | OnePacket | Sched1 | Sched2 | Sched3

// HostPrefix is the granularity that means one client address.
func (f Family) HostPrefix() uint8 {
	if f == IPv6 {
		return 128
	}
	return 32
}

// Normal is the service as a dump of the kernel spells it, so that what was
// written compares equal to what is read back: persistence is whole seconds,
// and without it there is neither a timeout nor a granularity of its own.
func (s Service) Normal(f Family) Service {
	s.Flags &= settable
	s.Timeout = s.Timeout.Truncate(time.Second)
	if s.Flags&Persistent == 0 {
		s.Timeout, s.Granularity = 0, 0
	}
	if s.Granularity == 0 {
		s.Granularity = f.HostPrefix()
	}
	return s
}

// Normal is the destination as tandem writes it: tunnel options only where
// there is a tunnel.
func (d Destination) Normal() Destination {
	if d.Forwarding != Tunnel {
		d.Tunnel = TunnelOptions{}
	}
	return d
}

// Normal is a copy of the table with every part in its normal form. What Diff
// and a Kernel hand out and take is in this form.
func (t Table) Normal() Table {
	n := make(Table, len(t))
	for key, entry := range t {
		key = key.Normal()
		servers := make(map[Server]Destination, len(entry.Destinations))
		for server, dest := range entry.Destinations {
			servers[normalServer(server)] = dest.Normal()
		}
		n[key] = Entry{Service: entry.Service.Normal(key.Family), Destinations: servers}
	}
	return n
}

// inNormal is the table itself where it is in normal form, else a copy that
// is: a pass over a large table that is as it should be costs no memory.
func (t Table) inNormal() Table {
	for key, entry := range t {
		if key != key.Normal() || entry.Service != entry.Service.Normal(key.Family) {
			return t.Normal()
		}
		for server, dest := range entry.Destinations {
			if server != normalServer(server) || dest != dest.Normal() {
				return t.Normal()
			}
		}
	}
	return t
}

func normalServer(s Server) Server {
	return netip.AddrPortFrom(s.Addr().Unmap().WithZone(""), s.Port())
}
