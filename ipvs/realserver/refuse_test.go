package realserver

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be is refused before the first step.
func TestPlanRefuses(t *testing.T) {
	own := netip.MustParseAddr("192.0.2.21")
	secondary := bare()
	secondary.Links[1].Addresses = append(secondary.Links[1].Addresses, Address{Prefix: netip.MustParsePrefix("192.0.2.22/24")})
	alone := bare()
	alone.Links[1].Addresses = []Address{{Prefix: host(own)}}
	floating := bare()
	floating.Links[1].Addresses = append(floating.Links[1].Addresses, Address{Prefix: host(vip4)})
	without6 := bare()
	without6.Links[1].Addresses = without6.Links[1].Addresses[:1]
	in6 := wish(GUE, vip4)
	in6.Outer = 6
	tests := []struct {
		name  string
		facts Facts
		wish  Wish
		says  string // Empty where it is planned.
	}{
		{"the host's only address", bare(), wish(DR, own), "this host's own address (192.0.2.21/24 on eth0; it is the only one there: without it nobody reaches this host by eth0, nor by ssh);"},
		{"one of its addresses", secondary, wish(DR, own), "this host's own address (192.0.2.21/24 on eth0);"},
		{"its only address, alone", alone, wish(DR, own), "it is the only one there"},
		{"an address that floats, on a director", floating, wish(DR, vip4), ""},
		{"wrapping in IPv6 without an address", without6, in6, "no IPv6 address to which directors could send"},
		{"wrapping in IPv6", bare(), in6, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps, err := Plan(tt.facts, tt.wish)
			if tt.says == "" {
				if err != nil || len(steps) == 0 {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || len(steps) > 0 {
				t.Errorf("planned %v, %v; want %q", steps, err, tt.says)
			}
		})
	}
}

// What says nothing, or another thing than it seems, is an error of the command
// line.
func TestCommandRefuses(t *testing.T) {
	tests := []struct{ args, says string }{
		{"bogus", "unknown command"},
		{"up --vip 192.0.2.80 --method dr --tun-port 6", "--tun-port is for --method gue"},
		{"up --vip 192.0.2.80 --method tun --tun-port 6", "--tun-port is for --method gue"},
		{"up --vip 192.0.2.80 --method dr --outer 6", "--outer is for --method tun, gue and gre"},
		{"up --vip 2001:db8:1::80 --arp nft", "--arp nft is for IPv4"},
		{"up --vip 2001:db8:1::80 --arp static", "--arp static is for IPv4"},
		{"verify --method nat --gateway 10.0.0.1 --outer 4", "--outer is for --method tun, gue and gre"},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			cmd := Command()
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(strings.Fields(tt.args))
			cmd.SetOut(io.Discard)
			err := cmd.ExecuteContext(t.Context())
			if _, hasCode := err.(exitError); err == nil || hasCode || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("ended with %v, want %q", err, tt.says)
			}
		})
	}
}

// A unit printed on a host that is set up goes back to what was before up, not
// to what up has set.
func TestPrintGoesBackToTheFirst(t *testing.T) {
	f, r := bare(), &record{}
	w := wish(DR, vip4)
	r.take(&f, w)
	var text bytes.Buffer
	if err := printUnit(&text, w, r.known(plan(f, w))); err != nil {
		t.Fatal(err)
	}
	if want := "ExecStop=-sysctl -q -w net.ipv4.conf.all.arp_ignore=0\n"; !strings.Contains(text.String(), want) {
		t.Errorf("want %q in\n%s", want, &text)
	}
}

// Where the kernel has no such device the printed script says so and stops.
func TestPrintedScriptTellsOfMissingModule(t *testing.T) {
	namespace(t)
	s := Step{Kind: AddLink, Device: "nothing0", Type: "nothing"}
	script := "set -e\n" + s.do()[0].shell() + "\necho on\n"
	out, err := runShell(script)
	if err == nil || strings.Contains(out, "on\n") || !strings.Contains(out, "Unknown device type") {
		t.Errorf("ended with %v and said %q", err, out)
	}
}

// A record that cannot be understood is named, with what to do, and keeps
// nobody from seeing the host.
func TestTruncatedRecord(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, recordName)
	if err := os.WriteFile(path, []byte(`{"steps": [{"st`), 0o644); err != nil {
		t.Fatal(err)
	}
	err := down(io.Discard, dir, nil)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move the file away") {
		t.Errorf("down: %v", err)
	}
	cmd := Command()
	var text bytes.Buffer
	cmd.SetOut(&text)
	cmd.SetArgs([]string{"show", "--run-dir", dir})
	if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(text.String(), "arp_ignore") || !strings.Contains(text.String(), path) {
		t.Errorf("show: %v\n%s", err, &text)
	}
}

// With --arp nft the way out is not by sysctl, and a sysctl is said not to last.
func TestCuresFitTheWish(t *testing.T) {
	rules := wish(DR, vip4)
	rules.ARP = NFT
	for want, w := range map[string]Wish{
		"tandem realserver up --vip 192.0.2.80 --method dr --arp nft":   rules,
		"sysctl -w net.ipv4.conf.all.arp_ignore=1 (until the next boot": wish(DR, vip4),
	} {
		for _, f := range Judge(bare(), w) {
			if f.Check == ARPIgnore && !strings.Contains(f.Fix, want) {
				t.Errorf("fix %q, want %q", f.Fix, want)
			}
		}
	}
}

// The address by which the table hides the VIP is gone: the rule says nothing
// that neighbours could answer.
func TestJudgeStaleMask(t *testing.T) {
	w := wish(DR, vip4)
	w.ARP = NFT
	f := good(w)
	f.at("eth0").Addresses[0].Prefix = netip.MustParsePrefix("192.0.2.22/24")
	var bad []Finding
	for _, one := range Judge(f, w) {
		if one.Severity == Fail {
			bad = append(bad, one)
		}
	}
	if len(bad) != 1 || bad[0].Check != ARPAnnounce || !strings.Contains(bad[0].Text, "eth0=192.0.2.22") || !strings.Contains(bad[0].Fix, "--arp nft") {
		t.Errorf("judged %+v", bad)
	}
}

// Two VIPs need one piece of advice, in a table of which no part is said twice.
func TestMTUAdviceIsOne(t *testing.T) {
	w := wish(TUN, vip4, netip.MustParseAddr("192.0.2.81"), vip6)
	n := 0
	facts := good(w)
	facts.Director.Device = "eth0"
	for _, f := range Judge(facts, w) {
		if f.Check == PathMTU {
			n++
			for _, want := range []string{"vip_192_0_2_80", "vip_192_0_2_81", "vip_2001_db8_1__80"} {
				if !strings.Contains(f.Fix, "flush chain inet realserver_mss "+want+";") {
					t.Errorf("the advice lacks %s: %s", want, f.Fix)
				}
			}
		}
	}
	if n != 1 {
		t.Errorf("said %d times", n)
	}
}
