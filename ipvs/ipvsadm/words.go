package ipvsadm

import (
	"net/netip"
	"strconv"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// serviceFlags is what follows the scheduler.
func serviceFlags(b []byte, s *kernel.Virtual) []byte {
	if s.Flags&(ipvs.Sched1|ipvs.Sched2|ipvs.Sched3) != 0 {
		b = append(append(b, " ("...), flagList(s)...)
		b = append(b, ')')
	}
	if s.Flags&ipvs.Persistent != 0 {
		b = append(b, " persistent "...)
		b = strconv.AppendUint(b, uint64(s.Timeout), 10)
		b = appendMask(b, " mask ", s)
		if s.PE != "" { // Without persistence it is saved but not shown.
			b = append(append(b, " pe "...), s.PE...)
		}
	}
	if s.Flags&ipvs.OnePacket != 0 {
		b = append(b, " ops"...)
	}
	return b
}

// appendMask appends word and the persistence mask, unless that is one host.
func appendMask(b []byte, word string, s *kernel.Virtual) []byte {
	switch {
	case s.Key.Family == ipvs.IPv6 && s.Netmask != hostPrefix6:
		b = strconv.AppendUint(append(b, word...), uint64(s.Netmask), 10)
	case s.Key.Family != ipvs.IPv6 && s.Netmask != allOnes:
		m := s.Netmask
		mask := netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)})
		b = mask.AppendTo(append(b, word...))
	}
	return b
}

// flagList is the scheduler's flags by its own names. Of sh and mh the
// original knows two and forgets the third, which then is lost in a save.
func flagList(s *kernel.Virtual) string {
	own := s.Scheduler == "sh" || s.Scheduler == "mh"
	list := ""
	for _, f := range flagNames {
		if s.Flags&f.flag == 0 || own && f.scheduler != s.Scheduler || !own && f.scheduler != "" {
			continue
		}
		if list != "" {
			list += ","
		}
		list += f.name
	}
	return list
}

func forwardName(f ipvs.Forwarding) string {
	switch f {
	case ipvs.NAT:
		return "Masq"
	case ipvs.Local:
		return "Local"
	case ipvs.Tunnel:
		return "Tunnel"
	case ipvs.DR:
		return "Route"
	}
	return "Unknown"
}

// tunnelInfo is a tunnel as --tun-info has it: type, port and checksum.
func tunnelInfo(r *kernel.Real) string {
	if r.Forwarding != ipvs.Tunnel {
		return "n/a"
	}
	t := r.Tunnel
	info := t.Type.String()
	if t.Type == ipvs.IPIP {
		return info
	}
	if t.Type == ipvs.GUE {
		info += ":" + strconv.Itoa(int(t.Port))
	}
	switch {
	case t.Flags&ipvs.TunnelCsum != 0:
		return info + ":+c"
	case t.Flags&ipvs.TunnelRemcsum != 0:
		return info + ":r+c"
	}
	return info + ":-c"
}
