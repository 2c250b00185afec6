package realserver

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// namespace moves the test into a network namespace of its own, with lo up and
// a pair of interfaces, eth0 and eth1, both in it. It ends with the test.
func namespace(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making a network namespace takes root")
	}
	// Never unlocked: the thread and with it the namespace end with the test.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "eth0"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "eth1"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lo", "eth0", "eth1"} {
		if err := onLink(name, netlink.LinkSetUp); err != nil {
			t.Fatal(err)
		}
	}
	address, err := netlink.ParseAddr("192.0.2.21/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := onLink("eth0", func(l netlink.Link) error { return netlink.AddrAdd(l, address) }); err != nil {
		t.Fatal(err)
	}
}

// tool runs a program, or skips the test where there is none.
func tool(t *testing.T, argv ...string) string {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if strings.Contains(string(out), "not supported") {
		t.Skipf("%v: %s", argv, out)
	}
	if err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return string(out)
}

// runShell runs a script.
func runShell(script string) (string, error) {
	out, err := exec.Command("/bin/sh", "-c", script).CombinedOutput()
	return string(out), err
}

// needARPRules skips where the kernel's nftables know no ARP.
func needARPRules(t *testing.T) {
	t.Helper()
	tool(t, "nft", "add table arp probe; delete table arp probe")
}

// arpFindings are those about the silence of this host.
func arpFindings(t *testing.T) []string {
	t.Helper()
	return arpFindingsOf(t, wish(DR, vip4))
}

func arpFindingsOf(t *testing.T, w Wish) []string {
	t.Helper()
	f, err := Gather(t.Context(), w, false)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, one := range Judge(f, w) {
		if one.Check == ARPIgnore || one.Check == ARPAnnounce {
			texts = append(texts, string(one.Severity)+" "+one.Text)
		}
	}
	return texts
}

// --arp nft: what up makes is what the printed table is, is silent, and goes.
func TestARPTable(t *testing.T) {
	namespace(t)
	needARPRules(t)
	before := tool(t, "nft", "list", "ruleset")
	w := wish(DR, vip4)
	w.ARP = NFT
	dir := t.TempDir()
	if out := set(t, dir, w); !strings.Contains(out, "nft table arp") {
		t.Errorf("up says %s", out)
	}
	made := tool(t, "nft", "list", "ruleset")
	if out := set(t, dir, w); !strings.Contains(out, "nothing to do") {
		t.Errorf("up again says %s", out)
	}
	if got := arpFindings(t); len(got) != 2 || strings.Contains(strings.Join(got, ""), "FAIL") {
		t.Errorf("judged %v", got)
	}
	var text bytes.Buffer
	if err := down(&text, dir, nil); err != nil {
		t.Error(err)
	}
	if after := tool(t, "nft", "list", "ruleset"); after != before {
		t.Errorf("down left %s", after)
	}
	f, err := Gather(t.Context(), w, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan(f, w) {
		for _, c := range s.do() {
			tool(t, c.Words...)
		}
	}
	if printed := tool(t, "nft", "list", "ruleset"); printed != made {
		t.Errorf("the printed commands make %s\nup makes %s", printed, made)
	}
}

// set runs up.
func set(t *testing.T, dir string, w Wish) string {
	t.Helper()
	f, err := Gather(t.Context(), w, false)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := up(t.Context(), &text, dir, f, w, plan(f, w)); err != nil {
		t.Errorf("%v\n%s", err, &text)
	}
	return text.String()
}

// What an administrator has silenced with arptables is silent.
func TestARPTablesRecognised(t *testing.T) {
	tests := []struct {
		name  string
		rules [][]string
		want  []string // The severities of the two findings.
	}{
		{"nothing", nil, []string{"FAIL", "FAIL"}},
		{"dropped and mangled", [][]string{{"-A", "INPUT", "-d", "192.0.2.80", "-j", "DROP"}, {"-A", "OUTPUT", "-s", "192.0.2.80", "-j", "mangle", "--mangle-ip-s", "192.0.2.21"}}, []string{"PASS", "PASS"}},
		{"only what comes in", [][]string{{"-A", "INPUT", "-d", "192.0.2.80", "-j", "DROP"}}, []string{"PASS", "FAIL"}},
		{"by subnet", [][]string{{"-A", "INPUT", "-d", "192.0.2.0/24", "-j", "DROP"}}, []string{"PASS", "FAIL"}},
		{"another address", [][]string{{"-A", "INPUT", "-d", "192.0.2.81", "-j", "DROP"}}, []string{"FAIL", "FAIL"}},
		{"only replies", [][]string{{"-A", "INPUT", "-d", "192.0.2.80", "--opcode", "Reply", "-j", "DROP"}}, []string{"FAIL", "FAIL"}},
		{"accepted", [][]string{{"-A", "INPUT", "-d", "192.0.2.80", "-j", "ACCEPT"}}, []string{"FAIL", "FAIL"}},
		{"one interface of two", [][]string{{"-A", "INPUT", "-i", "eth0", "-d", "192.0.2.80", "-j", "DROP"}}, []string{"FAIL", "FAIL"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			namespace(t)
			needARPRules(t)
			for _, rule := range tt.rules {
				tool(t, append([]string{"arptables-nft"}, rule...)...)
			}
			var got []string
			for _, text := range arpFindings(t) {
				severity, _, _ := strings.Cut(text, " ")
				got = append(got, severity)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("judged %v, want %v", arpFindings(t), tt.want)
			}
		})
	}
}

// arptables before nftables says it in its own words.
func TestParseLegacy(t *testing.T) {
	got := parseLegacy(`Chain INPUT (policy ACCEPT)
-j DROP -d 192.0.2.80
-j DROP -d 192.0.2.81 --opcode 2
-j ACCEPT -d 192.0.2.82

Chain OUTPUT (policy ACCEPT)
-j mangle -o eth0 -s 192.0.2.80 --mangle-ip-s 192.0.2.21

Chain FORWARD (policy ACCEPT)
-j DROP -d 192.0.2.83
`)
	want := []Filter{
		{By: "arptables-legacy", Target: host(vip4)},
		{By: "arptables-legacy", Target: host(vip4), Out: true, Device: "eth0"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
}

// A rule that lowers the MSS is found again: the very one that verify advises.
func TestClampFound(t *testing.T) {
	namespace(t)
	w := wish(TUN, vip4)
	advice := ""
	for _, one := range Judge(good(w), w) {
		if one.Check == PathMTU {
			_, advice, _ = strings.Cut(one.Fix, "nft '")
		}
	}
	for range 2 { // Who pastes it twice has one rule.
		tool(t, "nft", strings.TrimSuffix(advice, "'"))
	}
	f, err := Gather(t.Context(), w, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Clamp{{By: "nft table realserver_mss", Size: 1440, Source: host(vip4)}}; !slices.Equal(f.Clamps, want) {
		t.Errorf("found %+v, want %+v", f.Clamps, want)
	}
}

// Who has an address is heard from the network, each of them once.
func TestWhoHas(t *testing.T) {
	namespace(t)
	// eth1 answers for eth0's address, since arp_ignore is 0.
	f, err := Gather(t.Context(), Wish{}, false)
	if err != nil {
		t.Fatal(err)
	}
	eth0, _ := f.link("eth0")
	eth1, _ := f.link("eth1")
	own := eth0.Addresses[0].Prefix.Addr()
	if macs, err := whoHas(t.Context(), eth0, own); err != nil || !slices.Equal(macs, []string{eth1.MAC}) {
		t.Errorf("heard %v, %v; want %s", macs, err, eth1.MAC)
	}
	if macs, err := whoHas(t.Context(), eth0, vip4); err != nil || len(macs) > 0 {
		t.Errorf("heard %v, %v about an address that nobody has", macs, err)
	}
}
