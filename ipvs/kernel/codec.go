package kernel

import (
	"fmt"
	"math/bits"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// appendKey appends what identifies a service.
func appendKey(b []byte, k ipvs.Key) []byte {
	b = appendU16(b, svcFamily, uint16(k.Family))
	if k.FWMark != 0 {
		return appendU32(b, svcFWMark, k.FWMark)
	}
	b = appendU16(b, svcProtocol, uint16(k.Protocol))
	b = appendAddr(b, svcAddr, k.Addr.Addr())
	return appendBE16(b, svcPort, k.Addr.Port())
}

// appendService appends what a service shall be.
func appendService(b []byte, f ipvs.Family, s ipvs.Service) []byte {
	b = appendText(b, svcScheduler, s.Scheduler)
	b = appendFlags(b, s.Flags)
	b = appendU32(b, svcTimeout, uint32(s.Timeout/time.Second))
	if f == ipvs.IPv6 {
		b = appendU32(b, svcNetmask, uint32(s.Granularity))
	} else {
		b = appendBE32(b, svcNetmask, ^uint32(0)<<(32-min(s.Granularity, 32)))
	}
	if s.PE != "" {
		b = appendText(b, svcPE, s.PE)
	}
	return b
}

// appendFlags appends all flags: those that are not set are taken away.
func appendFlags(b []byte, f ipvs.Flags) []byte {
	b = native.AppendUint32(appendHead(b, svcFlags, 8), uint32(f))
	return native.AppendUint32(b, allFlags)
}

// appendServer appends what identifies a destination.
func appendServer(b []byte, s ipvs.Server) []byte {
	b = appendU16(b, destFamily, uint16(ipvs.FamilyOf(s.Addr())))
	b = appendAddr(b, destAddr, s.Addr())
	return appendBE16(b, destPort, s.Port())
}

// appendDest appends what a destination shall be.
func appendDest(b []byte, d ipvs.Destination) []byte {
	b = appendU32(b, destForwarding, uint32(d.Forwarding))
	b = appendU32(b, destWeight, uint32(d.Weight))
	b = appendU32(b, destUpper, d.Upper)
	b = appendU32(b, destLower, d.Lower)
	if d.Forwarding == ipvs.Tunnel {
		b = appendAttr(b, destTunType, uint8(d.Tunnel.Type))
		b = appendBE16(b, destTunPort, d.Tunnel.Port)
		b = appendU16(b, destTunFlags, uint16(d.Tunnel.Flags))
	}
	return b
}

// nested are the attributes inside attribute typ of a whole message.
func nested(body []byte, typ uint16) (content value, err error) {
	if len(body) < genlHeader {
		return nil, errMalformed
	}
	for t, v := range attributes(body[genlHeader:], &err) {
		if t == typ {
			return v, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%w: attribute %d is missing", errMalformed, typ)
	}
	return nil, err
}

// parseService reads one message of a service dump, in normal form.
func parseService(body []byte) (key ipvs.Key, s ipvs.Service, stats ipvs.Stats, err error) {
	v, stats, err := parseVirtual(body)
	if err != nil {
		return key, s, stats, err
	}
	key = v.Key.Normal()
	s = ipvs.Service{
		Scheduler: v.Scheduler, Flags: v.Flags, Timeout: time.Duration(v.Timeout) * time.Second,
		Granularity: granularity(v.Key.Family, v.Netmask), PE: v.PE,
	}
	return key, s.Normal(key.Family), stats, nil
}

// parseVirtual reads one message of a service dump as it is.
func parseVirtual(body []byte) (s Virtual, stats ipvs.Stats, err error) {
	content, err := nested(body, attrService)
	if err != nil {
		return s, stats, err
	}
	var addr, netmask, stats32, stats64 value
	var port uint16
	for t, v := range attributes(content, &err) {
		switch t {
		case svcFamily:
			s.Key.Family = ipvs.Family(v.u16())
		case svcProtocol:
			s.Key.Protocol = ipvs.Protocol(v.u16())
		case svcAddr:
			addr = v
		case svcPort:
			port = v.be16()
		case svcFWMark:
			s.Key.FWMark = v.u32()
		case svcScheduler:
			s.Scheduler = v.text()
		case svcFlags:
			s.Flags = ipvs.Flags(v.u32() &^ hashed)
		case svcTimeout:
			s.Timeout = v.u32()
		case svcNetmask:
			netmask = v
		case svcPE:
			s.PE = v.text()
		case svcStats:
			stats32 = v
		case svcStats64:
			stats64 = v
		}
	}
	if err != nil {
		return s, stats, err
	}
	if s.Key.FWMark == 0 {
		if s.Key.Addr, err = address(s.Key.Family, addr, port); err != nil {
			return s, stats, err
		}
	}
	s.Netmask = netmask.be32()
	if s.Key.Family == ipvs.IPv6 {
		s.Netmask = netmask.u32()
	}
	stats, err = parseStats(stats32, stats64)
	return s, stats, err
}

// noPrefix is the granularity of a persistence mask that no configuration can
// ask for, one with holes or of length 0: it differs from all that are wanted
// and so is repaired.
const noPrefix = 255

// granularity is the prefix length that a persistence mask is.
func granularity(f ipvs.Family, mask uint32) uint8 {
	if f == ipvs.IPv6 {
		return uint8(min(mask, noPrefix))
	}
	ones := bits.LeadingZeros32(^mask)
	if ones == 0 || mask<<ones != 0 {
		return noPrefix
	}
	return uint8(ones)
}

// parseDest reads one message of a destination dump of a service of family f.
func parseDest(body []byte, f ipvs.Family) (server ipvs.Server, d ipvs.Destination, c ipvs.Counts, err error) {
	content, err := nested(body, attrDest)
	if err != nil {
		return server, d, c, err
	}
	var addr, stats32, stats64 value
	var port uint16
	for t, v := range attributes(content, &err) {
		switch t {
		case destFamily: // since Linux 3.18; before, servers have the service's
			f = ipvs.Family(v.u16())
		case destAddr:
			addr = v
		case destPort:
			port = v.be16()
		case destForwarding:
			d.Forwarding = ipvs.Forwarding(v.u32() & forwardMask)
		case destWeight:
			d.Weight = int32(v.u32())
		case destUpper:
			d.Upper = v.u32()
		case destLower:
			d.Lower = v.u32()
		case destActive:
			c.Active = v.u32()
		case destInactive:
			c.Inactive = v.u32()
		case destPersistent:
			c.Persistent = v.u32()
		case destTunType:
			d.Tunnel.Type = ipvs.TunnelType(v.u8())
		case destTunPort:
			d.Tunnel.Port = v.be16()
		case destTunFlags:
			d.Tunnel.Flags = ipvs.TunnelFlags(v.u16())
		case destStats:
			stats32 = v
		case destStats64:
			stats64 = v
		}
	}
	if err != nil {
		return server, d, c, err
	}
	if server, err = address(f, addr, port); err != nil {
		return server, d, c, err
	}
	c.Stats, err = parseStats(stats32, stats64)
	return server, d.Normal(), c, err
}

// address is an address of the given family; the kernel sends 16 bytes for
// either.
func address(f ipvs.Family, v value, port uint16) (netip.AddrPort, error) {
	switch {
	case f == ipvs.IPv4 && len(v) >= 4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[:4])), port), nil
	case f == ipvs.IPv6 && len(v) >= 16:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(v[:16])), port), nil
	}
	return netip.AddrPort{}, fmt.Errorf("%w: an address of %d bytes and %s", errMalformed, len(v), f)
}
