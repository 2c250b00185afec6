package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/rig"
)

// What real servers of one way do not show, and what verify sees beyond the
// host's own settings. Each row leaves the hosts as
// it finds them: the rack is one for all.
func TestRealServerVerify(t *testing.T) {
	r := newRack(t)
	for _, tt := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"another host answers too", r.hearsTwoAnswers},
		{"a VIP on a real interface", r.vipOnRealInterface},
		{"wrapping and the MTU", r.mtuOfWrapped},
		{"a port that is served elsewhere", r.listenerElsewhere},
		{"another way than before", r.changesItsMind},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := r.state(t, r.server)
			tt.run(t)
			r.realserver(t, r.server, "down")
			if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
				t.Errorf("left behind (-before +after):\n%s", diff)
			}
		})
	}
}

// The network tells of a real server that answers: another one, that is set up
// well, asks and hears two.
func (r *rack) hearsTwoAnswers(t *testing.T) {
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
	r.must(t, bad, "ip address del "+r.vip6.String()+"/128 dev lo; ip address del "+r.vip4.String()+"/32 dev lo; sysctl -q -w net.ipv4.conf.all.arp_ignore=0")
}

// A VIP on an interface with neighbours is the one fault that up does not mend:
// a director may have put it there.
func (r *rack) vipOnRealInterface(t *testing.T) {
	flags := []string{"--vip", r.vip4.String(), "--vip", r.vip6.String(), "--method", "dr"}
	r.must(t, r.server, "sysctl -q -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2; ip address add "+r.vip4.String()+"/32 dev inside; ip address add "+r.vip6.String()+"/128 dev inside nodad")
	if checks, findings := r.faults(t, r.server, append(flags, "--quiet")...); !cmp.Equal(checks, []string{"place"}) {
		t.Errorf("verify finds %v: %+v", checks, findings)
	}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, flags...)...); code != 1 || !strings.Contains(out, "ip address del "+r.vip4.String()+"/32 dev inside") {
		t.Errorf("up: status %d, want 1 and the way out\n%s", code, out)
	}
	r.realserver(t, r.server, "down")
	r.must(t, r.server, "sysctl -q -w net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0; ip address del "+r.vip4.String()+"/32 dev inside; ip address del "+r.vip6.String()+"/128 dev inside")
}

// Wrapping makes packets longer: verify warns until something makes room.
func (r *rack) mtuOfWrapped(t *testing.T) {
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
	r.must(t, r.server, "ip link set inside mtu 1500")
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
func (r *rack) listenerElsewhere(t *testing.T) {
	flags := []string{"--vip", r.vip4.String(), "--method", "dr"}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, flags...)...); code != 0 {
		t.Fatalf("up: status %d\n%s", code, out)
	}
	elsewhere, err := r.server.Listen(t.Context(), "tcp4", r.Plan().Servers[0].Addr.String()+":8182")
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	for port, want := range map[string]int{fmt.Sprint(webPort): 0, "8182": 1, "8183": 1, "8183/udp": 1} {
		checks, findings := r.faults(t, r.server, append(flags, "--quiet", "--port", port)...)
		if len(checks) != want || want == 1 && checks[0] != "listener" {
			t.Errorf("verify of port %s: %+v", port, findings)
		}
	}
}

// After any change of mind the VIP is where it was wished last and nowhere
// else, and nothing of the former way is left.
func (r *rack) changesItsMind(t *testing.T) {
	vip := r.vip4.String()
	for _, tt := range []struct{ flags, at, not string }{
		{"--method dr", "lo has " + vip + "/32", "dummy0 is"},
		{"--method tun --dev dummy0", "dummy0 has " + vip + "/32", "lo has " + vip},
		{"--method dr", "lo has " + vip + "/32", "dummy0 is"},
		{"--method dr --arp static", "/proc/sys/net/ipv4/conf/all/arp_ignore 0", "/proc/sys/net/ipv4/conf/all/arp_ignore 1"},
		{"--method tun", "tunl0 is ipip up", "dummy0 is"},
		{"--method dr", "lo has " + vip + "/32", "tunl0 is ipip up"},
	} {
		up := append([]string{"up", "--vip", vip}, strings.Fields(tt.flags)...)
		if out, code := r.realserver(t, r.server, up...); code != 0 {
			t.Errorf("%v: status %d\n%s", up, code, out)
		}
		if now := r.state(t, r.server); !strings.Contains(now, tt.at) || strings.Contains(now, tt.not) {
			t.Errorf("after %v: want %q and not %q in\n%s", up, tt.at, tt.not, now)
		}
		if out, code := r.realserver(t, r.server, up...); code != 0 || !strings.Contains(out, "nothing to do") {
			t.Errorf("%v again: status %d\n%s", up, code, out)
		}
	}
}
