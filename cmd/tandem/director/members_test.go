package director

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/conf"
	"github.com/tandem-ha/tandem/healthcheck"
	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/pool"
	"github.com/tandem-ha/tandem/ipvs/rules"
	"github.com/tandem-ha/tandem/ipvs/sysctl"
)

func tcp(at string) ipvs.Key {
	return ipvs.Key{Addr: netip.MustParseAddrPort(at), Protocol: ipvs.TCP, Family: ipvs.IPv4}
}

func TestAServerHasThePortOfItsMember(t *testing.T) {
	bare, http := netip.MustParseAddrPort("198.51.100.1:0"), netip.MustParseAddrPort("198.51.100.1:8080")
	tests := []struct {
		what   string
		key    ipvs.Key
		server ipvs.Server
		how    ipvs.Forwarding
		want   string
	}{
		{"a server without a port has the member's", tcp("192.0.2.80:443"), bare, ipvs.NAT, "198.51.100.1:443"},
		{"NAT changes the port", tcp("192.0.2.80:443"), http, ipvs.NAT, "198.51.100.1:8080"},
		{"DR cannot", tcp("192.0.2.80:443"), http, ipvs.DR, "198.51.100.1:443"},
		{"a tunnel cannot", tcp("192.0.2.80:443"), http, ipvs.Tunnel, "198.51.100.1:443"},
		{"a firewall mark has no port to give", ipvs.Key{FWMark: 7, Family: ipvs.IPv4}, bare, ipvs.DR, "198.51.100.1:0"},
		{"nor to take away", ipvs.Key{FWMark: 7, Family: ipvs.IPv4}, http, ipvs.NAT, "198.51.100.1:8080"},
	}
	for _, tt := range tests {
		if got := memberServer(tt.key, tt.server, tt.how); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

// group is a virtual_server_group of two addresses and a mark, with one server
// that has no port of its own and one by FULLNAT.
func group() conf.Service {
	drained := netip.MustParseAddrPort("198.51.100.1:0")
	source := netip.MustParseAddrPort("198.51.100.2:8080")
	return conf.Service{
		Service: pool.Service{
			Name: "group web", Key: tcp("192.0.2.80:80"), Quorum: 1,
			IPVS: ipvs.Service{Scheduler: "rr", Granularity: 32},
			Servers: []pool.Server{
				{Addr: drained, Dest: ipvs.Destination{Weight: 1, Forwarding: ipvs.DR}},
				{Addr: source, Dest: ipvs.Destination{Weight: 1}, FullNAT: true},
			},
		},
		Also:  []ipvs.Key{tcp("192.0.2.81:443"), {FWMark: 7, Family: ipvs.IPv4}},
		Rules: rules.Service{FullNAT: []ipvs.Server{source}},
	}
}

func TestAGroupIsOneServiceWithManyKeys(t *testing.T) {
	p := newPools(healthcheck.NewRunner(nil, slog.New(slog.DiscardHandler), healthcheck.Options{}), slog.New(slog.DiscardHandler))
	var table ipvs.Table
	p.want = func(t ipvs.Table) { table = t }
	p.set([]conf.Service{group()})

	got := map[string][]string{}
	for key, entry := range table {
		for server := range entry.Destinations {
			got[key.String()] = append(got[key.String()], server.String())
		}
	}
	want := map[string][]string{
		"192.0.2.80:80 TCP":  {"198.51.100.1:80", "198.51.100.2:8080"},
		"192.0.2.81:443 TCP": {"198.51.100.1:443", "198.51.100.2:8080"},
		"fwmark 7":           {"198.51.100.1:0", "198.51.100.2:8080"},
	}
	sorted := cmp.Transformer("set", func(list []string) map[string]bool {
		set := map[string]bool{}
		for _, s := range list {
			set[s] = true
		}
		return set
	})
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}

	shown := p.view(ipvs.Snapshot{Table: table})[0]
	if diff := cmp.Diff([]string{"192.0.2.81:443 TCP", "fwmark 7"}, shown.Members); diff != "" || !shown.InKernel {
		t.Errorf("members (in the kernel: %t):\n%s", shown.InKernel, diff)
	}
	if k := shown.Servers[0].Kernel; k == nil || *k != 1 {
		t.Errorf("the server without a port is not found in the kernel: %v", k)
	}
	if got := shown.Servers[1].Forwarding; got != "FULLNAT" {
		t.Errorf("the second server is reached by %s", got)
	}
	delete(table, tcp("192.0.2.81:443"))
	if p.view(ipvs.Snapshot{Table: table})[0].InKernel {
		t.Error("a group with a member missing shows as whole")
	}
}

func TestADrainInAGroupIsFound(t *testing.T) {
	server := netip.MustParseAddrPort("198.51.100.1:0")
	in := func(i int) ipvs.Drain {
		at := []string{"198.51.100.1:80", "198.51.100.1:443", "198.51.100.1:0"}[i]
		return ipvs.Drain{Key: members(group())[i], Server: netip.MustParseAddrPort(at), Since: began.Add(-time.Duration(i)), Reason: ipvs.DrainSeen}
	}
	tests := []struct {
		what    string
		drains  []int
		drained bool
		where   string
		pool    bool
	}{
		{"nowhere", nil, false, "", false},
		{"in the first member", []int{0}, true, "in 192.0.2.80:80 TCP alone", false},
		{"in another member", []int{1}, true, "in 192.0.2.81:443 TCP alone", false},
		{"in two of three", []int{1, 2}, true, "in 192.0.2.81:443 TCP, fwmark 7 alone", false},
		{"everywhere, which makes it serve nobody", []int{0, 1, 2}, true, ipvs.DrainSeen.String(), true},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			p := newPools(healthcheck.NewRunner(nil, slog.New(slog.DiscardHandler), healthcheck.Options{}), slog.New(slog.DiscardHandler))
			p.set([]conf.Service{group()})
			for _, i := range tt.drains {
				p.drain(in(i))
			}
			s := p.view(ipvs.Snapshot{})[0].Servers[0]
			if s.Drained != tt.drained || !strings.HasSuffix(s.Reason, tt.where) {
				t.Errorf("status shows drained %t, %q", s.Drained, s.Reason)
			}
			if got := p.inputs(group()).Drained[server]; got != tt.pool {
				t.Errorf("the pool is told %t", got)
			}
		})
	}
}

// TestWhatAServiceCannotDoWithout: a kernel without nftables is refused for
// FULLNAT, and not for a director that is a real server.
func TestWhatAServiceCannotDoWithout(t *testing.T) {
	local := conf.Config{Services: []conf.Service{{Service: pool.Service{Key: tcp("192.0.2.80:80")}, Rules: rules.Service{
		Servers: []rules.Backend{{Addr: netip.MustParseAddr("198.51.100.1"), Forwarding: ipvs.DR}},
	}}}}
	if !indispensable(local).Empty() {
		t.Error("a local node is refused without nftables")
	}
	full := conf.Config{Services: []conf.Service{group()}}
	full.Services[0].Rules.Sources = []rules.Range{{First: netip.MustParseAddr("198.51.100.240"), Last: netip.MustParseAddr("198.51.100.240")}}
	if indispensable(full).Empty() {
		t.Error("FULLNAT runs without nftables")
	}
}

// TestAReloadLeavesNothingWithoutItsFoundation: what the old configuration
// rests on stays until its services have gone.
func TestAReloadLeavesNothingWithoutItsFoundation(t *testing.T) {
	old, next := group(), group()
	next.Key, next.Also = tcp("192.0.2.80:80"), nil
	next.Rules.Sources = []rules.Range{{First: netip.MustParseAddr("198.51.100.240"), Last: netip.MustParseAddr("198.51.100.240")}}
	leaving := conf.Config{Services: []conf.Service{old}, Sysctls: sysctl.Settings{"net/ipv4/vs/conntrack": "1", "net/ipv4/ip_forward": "1"}}
	entering := conf.Config{Services: []conf.Service{next}, Sysctls: sysctl.Settings{"net/ipv4/ip_forward": "0"}}

	settings := unitedSettings(entering, leaving)
	if diff := cmp.Diff(sysctl.Settings{"net/ipv4/vs/conntrack": "1", "net/ipv4/ip_forward": "0"}, settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	pools := map[string]int{}
	for _, s := range unitedServices(entering, leaving) {
		pools[s.Key.String()] = len(s.Sources)
	}
	if diff := cmp.Diff(map[string]int{"192.0.2.80:80 TCP": 1, "192.0.2.81:443 TCP": 0, "fwmark 7": 0}, pools); diff != "" {
		t.Errorf("pools of each service (-want +got):\n%s", diff)
	}
}

func TestEachMemberHasRulesOfItsOwn(t *testing.T) {
	got := map[string]string{}
	for _, r := range ruleServices([]conf.Service{group()}) {
		got[r.Key.String()] = r.FullNAT[0].String()
	}
	want := map[string]string{"192.0.2.80:80 TCP": "198.51.100.2:8080", "192.0.2.81:443 TCP": "198.51.100.2:8080", "fwmark 7": "198.51.100.2:8080"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}
