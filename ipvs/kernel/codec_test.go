package kernel

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// body is a message as the kernel sends it: its header, then one attribute.
func body(typ uint16, fill func([]byte) []byte) []byte {
	return appendNest([]byte{0, version, 0, 0}, typ, fill)
}

func serviceBody(key ipvs.Key, s ipvs.Service) []byte {
	return body(attrService, func(b []byte) []byte { return appendService(appendKey(b, key), key.Family, s) })
}

func destBody(server ipvs.Server, d ipvs.Destination) []byte {
	return body(attrDest, func(b []byte) []byte { return appendDest(appendServer(b, server), d) })
}

func TestEncodedTablesParse(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		for key, entry := range ipvstest.RandomTable(rng).Normal() {
			gotKey, service, _, err := parseService(serviceBody(key, entry.Service))
			if err != nil || gotKey != key || service != entry.Service {
				t.Fatalf("%s %+v became %s %+v, %v", key, entry.Service, gotKey, service, err)
			}
			for server, dest := range entry.Destinations {
				gotServer, got, _, err := parseDest(destBody(server, dest), key.Family)
				if err != nil || gotServer != server || got != dest {
					t.Fatalf("%s %+v became %s %+v, %v", server, dest, gotServer, got, err)
				}
			}
		}
	}
}

// A dump has what nobody writes: the kernel's own bits, addresses in 16 bytes,
// counts and statistics.
func TestParseWhatOnlyTheKernelSends(t *testing.T) {
	wide := func(b []byte, typ uint16, v uint64) []byte { return appendAttr(b, typ, native.AppendUint64(nil, v)...) }
	stats64 := func(b []byte) []byte {
		return wide(wide(wide(wide(wide(b, statConns, 1<<40), statInPkts, 2), statOutPkts, 3), statInBytes, 4), statOutBytes, 5)
	}
	key, service, stats, err := parseService(body(attrService, func(b []byte) []byte {
		b = appendKey(b, ipvs.Key{Addr: ipvstest.Web.Addr, Protocol: ipvs.TCP, Family: ipvs.IPv4})
		b = appendText(b, svcScheduler, "wlc")
		b = appendAttr(b, svcFlags, native.AppendUint32(native.AppendUint32(nil, hashed|uint32(ipvs.OnePacket)), allFlags)...)
		b = appendAttr(b, svcNetmask, 255, 255, 255, 255)
		b = appendNest(b, svcStats, func(b []byte) []byte { return appendU32(b, statConns, 7) })
		return appendNest(b, svcStats64, stats64)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if want := (ipvs.Service{Scheduler: "wlc", Flags: ipvs.OnePacket, Granularity: 32}); key != ipvstest.Web || service != want {
		t.Errorf("%s %+v, want %s %+v", key, service, ipvstest.Web, want)
	}
	want := ipvs.Stats{Connections: 1 << 40, PacketsIn: 2, PacketsOut: 3, BytesIn: 4, BytesOut: 5}
	if stats != want {
		t.Errorf("statistics %+v, want %+v", stats, want)
	}

	server, _, counts, err := parseDest(body(attrDest, func(b []byte) []byte {
		// No family and no 64-bit statistics: a kernel before 3.18.
		b = appendAttr(b, destAddr, 198, 51, 100, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		b = appendBE16(b, destPort, 8080)
		b = appendU32(appendU32(appendU32(b, destActive, 1), destInactive, 2), destPersistent, 3)
		return appendNest(b, destStats, func(b []byte) []byte { return wide(appendU32(b, statConns, 7), statInBytes, 1<<40) })
	}), ipvs.IPv4)
	if err != nil || server != ipvstest.Real {
		t.Fatalf("%s, %v, want %s", server, err, ipvstest.Real)
	}
	if want := (ipvs.Counts{Active: 1, Inactive: 2, Persistent: 3, Stats: ipvs.Stats{Connections: 7, BytesIn: 1 << 40}}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
}

func TestGranularity(t *testing.T) {
	for _, c := range []struct {
		name string
		mask uint32
		want uint8
	}{
		{"one address", 0xffffffff, 32},
		{"a prefix", 0xfffff000, 20},
		{"everybody", 0, noPrefix},
		{"no prefix, as ipvsadm -M 24 gives", 24, noPrefix},
		{"a hole", 0xff00ff00, noPrefix},
	} {
		if got := granularity(ipvs.IPv4, c.mask); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestErrno(t *testing.T) {
	for _, c := range []struct {
		cmd   uint8
		errno unix.Errno
		want  error
	}{
		{cmdNewService, unix.EEXIST, ipvs.ErrExist},
		{cmdNewService, unix.ENOENT, ipvs.ErrNoScheduler},
		{cmdSetService, unix.ENOENT, ipvs.ErrNoScheduler},
		{cmdSetService, unix.ESRCH, ipvs.ErrNotExist},
		{cmdSetDest, unix.ESRCH, ipvs.ErrNotExist},
		{cmdSetDest, unix.ENOENT, ipvs.ErrNotExist},
		{cmdNewDest, unix.ERANGE, ipvs.ErrInvalid},
		{cmdNewDest, unix.EINVAL, ipvs.ErrInvalid},
		{cmdNewDest, unix.EPERM, ipvs.ErrNotAllowed},
		{cmdNewDest, unix.ENOMEM, unix.ENOMEM},
		{cmdNewDest, 0, nil},
	} {
		got := translate(c.cmd, c.errno)
		if !errors.Is(got, c.want) || c.errno != 0 && !errors.Is(got, c.errno) {
			t.Errorf("%d %v became %v, want %v and the errno inside", c.cmd, c.errno, got, c.want)
		}
	}
}

// Whatever arrives, nothing panics, and what parses means the same when it is
// written and read again.
func FuzzParse(f *testing.F) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2 {
		for key, entry := range ipvstest.RandomTable(rng).Normal() {
			f.Add(serviceBody(key, entry.Service))
			for server, dest := range entry.Destinations {
				f.Add(destBody(server, dest))
			}
		}
	}
	d := ipvs.Daemon{Role: ipvs.SyncBackup, Interface: "eth0", SyncID: 3, MaxLen: 1400, Group: netip.MustParseAddr("ff02::5"), Port: 9, TTL: 2}
	f.Add(body(attrDaemon, func(b []byte) []byte { return appendDaemon(b, d) }))
	f.Add(appendU32([]byte{0, version, 0, 0}, attrTimeoutTCP, 900))
	f.Fuzz(func(t *testing.T, b []byte) {
		for a, err := range answers(b) {
			if err == nil {
				_ = a.errno()
			}
		}
		_, _ = parseTimeouts(b)
		if key, s, _, err := parseService(b); err == nil && parseable(key, s) {
			s = s.Normal(key.Family)
			key2, s2, _, err := parseService(serviceBody(key, s))
			if err != nil || key2 != key || s2 != s {
				t.Errorf("%+v %+v became %+v %+v, %v", key, s, key2, s2, err)
			}
		}
		for _, family := range []ipvs.Family{ipvs.IPv4, ipvs.IPv6} {
			if server, d, _, err := parseDest(b, family); err == nil && server == unmapped(server) {
				server2, d2, _, err := parseDest(destBody(server, d), family)
				if err != nil || server2 != server || d2 != d {
					t.Errorf("%s %+v became %s %+v, %v", server, d, server2, d2, err)
				}
			}
		}
		if d, err := parseDaemon(b); err == nil && len(d.Interface) < 256 {
			if d2, err := parseDaemon(body(attrDaemon, func(b []byte) []byte { return appendDaemon(b, d) })); err != nil || d2 != d {
				t.Errorf("%+v became %+v, %v", d, d2, err)
			}
		}
	})
}

// parseable leaves out what the kernel's tables cannot hold, such as families
// other than the two, and masks that tandem never writes.
func parseable(key ipvs.Key, s ipvs.Service) bool {
	return key == key.Normal() && (key.Family == ipvs.IPv4 || key.Family == ipvs.IPv6) &&
		s.Granularity <= key.Family.HostPrefix() && len(s.Scheduler) <= ipvs.MaxName && len(s.PE) <= ipvs.MaxName
}

func unmapped(s ipvs.Server) ipvs.Server { return netip.AddrPortFrom(s.Addr().Unmap(), s.Port()) }
