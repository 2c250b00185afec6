package ipvs_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// one is a table of one service, ipvstest.Web.
func one(s ipvs.Service, servers map[ipvs.Server]ipvs.Destination) ipvs.Table {
	return ipvs.Table{ipvstest.Web: {Service: s, Destinations: servers}}
}

type servers = map[ipvs.Server]ipvs.Destination

var (
	rr  = ipvs.Service{Scheduler: "rr"}
	wlc = ipvs.Service{Scheduler: "wlc"}
	dns = ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.53:53"), Protocol: ipvs.UDP}
)

func TestDiff(t *testing.T) {
	third := netip.MustParseAddrPort("198.51.100.13:8080")
	for _, c := range []struct {
		name       string
		have, want ipvs.Table
		ops        []string
	}{
		{"nothing at all", nil, nil, nil},
		{"nothing to do", one(rr, servers{ipvstest.Real: {Weight: 1}}), one(rr, servers{ipvstest.Real: {Weight: 1}}), nil},
		{
			"a new service comes before its servers", nil, one(rr, servers{ipvstest.Real2: {}, ipvstest.Real: {}}),
			[]string{
				"add service 192.0.2.80:80 TCP",
				"add server 198.51.100.11:8080 to 192.0.2.80:80 TCP",
				"add server 198.51.100.12:8080 to 192.0.2.80:80 TCP",
			},
		},
		{
			"a service that goes takes its servers along", one(rr, servers{ipvstest.Real: {}}), nil,
			[]string{"remove service 192.0.2.80:80 TCP"},
		},
		{
			"a service with another scheduler is changed in place", one(rr, servers{ipvstest.Real: {}}), one(wlc, servers{ipvstest.Real: {}}),
			[]string{"change service 192.0.2.80:80 TCP"},
		},
		{
			"new servers come before old ones go", one(rr, servers{ipvstest.Real: {}, third: {}}), one(rr, servers{ipvstest.Real2: {}, third: {Weight: 5}}),
			[]string{
				"add server 198.51.100.12:8080 to 192.0.2.80:80 TCP",
				"change server 198.51.100.13:8080 of 192.0.2.80:80 TCP",
				"remove server 198.51.100.11:8080 from 192.0.2.80:80 TCP",
			},
		},
		{
			"what is wanted comes before what goes", ipvs.Table{dns: {Service: rr}}, one(rr, nil),
			[]string{"add service 192.0.2.80:80 TCP", "remove service 192.0.2.53:53 UDP"},
		},
		{
			"another spelling is no difference",
			ipvs.Table{
				ipvstest.Web:                {Service: ipvs.Service{Scheduler: "rr", Granularity: 32}, Destinations: servers{ipvstest.Real: {Weight: 1}}},
				{FWMark: 1, Family: 2}:      {Service: rr},
				{FWMark: 1, Family: 10}:     {Service: ipvs.Service{Scheduler: "rr", Granularity: 128}},
				{Addr: dns.Addr, Family: 2}: {Service: rr},
			},
			ipvs.Table{
				{Addr: netip.MustParseAddrPort("[::ffff:192.0.2.80]:80"), Protocol: ipvs.TCP}: {
					Service:      ipvs.Service{Scheduler: "rr", Timeout: time.Minute, Granularity: 24, Flags: 2},
					Destinations: servers{netip.MustParseAddrPort("[::ffff:198.51.100.11]:8080"): {Weight: 1, Tunnel: ipvs.TunnelOptions{Port: 7}}},
				},
				{FWMark: 1}: {Service: rr},
				{FWMark: 1, Family: 10, Protocol: ipvs.TCP}: {Service: rr},
				{Addr: dns.Addr}: {Service: rr},
			}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, op := range ipvs.Diff(c.have, c.want) {
				got = append(got, op.String())
			}
			if d := cmp.Diff(c.ops, got); d != "" {
				t.Errorf("operations (-want +got):\n%s", d)
			}
		})
	}
}

// Every field of a service and of a server is compared.
func TestDiffSeesEveryField(t *testing.T) {
	base := ipvs.Service{Scheduler: "sh", Flags: ipvs.Persistent, Timeout: time.Minute, Granularity: 24}
	for name, change := range map[string]func(*ipvs.Service){
		"scheduler":   func(s *ipvs.Service) { s.Scheduler = "mh" },
		"one packet":  func(s *ipvs.Service) { s.Flags |= ipvs.OnePacket },
		"flag 1":      func(s *ipvs.Service) { s.Flags |= ipvs.Sched1 },
		"flag 2":      func(s *ipvs.Service) { s.Flags |= ipvs.Sched2 },
		"flag 3":      func(s *ipvs.Service) { s.Flags |= ipvs.Sched3 },
		"persistence": func(s *ipvs.Service) { s.Flags &^= ipvs.Persistent },
		"timeout":     func(s *ipvs.Service) { s.Timeout = time.Hour },
		"granularity": func(s *ipvs.Service) { s.Granularity = 25 },
		"engine":      func(s *ipvs.Service) { s.PE = "sip" },
	} {
		changed := base
		change(&changed)
		if ops := ipvs.Diff(one(base, nil), one(changed, nil)); len(ops) != 1 || ops[0].Verb != ipvs.SetService {
			t.Errorf("%s: %v", name, ops)
		}
	}
	tun := ipvs.Destination{Weight: 1, Forwarding: ipvs.Tunnel}
	for name, change := range map[string]func(*ipvs.Destination){
		"weight":       func(d *ipvs.Destination) { d.Weight = 0 },
		"forwarding":   func(d *ipvs.Destination) { d.Forwarding = ipvs.DR },
		"upper":        func(d *ipvs.Destination) { d.Upper = 1 },
		"lower":        func(d *ipvs.Destination) { d.Lower = 1 },
		"tunnel type":  func(d *ipvs.Destination) { d.Tunnel.Type = 2 },
		"tunnel port":  func(d *ipvs.Destination) { d.Tunnel.Port = 6080 },
		"tunnel flags": func(d *ipvs.Destination) { d.Tunnel.Flags = 1 },
	} {
		changed := tun
		change(&changed)
		ops := ipvs.Diff(one(rr, servers{ipvstest.Real: tun}), one(rr, servers{ipvstest.Real: changed}))
		if len(ops) != 1 || ops[0].Verb != ipvs.SetDestination {
			t.Errorf("%s: %v", name, ops)
		}
	}
}

// From any table to any other the operations lead there, none of them is
// refused on the way, no service that stays is removed, and a table differs
// in nothing from itself.
func TestDiffLeadsToWhatIsWanted(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 500 {
		have, want := ipvstest.RandomTable(rng), ipvstest.RandomTable(rng)
		if ops := ipvs.Diff(have, have); len(ops) != 0 {
			t.Fatalf("round %d: a table differs from itself: %v", round, ops)
		}
		ops := ipvs.Diff(have, want)
		if again := ipvs.Diff(have, want); !slices.Equal(ops, again) {
			t.Fatalf("round %d: the order is not fixed:\n%v\n%v", round, ops, again)
		}
		table, stays := have.Normal(), want.Normal()
		for _, op := range ops {
			if err := table.Apply(op); err != nil {
				t.Fatalf("round %d: %s: %v", round, op, err)
			}
			if _, ok := stays[op.Key]; ok && op.Verb == ipvs.DelService {
				t.Fatalf("round %d: %s, though it is wanted", round, op)
			}
		}
		if left := ipvs.Diff(table, want); len(left) != 0 {
			t.Fatalf("round %d: still to do: %v", round, left)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		got  interface{ String() string }
		want string
	}{
		{ipvstest.Web, "192.0.2.80:80 TCP"},
		{dns, "192.0.2.53:53 UDP"},
		{ipvs.Key{FWMark: 7}, "fwmark 7"},
		{ipvs.Key{FWMark: 7, Family: ipvs.IPv6}, "fwmark 7 IPv6"},
		{ipvs.Flags(0), "-"},
		{ipvs.Persistent | ipvs.Sched2, "persistent,flag-2"},
		{ipvs.Flags(0x40), "0x40"},
		{ipvs.DR, "DR"},
		{ipvs.Forwarding(4), "method 4"},
		{ipvs.Protocol(50), "protocol 50"},
		{ipvs.IPv6, "IPv6"},
		{ipvs.Verb(99), "?"},
		{ipvs.Op{Verb: ipvs.DelDestination, Key: ipvstest.Web, Server: ipvstest.Real}, "remove server 198.51.100.11:8080 from 192.0.2.80:80 TCP"},
		{ipvs.SyncBackup, "backup"},
		{ipvs.DrainSeen, "weight set to 0 from outside"},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
