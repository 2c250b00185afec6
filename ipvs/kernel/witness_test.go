package kernel

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	moby "github.com/moby/ipvs"

	"github.com/tandem-ha/tandem/ipvs"
	"github.com/tandem-ha/tandem/ipvs/ipvstest"
)

// ipvsadm runs the real ipvsadm in the test's namespace.
func ipvsadm(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ipvsadm"); err != nil {
		t.Skipf("%v; make test installs it", err)
	}
	out, err := exec.CommandContext(t.Context(), "ipvsadm", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ipvsadm %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// direct has the port of its service, which ipvsadm gives every server that
// is not a NAT one.
var direct = netip.MustParseAddrPort("198.51.100.12:80")

// witnessed are services as tandem writes them, beside the commands for which
// ipvsadm takes them.
var witnessed = []struct {
	key     ipvs.Key
	service ipvs.Service
	servers map[ipvs.Server]ipvs.Destination
	want    []string // of ipvsadm -Sn
}{
	{
		ipvstest.Web, ipvs.Service{Scheduler: "rr"},
		map[ipvs.Server]ipvs.Destination{
			ipvstest.Real: {Weight: 1},
			direct:        {Weight: 0, Forwarding: ipvs.DR, Upper: 10, Lower: 5},
		},
		[]string{
			"-A -t 192.0.2.80:80 -s rr",
			"-a -t 192.0.2.80:80 -r 198.51.100.11:8080 -m -w 1",
			"-a -t 192.0.2.80:80 -r 198.51.100.12:80 -g -w 0",
		},
	},
	{
		ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:0"), Protocol: ipvs.TCP},
		ipvs.Service{Scheduler: "sh", Flags: ipvs.Persistent | ipvs.Sched1 | ipvs.Sched2, Timeout: 600 * time.Second, Granularity: 24},
		map[ipvs.Server]ipvs.Destination{
			netip.MustParseAddrPort("198.51.100.11:0"): {Weight: 65536, Forwarding: ipvs.Tunnel},
			netip.MustParseAddrPort("198.51.100.12:0"): {Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: 1, Port: 6080, Flags: 1}},
			netip.MustParseAddrPort("198.51.100.13:0"): {Weight: 1, Forwarding: ipvs.Tunnel, Tunnel: ipvs.TunnelOptions{Type: 2}},
		},
		[]string{
			"-A -t 192.0.2.80:0 -s sh -p 600 -M 255.255.255.0 -b sh-fallback,sh-port",
			"-a -t 192.0.2.80:0 -r 198.51.100.11:0 -i -w 65536 --tun-type ipip",
			"-a -t 192.0.2.80:0 -r 198.51.100.12:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
			"-a -t 192.0.2.80:0 -r 198.51.100.13:0 -i -w 1 --tun-type gre --tun-nocsum",
		},
	},
	{
		ipvs.Key{Addr: netip.MustParseAddrPort("192.0.2.80:5060"), Protocol: ipvs.UDP},
		ipvs.Service{Scheduler: "mh", Flags: ipvs.Persistent | ipvs.OnePacket | ipvs.Sched2, Timeout: 360 * time.Second, PE: "sip"}, nil,
		[]string{"-A -u 192.0.2.80:5060 -s mh -p 360 --pe sip -o -b mh-port"},
	},
	{
		ipvs.Key{Addr: netip.MustParseAddrPort("[2001:db8::80]:443"), Protocol: ipvs.SCTP},
		ipvs.Service{Scheduler: "wlc", Flags: ipvs.Persistent, Timeout: 60 * time.Second, Granularity: 64},
		map[ipvs.Server]ipvs.Destination{netip.MustParseAddrPort("[2001:db8::11]:443"): {Weight: 3, Forwarding: ipvs.DR}},
		[]string{
			"-A --sctp-service [2001:db8::80]:443 -s wlc -p 60 -M 64",
			"-a --sctp-service [2001:db8::80]:443 -r [2001:db8::11]:443 -g -w 3",
		},
	},
	{ipvs.Key{FWMark: 7}, ipvs.Service{Scheduler: "rr", Flags: ipvs.OnePacket}, nil, []string{"-A -f 7 -s rr -o"}},
	{ipvs.Key{FWMark: 7, Family: ipvs.IPv6}, ipvs.Service{Scheduler: "rr", Flags: ipvs.Sched3}, nil, []string{"-A -f 7 -6 -s rr -b flag-3"}},
}

// What tandem writes means to ipvsadm what it meant to tandem, and the other
// way round: its own restore of these lines differs in nothing.
func TestIpvsadmAgrees(t *testing.T) {
	k := open(t)
	table := ipvs.Table{}
	var want []string
	for _, w := range witnessed {
		table[w.key] = ipvs.Entry{Service: w.service, Destinations: w.servers}
		want = append(want, w.want...)
	}
	write(t, k, ipvs.Diff(nil, table))
	got := strings.Split(strings.TrimSpace(ipvsadm(t, "-Sn")), "\n")
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ipvsadm -Sn (-want +got):\n%s", d)
	}
	const limits = "-> 198.51.100.12:80             10         5          0          0"
	if out := ipvsadm(t, "-Ln", "--thresholds"); !strings.Contains(out, limits) {
		t.Errorf("ipvsadm -Ln --thresholds lacks %q:\n%s", limits, out)
	}

	ipvsadm(t, "-C")
	for _, w := range witnessed {
		for _, line := range w.want {
			ipvsadm(t, strings.Fields(line)...)
		}
	}
	have, err := k.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// ipvsadm -S tells no thresholds.
	entry := table[ipvstest.Web]
	entry.Destinations[direct] = ipvs.Destination{Forwarding: ipvs.DR}
	if ops := ipvs.Diff(have, table); len(ops) != 0 {
		t.Errorf("what ipvsadm made differs: %+v", ops)
	}
}

// The library reads what it can say as we do.
func TestMobyAgrees(t *testing.T) {
	k := open(t)
	table := ipvstest.FullTable(3, 2)
	write(t, k, ipvs.Diff(nil, table))
	if err := k.SetTimeouts(t.Context(), ipvs.Timeouts{TCP: 100 * time.Second, UDP: 50 * time.Second}); err != nil {
		t.Fatal(err)
	}
	h, err := moby.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	services, err := h.GetServices()
	if err != nil {
		t.Fatal(err)
	}
	seen := ipvs.Table{}
	for _, s := range services {
		addr, _ := netip.AddrFromSlice(s.Address)
		key := ipvs.Key{Addr: netip.AddrPortFrom(addr, s.Port), Protocol: ipvs.Protocol(s.Protocol)}
		entry := ipvs.Entry{Service: ipvs.Service{Scheduler: s.SchedName}, Destinations: map[ipvs.Server]ipvs.Destination{}}
		dests, err := h.GetDestinations(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range dests {
			addr, _ := netip.AddrFromSlice(d.Address)
			entry.Destinations[netip.AddrPortFrom(addr, d.Port)] = ipvs.Destination{Weight: int32(d.Weight)}
		}
		seen[key] = entry
	}
	if ops := ipvs.Diff(seen, table); len(ops) != 0 {
		t.Errorf("the library sees another table: %v", ops)
	}
	config, err := h.GetConfig()
	if err != nil {
		t.Fatal(err)
	}
	if config.TimeoutTCP != 100*time.Second || config.TimeoutUDP != 50*time.Second {
		t.Errorf("the library sees the timeouts %+v", config)
	}
}

// write applies operations that must all succeed.
func write(t *testing.T, k *Kernel, ops []ipvs.Op) {
	t.Helper()
	for i, err := range k.Apply(t.Context(), ops) {
		if err != nil {
			t.Fatalf("%s: %v", ops[i], err)
		}
	}
}
