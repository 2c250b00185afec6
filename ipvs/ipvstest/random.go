package ipvstest

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/tandem-ha/tandem/ipvs"
)

// RandomTable is a table that the kernel takes, out of few enough keys that
// two of them share some. It uses every field and every flag.
func RandomTable(rng *rand.Rand) ipvs.Table {
	t := ipvs.Table{}
	for range rng.IntN(12) {
		key := randomKey(rng)
		dests := map[ipvs.Server]ipvs.Destination{}
		for range rng.IntN(6) {
			server := randomServer(rng, key.Family)
			dests[server] = randomDestination(rng, key.Family != ipvs.FamilyOf(server.Addr()))
		}
		t[key] = ipvs.Entry{Service: randomService(rng, key), Destinations: dests}
	}
	return t
}

// FullTable has that many services with that many servers each.
func FullTable(services, servers int) ipvs.Table {
	t := ipvs.Table{}
	for i := range services {
		addr := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		key := ipvs.Key{Addr: netip.AddrPortFrom(addr, 80), Protocol: ipvs.TCP, Family: ipvs.IPv4}
		dests := map[ipvs.Server]ipvs.Destination{}
		for j := range servers {
			server := netip.AddrFrom4([4]byte{10, 2, byte(i), byte(j + 1)})
			dests[netip.AddrPortFrom(server, 80)] = ipvs.Destination{Weight: int32(j + 1)}
		}
		t[key] = ipvs.Entry{Service: ipvs.Service{Scheduler: "wrr"}, Destinations: dests}
	}
	return t
}

func randomKey(rng *rand.Rand) ipvs.Key {
	family := pick(rng, ipvs.IPv4, ipvs.IPv6)
	if rng.IntN(4) == 0 {
		return ipvs.Key{FWMark: 1 + rng.Uint32N(3), Family: family}
	}
	addr := netip.AddrFrom4([4]byte{192, 0, 2, byte(rng.IntN(3))})
	if family == ipvs.IPv6 {
		addr = netip.MustParseAddr(pick(rng, "2001:db8::1", "2001:db8::2", "fd00::1"))
	}
	return ipvs.Key{
		Addr:     netip.AddrPortFrom(addr, pick[uint16](rng, 0, 80, 443)),
		Protocol: pick(rng, ipvs.TCP, ipvs.UDP, ipvs.SCTP),
		Family:   family,
	}
}

func randomService(rng *rand.Rand, key ipvs.Key) ipvs.Service {
	s := ipvs.Service{Scheduler: pick(rng, "rr", "wrr", "wlc", "sh", "mh", "lblcr", "fo", "ovf", "none")}
	for _, flag := range []ipvs.Flags{ipvs.OnePacket, ipvs.Sched1, ipvs.Sched2, ipvs.Sched3} {
		s.Flags |= flag * ipvs.Flags(rng.IntN(2))
	}
	if rng.IntN(2) == 0 {
		s.Flags |= ipvs.Persistent
		s.Timeout = time.Duration(1+rng.IntN(86400)) * time.Second
		s.Granularity = uint8(rng.IntN(int(key.Family.HostPrefix()) + 1)) // 0 stands for all of it
	}
	if key.Protocol == ipvs.UDP && s.Flags&ipvs.Persistent != 0 {
		s.PE = pick(rng, "", "sip")
	}
	return s
}

// randomServer is of the other family now and then.
func randomServer(rng *rand.Rand, f ipvs.Family) ipvs.Server {
	addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + rng.IntN(8))})
	if (f == ipvs.IPv6) != (rng.IntN(8) == 0) {
		addr = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: byte(1 + rng.IntN(8))})
	}
	return netip.AddrPortFrom(addr, pick[uint16](rng, 0, 80, 8080))
}

func randomDestination(rng *rand.Rand, tunnel bool) ipvs.Destination {
	d := ipvs.Destination{
		Weight:     pick[int32](rng, 0, 1, 100, 65535, 65536, 1<<31-1),
		Forwarding: pick(rng, ipvs.NAT, ipvs.Local, ipvs.Tunnel, ipvs.DR),
	}
	if rng.IntN(3) == 0 {
		d.Upper = rng.Uint32()
		d.Lower = uint32(rng.Uint64N(uint64(d.Upper) + 1))
	}
	if tunnel {
		d.Forwarding = ipvs.Tunnel
	}
	if d.Forwarding == ipvs.Tunnel {
		d.Tunnel = pick(rng,
			ipvs.TunnelOptions{},
			ipvs.TunnelOptions{Type: 1, Port: 6080},
			ipvs.TunnelOptions{Type: 1, Port: 6080, Flags: 2},
			ipvs.TunnelOptions{Type: 2, Flags: 1})
	}
	return d
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }
