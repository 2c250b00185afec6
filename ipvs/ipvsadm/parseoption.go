package ipvsadm

import (
	"net/netip"
	"strings"

	"github.com/tandem-ha/tandem/ipvs"
)

// serviceOption reads an option of what a service shall be.
func (p *parser) serviceOption(o option, val string, has bool) *refusal {
	v := &p.request.service
	switch o {
	case optScheduler:
		v.Scheduler = val
	case optPersistent:
		v.Flags |= ipvs.Persistent
		v.Timeout = defaultPersist
		if has {
			n, ok := number(val, 1, maxSeconds)
			if !ok {
				return refuse(statusUsage, "invalid timeout value `%s' specified: 1 to %d seconds", val, maxSeconds)
			}
			v.Timeout = uint32(n)
		}
	case optNetmask:
		return p.netmask(val)
	case optEngine:
		v.PE = val
	case optOnePacket:
		v.Flags |= ipvs.OnePacket
	case optFlags:
		p.flags = val
	}
	return nil
}

// serverOption reads an option of what a server shall be.
func (p *parser) serverOption(o option, val string) *refusal {
	d := &p.request.dest
	switch o {
	case optServer:
		key := p.request.service.Key
		proto := key.Protocol
		if key.FWMark != 0 {
			proto = ipvs.TCP // whose names the original takes for a mark
		}
		addr, given, ok := p.hostPort(val, proto)
		if !ok {
			return refuse(statusUsage, "illegal real server address[:port] specified: %q%s", val, addressHint(val))
		}
		if !given {
			addr = netip.AddrPortFrom(addr.Addr(), key.Addr.Port())
		}
		p.request.server = addr
	case optRoute:
		d.Forwarding = ipvs.DR
	case optTunnel:
		d.Forwarding = ipvs.Tunnel
	case optMasquerade:
		d.Forwarding = ipvs.NAT
	case optWeight:
		n, ok := number(val, 0, maxInt)
		if !ok {
			return refuse(statusUsage, "illegal weight specified: %q is no number of 0 to %d", val, maxInt)
		}
		d.Weight = int32(n)
	case optUpper, optLower:
		n, ok := number(val, 0, maxInt)
		if !ok {
			return refuse(statusUsage, "illegal %c_threshold specified: %q is no number of 0 to %d", o.String()[0], val, maxInt)
		}
		if o == optUpper {
			d.Upper = uint32(n)
		} else {
			d.Lower = uint32(n)
		}
	default:
		return p.tunnelOption(o, val)
	}
	return nil
}

// tunnelOption reads an option of how a tunnel wraps packets.
func (p *parser) tunnelOption(o option, val string) *refusal {
	t := &p.request.dest.Tunnel
	switch o {
	case optTunType:
		for _, typ := range []ipvs.TunnelType{ipvs.IPIP, ipvs.GUE, ipvs.GRE} {
			if typ.String() == val {
				t.Type = typ
				return nil
			}
		}
		return refuse(statusUsage, "illegal tunnel type specified: %q is none of ipip, gue and gre", val)
	case optTunPort:
		n, ok := number(val, 1, 65535)
		if !ok {
			return refuse(statusUsage, "illegal tunnel port specified: %q is no port", val)
		}
		t.Port = uint16(n)
	case optTunCsum:
		t.Flags |= ipvs.TunnelCsum
	case optTunRemCsum:
		t.Flags |= ipvs.TunnelRemcsum
	}
	return nil
}

// daemonOption reads an option of a sync daemon.
func (p *parser) daemonOption(o option, val string) *refusal {
	d := &p.request.daemon
	low, high := int64(1), int64(0)
	switch o {
	case optInterface:
		d.Interface = val
		return nil
	case optGroup:
		group, err := multicast(val)
		d.Group = group
		return err
	case optSyncID:
		low, high = 0, 255
	case optMaxLen:
		high = maxMessage
	case optPort:
		high = 65535
	case optTTL:
		high = 255
	}
	n, ok := number(val, low, high)
	if !ok {
		return refuse(statusUsage, "illegal %s specified: %q is no number of %d to %d", o, val, low, high)
	}
	switch o {
	case optSyncID:
		d.SyncID = uint8(n)
	case optMaxLen:
		d.MaxLen = uint16(n)
	case optPort:
		d.Port = uint16(n)
	case optTTL:
		d.TTL = uint8(n)
	}
	return nil
}

// flagName is how a scheduler's flag is written.
type flagName struct {
	name, scheduler string // of one scheduler only; empty: of all
	flag            ipvs.Flags
}

var flagNames = [...]flagName{
	{"sh-fallback", "sh", ipvs.Sched1},
	{"sh-port", "sh", ipvs.Sched2},
	{"mh-fallback", "mh", ipvs.Sched1},
	{"mh-port", "mh", ipvs.Sched2},
	{"flag-1", "", ipvs.Sched1},
	{"flag-2", "", ipvs.Sched2},
	{"flag-3", "", ipvs.Sched3},
}

// schedulerFlags reads --sched-flags.
func schedulerFlags(list, scheduler string) (flags ipvs.Flags, err *refusal) {
next:
	for word := range strings.SplitSeq(list, ",") {
		if word == "" {
			continue
		}
		for _, f := range flagNames {
			if f.name != word {
				continue
			}
			if f.scheduler != "" && f.scheduler != scheduler {
				return 0, refuse(statusUsage, "incompatible scheduler flag `%s': it is of %s, not of %s", word, f.scheduler, scheduler)
			}
			flags |= f.flag
			continue next
		}
		return 0, refuse(statusUsage, "invalid scheduler flag `%s'", word)
	}
	return flags, nil
}
