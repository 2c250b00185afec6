package ipvsadm

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/kernel"
)

// TestOrderBesideTheRealOne lists and saves random tables with both programs.
// The pools are small enough that entries agree in their first words, and have
// what is far apart: where comparing goes in circles both must go alike.
func TestOrderBesideTheRealOne(t *testing.T) {
	b := newBench(t)
	rng := rand.New(rand.NewPCG(3, 9))
	const tables = 150
	for range tables {
		b.reset(t)
		for _, err := range b.kernel.Edit(t.Context(), orderTable(rng)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, args := range []string{"-Ln", "-Sn"} {
			want := b.original.run(t, "ipvsadm", "", args)
			got := b.ours.run(t, "ipvsadm", "", args)
			if d := cmp.Diff(want.Stdout, got.Stdout); d != "" {
				t.Fatalf("%s (-original +ours):\n%s", args, d)
			}
		}
	}
	t.Logf("%d random tables are listed and saved in the original's order", tables)
}

// orderTable are the changes that make a random table. Each service and each
// server of it is there once.
func orderTable(rng *rand.Rand) (changes []kernel.Change) {
	seen := map[ipvs.Key]bool{}
	for range 2 + rng.IntN(14) {
		v := kernel.Virtual{Key: orderKey(rng), Scheduler: "rr", Netmask: allOnes}
		if v.Key.Family == ipvs.IPv6 {
			v.Netmask = hostPrefix6
		}
		if seen[v.Key] {
			continue
		}
		seen[v.Key] = true
		changes = append(changes, kernel.Change{Verb: ipvs.AddService, Virtual: v})
		servers := map[ipvs.Server]bool{}
		for range rng.IntN(12) {
			s := orderAddr(rng, rng.IntN(2) == 0)
			if servers[s] {
				continue
			}
			servers[s] = true
			changes = append(changes, kernel.Change{Verb: ipvs.AddDestination, Virtual: v, Server: s,
				Dest: ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel}})
		}
	}
	return changes
}

func orderKey(rng *rand.Rand) ipvs.Key {
	k := ipvs.Key{Family: ipvs.IPv4, Protocol: []ipvs.Protocol{ipvs.TCP, ipvs.UDP, ipvs.SCTP}[rng.IntN(3)]}
	six := rng.IntN(2) == 0
	if six {
		k.Family = ipvs.IPv6
	}
	if rng.IntN(3) > 0 {
		k.Addr = orderAddr(rng, six)
		return k
	}
	k.Protocol = 0
	k.FWMark = []uint32{1, 2, 7, 1<<31 - 1, 1 << 31, 1<<31 + 1, 4294967290, 1 + rng.Uint32N(allOnes)}[rng.IntN(8)]
	return k
}

// orderAddr is an address with a port: one of a few, one that differs from
// those in one word, or any.
func orderAddr(rng *rand.Rand, six bool) netip.AddrPort {
	port := []uint16{80, 443, 8080, 1 + uint16(rng.IntN(65535))}[rng.IntN(4)]
	if !six {
		a := netip.MustParseAddr([]string{"10.0.0.5", "10.0.0.6", "192.0.2.1", "127.0.0.1", "32.1.13.184", "200.0.0.1", "253.0.0.0"}[rng.IntN(7)]).As4()
		if rng.IntN(3) == 0 {
			a = [4]byte{byte(1 + rng.IntN(223)), byte(rng.Uint32()), byte(rng.Uint32()), byte(rng.Uint32())}
		}
		return netip.AddrPortFrom(netip.AddrFrom4(a), port)
	}
	a := netip.MustParseAddr([]string{"2001:db8::1", "2001:db8::2", "fd00::1", "fd00::9", "3000::1", "a00:5::1", "2001:db8:0:1::1"}[rng.IntN(7)]).As16()
	for range rng.IntN(3) {
		a[2+rng.IntN(14)] = byte(rng.Uint32())
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a), port)
}
