package integration

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fault is a way in which a real server goes wrong.
type fault struct {
	name   string
	breaks string // What goes wrong.
	mends  string // And what makes it as it was.
	want   string // The check that says FAIL.
	says   string // In its words.
}

// Each way in which real servers go wrong, on a host that is set up by the
// commands that --print prints: verify names that and nothing else, up heals
// it, and down leaves the host as it was found, fault included.
func TestRealServerFaults(t *testing.T) {
	r := newRack(t)
	vip := r.vip4.String()
	tests := map[string][]fault{
		"DR": {
			{"the VIP is missing", "ip address del " + vip + "/32 dev lo", "ip address add " + vip + "/32 dev lo scope host",
				"vip", "is not on this host"},
			{"the host answers ARP", "sysctl -q -w net.ipv4.conf.all.arp_ignore=0", "sysctl -q -w net.ipv4.conf.all.arp_ignore=1",
				"arp", "answers ARP for " + vip + " on inside"},
			{"the host names the VIP in its own requests", "sysctl -q -w net.ipv4.conf.all.arp_announce=1", "sysctl -q -w net.ipv4.conf.all.arp_announce=2",
				"announce", "may name " + vip},
			{"the VIP has its subnet with it", "ip address del " + vip + "/32 dev lo; ip address add " + vip + "/24 dev lo",
				"ip address del " + vip + "/24 dev lo; ip address add " + vip + "/32 dev lo scope host",
				"prefix", "makes all of 10.77.0.0/24 local"},
		},
		"DR, IPv6": {
			{"the VIP is missing", "ip address del " + r.vip6.String() + "/128 dev dummy0", "ip address add " + r.vip6.String() + "/128 dev dummy0 nodad",
				"vip", "is not on this host"},
		},
		"TUN": {
			{"nothing unwraps", "ip link set tunl0 down", "ip link set tunl0 up", "tunnel", "tunl0 is down"},
			{"the reverse path filter is strict", "sysctl -q -w net.ipv4.conf.tunl0.rp_filter=1", "sysctl -q -w net.ipv4.conf.tunl0.rp_filter=2",
				"rp_filter", "tunl0 is strict"},
			{"a loose filter without an address drops", "ip address del " + vip + "/32 dev tunl0", "ip address add " + vip + "/32 dev tunl0 scope host",
				"rp_filter", "has no IPv4 address"},
		},
		"TUN, IPv6": {
			{"nothing unwraps", "ip link set tandem-in6 down", "ip link set tandem-in6 up", "tunnel", "tandem-in6 is down"},
		},
		"GRE": {
			{"nothing unwraps", "ip link set gre0 down", "ip link set gre0 up", "tunnel", "gre0 is down"},
		},
		"GUE": {
			{"GUE comes to another port", "ip fou del port " + guePort + "; ip fou add port 6081 gue", "ip fou del port 6081; ip fou add port " + guePort + " gue",
				"receiver", "only GUE at port 6081"},
			{"no port takes GUE", "ip fou del port " + guePort, "ip fou add port " + guePort + " gue", "receiver", "no receiver at all"},
		},
	}
	for _, m := range r.recipes() {
		if len(tests[m.name]) == 0 {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bare := r.printed(t, m)
			wellSet := r.state(t, r.server)
			for _, f := range tests[m.name] {
				t.Run(f.name, func(t *testing.T) {
					r.must(t, r.server, f.breaks)
					r.healed(t, m, f)
					r.must(t, r.server, f.mends)
					if diff := cmp.Diff(wellSet, r.state(t, r.server)); diff != "" {
						t.Errorf("down and mending left (-well set +now):\n%s", diff)
					}
				})
			}
			bare()
		})
	}
}

// healed sees verify name the fault, and up and down do what they promise.
func (r *rack) healed(t *testing.T, m recipe, f fault) {
	t.Helper()
	found := r.state(t, r.server)
	checks, findings := r.faults(t, r.server, append(r.flags(m), "--quiet")...)
	if diff := cmp.Diff([]string{f.want}, checks); diff != "" {
		t.Errorf("verify finds (-want +got):\n%s%+v", diff, findings)
	}
	for _, one := range findings {
		if one.Severity == "FAIL" && (!strings.Contains(one.Text, f.says) || one.Fix == "") {
			t.Errorf("verify says %q, fix %q; want %q", one.Text, one.Fix, f.says)
		}
	}
	if out, code := r.realserver(t, r.server, append([]string{"up"}, r.flags(m)...)...); code != 0 {
		t.Errorf("up: status %d\n%s", code, out)
	}
	if checks, findings := r.faults(t, r.server, "--quiet"); len(checks) > 0 {
		t.Errorf("verify after up: %+v", findings)
	}
	r.WaitPage(t, r.service(m))
	r.oneOwner(t, r.vip(m))
	r.realserver(t, r.server, "down")
	if diff := cmp.Diff(found, r.state(t, r.server)); diff != "" {
		t.Errorf("down left (-as found +after down):\n%s", diff)
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
	r.WaitPage(t, r.service(m))
	return func() {
		t.Helper()
		var undo strings.Builder
		for line := range strings.Lines(script) {
			if command, is := strings.CutPrefix(line, "# ExecStop=-"); is {
				undo.WriteString(command)
			}
		}
		r.run(t.Context(), t, r.server, "/bin/sh", "-c", undo.String())
		if diff := cmp.Diff(before, r.state(t, r.server)); diff != "" {
			t.Errorf("the unit's commands left (-before +after):\n%s", diff)
		}
	}
}
