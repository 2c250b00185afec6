package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// Each way in which real servers go wrong, on a host that is set up by the
// commands that --print prints: verify names that and nothing else, up heals
// it, and down leaves the host as it was found, fault included.
func TestRealServerFaults(t *testing.T) {
	r := newRack(t)
	byName := map[string]recipe{}
	for _, m := range r.recipes() {
		byName[m.name] = m
	}
	vip := r.vip4.String()
	tests := []struct {
		name, model string
		breaks      string // What goes wrong.
		want        string // The check that says FAIL.
		says        string // In its words.
	}{
		{"the VIP is missing", "DR", "ip address del " + vip + "/32 dev lo", "vip", "is not on this host"},
		{"the VIP is missing, IPv6", "DR, IPv6", "ip address del " + r.vip6.String() + "/128 dev dummy0", "vip", "is not on this host"},
		{"the host answers ARP", "DR", "sysctl -q -w net.ipv4.conf.all.arp_ignore=0", "arp", "answers ARP for " + vip + " on inside"},
		{"the host names the VIP in its own requests", "DR", "sysctl -q -w net.ipv4.conf.all.arp_announce=1", "announce", "may name " + vip},
		{"the VIP has its subnet with it", "DR", "ip address del " + vip + "/32 dev lo; ip address add " + vip + "/24 dev lo", "prefix", "makes all of 10.77.0.0/24 local"},
		{"nothing unwraps", "TUN", "ip link set tunl0 down", "tunnel", "tunl0 is down"},
		{"nothing unwraps, IPv6", "TUN, IPv6", "ip link set tandem-in6 down", "tunnel", "tandem-in6 is down"},
		{"nothing unwraps GRE", "GRE", "ip link set gre0 down", "tunnel", "gre0 is down"},
		{"the reverse path filter is strict", "TUN", "sysctl -q -w net.ipv4.conf.tunl0.rp_filter=1", "rp_filter", "tunl0 is strict"},
		{"a loose filter without an address drops", "TUN", "ip address del " + vip + "/32 dev tunl0", "rp_filter", "has no IPv4 address"},
		{"GUE comes to another port", "GUE", "ip fou del port " + guePort + "; ip fou add port 6081 gue", "receiver", "only GUE at port 6081"},
		{"no port takes GUE", "GUE", "ip fou del port " + guePort, "receiver", "no receiver at all"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := byName[tt.model]
			service := r.forward(t, m)
			bare := r.printed(t, m)
			r.must(t, r.server, tt.breaks)

			found := r.state(t, r.server)
			checks, findings := r.faults(t, r.server, r.flags(m)...)
			if diff := cmp.Diff([]string{tt.want}, checks); diff != "" {
				t.Errorf("verify finds (-want +got):\n%s%+v", diff, findings)
			}
			for _, f := range findings {
				if f.Severity == "FAIL" && (!strings.Contains(f.Text, tt.says) || f.Fix == "") {
					t.Errorf("verify says %q, fix %q; want %q", f.Text, f.Fix, tt.says)
				}
			}
			if out, code := r.realserver(t, r.server, append([]string{"up"}, r.flags(m)...)...); code != 0 {
				t.Errorf("up: status %d\n%s", code, out)
			}
			if checks, findings := r.faults(t, r.server, "--quiet"); len(checks) > 0 {
				t.Errorf("verify after up: %+v", findings)
			}
			r.WaitPage(t, service)
			r.oneOwner(t, r.vip(m))
			r.realserver(t, r.server, "down")
			if diff := cmp.Diff(found, r.state(t, r.server)); diff != "" {
				t.Errorf("down left (-as found +after down):\n%s", diff)
			}
			bare()
		})
	}
}

// printed sets the real server up by the commands that --print prints, and sees
// verify content and the client served. It returns what takes them back.
func (r *rack) printed(t *testing.T, m recipe) (takeBack func()) {
	t.Helper()
	before := r.state(t, r.server)
	script, code := r.realserver(t, r.server, append([]string{"up", "--print"}, r.flags(m)...)...)
	if code != 0 {
		t.Fatalf("up --print: status %d\n%s", code, script)
	}
	if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
		t.Errorf("up --print changed (-before +after):\n%s", diff)
	}
	r.must(t, r.server, script)
	if checks, findings := r.faults(t, r.server, append(r.flags(m), "--quiet")...); len(checks) > 0 {
		t.Errorf("verify after the printed commands: %+v\n%s", findings, script)
	}
	r.WaitPage(t, r.forward(t, m))
	return func() {
		t.Helper()
		var undo strings.Builder
		for line := range strings.Lines(script) {
			if command, is := strings.CutPrefix(line, "# ExecStop=-"); is {
				undo.WriteString(command)
			}
		}
		r.run(t, r.server, "/bin/sh", "-c", undo.String())
		r.must(t, r.server, "ip fou del port 6081 2>/dev/null || true; ip address flush dev lo to "+r.vip4.String()+"; sysctl -q -w net.ipv4.conf.tunl0.rp_filter=0")
		if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
			t.Errorf("the unit's commands left (-before +after):\n%s", diff)
		}
	}
}

// The network tells of a real server that answers: another one, that is set up
// well, asks and hears two.
func TestRealServerHearsTwoAnswers(t *testing.T) {
	r := newRack(t)
	good, bad := r.server, r.Server(1)
	flags := []string{"--vip", r.vip4.String(), "--method", "dr"}
	if out, code := r.realserver(t, good, append([]string{"up"}, flags...)...); code != 0 {
		t.Fatalf("up: status %d\n%s", code, out)
	}
	r.must(t, bad, "ip address add "+r.vip4.String()+"/32 dev lo")
	checks, findings := r.faults(t, good)
	if diff := cmp.Diff([]string{"answers"}, checks); diff != "" {
		t.Errorf("verify finds (-want +got):\n%s%+v", diff, findings)
	}
	plan := r.Plan()
	for _, f := range findings {
		if f.Severity == "FAIL" && (!strings.Contains(f.Text, plan.Servers[1].MAC.String()) || !strings.Contains(f.Text, plan.Legs(lab.A).Inside.MAC.String())) {
			t.Errorf("verify says %q, want both hardware addresses", f.Text)
		}
	}
	r.must(t, bad, "sysctl -q -w net.ipv4.conf.all.arp_ignore=1")
	if checks, findings := r.faults(t, good); len(checks) > 0 {
		t.Errorf("verify after the other was silenced: %+v", findings)
	}
	// IPv6 has no such fault: the address of lo is not answered for.
	r.must(t, bad, "ip address add "+r.vip6.String()+"/128 dev lo")
	r.oneOwner(t, r.vip6)
}

// A VIP on an interface with neighbours is the one fault that up does not mend:
// a director may have put it there.
func TestRealServerVIPOnRealInterface(t *testing.T) {
	r := newRack(t)
	flags := []string{"--vip", r.vip4.String(), "--vip", r.vip6.String(), "--method", "dr"}
	r.must(t, r.server, "sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip address add "+r.vip4.String()+"/32 dev inside; ip address add "+r.vip6.String()+"/128 dev inside nodad")
	if checks, findings := r.faults(t, r.server, append(flags, "--quiet")...); !cmp.Equal(checks, []string{"place"}) {
		t.Errorf("verify finds %v: %+v", checks, findings)
	}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, flags...)...); code != 1 || !strings.Contains(out, "ip address del "+r.vip4.String()+"/32 dev inside") {
		t.Errorf("up: status %d, want 1 and the way out\n%s", code, out)
	}
}

// Wrapping makes packets longer: verify warns until something makes room.
func TestRealServerMTU(t *testing.T) {
	r := newRack(t)
	flags := []string{"--vip", r.vip4.String(), "--method", "tun", "--from", r.from4.String()}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, flags...)...); code != 0 {
		t.Fatalf("up: status %d\n%s", code, out)
	}
	mtu := func() (severity string) {
		_, findings := r.faults(t, r.server, append(flags, "--quiet")...)
		for _, f := range findings {
			if f.Check == "mtu" {
				severity = f.Severity
			}
		}
		return severity
	}
	if got := mtu(); got != "WARN" {
		t.Errorf("with an MTU of 1500 verify says %q, want WARN", got)
	}
	gateway := r.Plan().RouterInside.Addr.String()
	r.must(t, r.server, "ip route replace default via "+gateway+" advmss 1440")
	if got := mtu(); got != "PASS" {
		t.Errorf("with advmss verify says %q, want PASS", got)
	}
	r.must(t, r.server, "ip route replace default via "+gateway+"; ip link set inside mtu 1600")
	if got := mtu(); got != "PASS" {
		t.Errorf("with a larger MTU verify says %q, want PASS", got)
	}
}

// The gateway of a NAT real server is the director, by the address that floats.
func TestRealServerGateway(t *testing.T) {
	p := rig.NewIPVS(t, lab.Options{Mode: lab.NAT})
	r := &rack{Pair: p, server: p.Server(0), runDir: t.TempDir()}
	flags := []string{"--method", "nat", "--gateway", p.Plan().Gateway.String(), "--client", p.Plan().Client.Addr.String()}
	if checks, findings := r.faults(t, r.server, flags...); len(checks) > 0 {
		t.Errorf("verify of the lab's server: %+v", findings)
	}
	r.must(t, r.server, fmt.Sprintf("ip route replace default via %s", p.Plan().RouterInside.Addr))
	if checks, findings := r.faults(t, r.server, flags...); !cmp.Equal(checks, []string{"gateway"}) {
		t.Errorf("verify with the router as gateway: %+v", findings)
	}
}

// A port that is served elsewhere only, or not at all.
func TestRealServerListener(t *testing.T) {
	r := newRack(t)
	flags := []string{"--vip", r.vip4.String(), "--method", "dr"}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, flags...)...); code != 0 {
		t.Fatalf("up: status %d\n%s", code, out)
	}
	elsewhere, err := r.server.Listen(t.Context(), "tcp4", r.Plan().Servers[0].Addr.String()+":8082")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	for port, want := range map[string]int{fmt.Sprint(webPort): 0, "8082": 1, "8083": 1, "8083/udp": 1} {
		checks, findings := r.faults(t, r.server, append(flags, "--quiet", "--port", port)...)
		if len(checks) != want || want == 1 && checks[0] != "listener" {
			t.Errorf("verify of port %s: %+v", port, findings)
		}
	}
}
