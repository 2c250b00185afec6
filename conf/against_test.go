package conf

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/integration/golden"
)

// TestAgainst compares the first two files of every testdata/against/*.txtar;
// "findings" is what does not make them a pair. One file alone is read as lb1
// and as lb2.
func TestAgainst(t *testing.T) {
	golden.Test(t, "testdata/against/*.txtar", func(t *testing.T, archive *txtar.Archive) []txtar.File {
		inputs := archive.Files[:1]
		if len(archive.Files) > 1 && archive.Files[1].Name != "findings" {
			inputs = archive.Files[:2]
		}
		here, there := inputs[0], inputs[len(inputs)-1]
		this, found := ReadText(here.Name, here.Data, Options{ConfigID: "lb1"})
		other, more := ReadText(there.Name, there.Data, Options{ConfigID: "lb2"})
		for _, d := range append(found, more...) {
			if d.Severity <= Error {
				t.Errorf("the input is wrong: %s", d)
			}
		}
		findings := Against(this, other)
		holdPlaces(t, findings, this, other)
		return append(append([]txtar.File(nil), inputs...), txtar.File{Name: "findings", Data: []byte(seeing(findings))})
	})
}

// holdPlaces holds that every finding says where both files are concerned, and
// that a comparison from the other side finds as much.
func holdPlaces(t *testing.T, findings Diagnostics, this, other *File) {
	t.Helper()
	for _, d := range findings {
		if d.Pos.File != this.config.File || d.See.File != other.config.File {
			t.Errorf("%s: it stands in %q and %q", d.Message, d.Pos.File, d.See.File)
		}
	}
	if back := Against(other, this); len(back) != len(findings) {
		t.Errorf("%d findings, and %d from the other side:\n%s", len(findings), len(back), seeing(back))
	}
}

// seeing prints findings with the other place.
func seeing(ds Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		b.WriteString(d.String() + "\n\tsee " + d.See.String() + "\n")
	}
	return b.String()
}

// router is a vrrp_instance that needs nothing else.
func router(name string, vrid, lines string) string {
	return "vrrp_instance " + name + " {\ninterface eth0\nvirtual_router_id " + vrid + "\n" + lines + "\n}\n"
}

const webPool = "virtual_server 192.0.2.80 80 {\nprotocol TCP\nlb_algo rr\nlb_kind DR\n%\nreal_server 10.0.0.1 80 {\n%%\n}\nreal_server 10.0.0.2 80 {\n}\n}\n"

func serving(lines, server string) string {
	return strings.Replace(strings.Replace(webPool, "%%", server, 1), "%", lines, 1)
}

func marked(match string) string {
	return "virtual_server fwmark 7 {\nlb_algo rr\nlb_kind DR\nmark_match " + match + "\nreal_server 10.0.0.1 80 {\n}\n}\n"
}

// TestAgainstOneThing holds for each thing that can be wrong alone what is said
// of it.
func TestAgainstOneThing(t *testing.T) {
	const vip = "\nvirtual_ipaddress { 192.0.2.80 }"
	v3 := func(lines string) string { return router("A", "51", "version 3\n"+lines+vip) }
	v2 := func(lines string) string { return router("A", "51", lines+vip) }
	tests := []struct {
		name, here, there string
		want              []string // "severity: part of the message", in order
	}{
		{"nothing wrong", v3("priority 150"), v3("priority 100"), nil},
		{"equal priorities", v3("priority 100"), v3(""), []string{"warning: priority 100 in both: neither is preferred; where both start at once the one with the higher address"}},
		{"equal priorities, and who wins", v3("mcast_src_ip 10.0.0.1"), v3("mcast_src_ip 10.0.0.2"), []string{"warning: the other one becomes master, 10.0.0.2 being"}},
		{"equal priorities, and this one wins", v3("mcast_src_ip 10.0.0.3"), v3("mcast_src_ip 10.0.0.2"), []string{"warning: this one becomes master, 10.0.0.3 being"}},
		{"equal priorities on purpose", v3("nopreempt"), v3("nopreempt"), []string{"note: whoever is master stays it"}},
		{"two owners", v3("priority 255"), v3("priority 255"), []string{"error: priority 255 in both"}},
		{"two masters by state", v3("priority 150\nstate MASTER"), v3("priority 100\nstate MASTER"), []string{"warning: state MASTER in both"}},
		{"the master by state on the wrong one", v3("priority 150"), v3("priority 100\nstate MASTER"), []string{"warning: state MASTER where the priority is lower"}},
		{"nopreempt on the wrong one", v3("priority 150"), v3("priority 100\nnopreempt"), []string{"warning: this director takes the addresses back as soon as"}},
		{"nopreempt where it counts", v3("priority 150\nnopreempt"), v3("priority 100"), nil},
		{"preempt_delay on the wrong one", v3("priority 100\npreempt_delay 5"), v3("priority 150"), []string{"warning: the other director takes the addresses back at once"}},
		{"one version 2", v3("priority 150"), v2(""), []string{"error: version 3 here, 2 there: each drops"}},
		{"intervals of version 2", v2("priority 150"), v2("advert_int 2"), []string{"error: advert_int 1 here, 2 there: VRRP version 2 drops"}},
		{"intervals of version 3", v3("priority 150\nadvert_int 0.2"), v3(""), []string{"warning: advert_int 0.2 here, 1 there: the death of the other director"}},
		{"a password", v2("priority 150\nauthentication {\nauth_type PASS\nauth_pass secret\n}"), v2(""), []string{"error: authentication here, none there"}},
		{"another password", v2("priority 150\nauthentication {\nauth_type PASS\nauth_pass secret\n}"),
			v2("authentication {\nauth_type PASS\nauth_pass Secret\n}"), []string{"error: auth_pass is not the same in both: each drops"}},
		{"a password that a dump masked", v2("priority 150\nauthentication {\nauth_type PASS\nauth_pass secret\n}"),
			v2("authentication {\nauth_type PASS\nauth_pass ********\n}"), []string{"note: auth_pass is masked in the other file, and not compared"}},
		{"passwords that are the same once cut", v2("priority 150\nauthentication {\nauth_type PASS\nauth_pass 12345678a\n}"),
			v2("authentication {\nauth_type PASS\nauth_pass 12345678b\n}"), nil},
		{"unicast to multicast", v3("priority 150\nunicast_peer { 10.0.0.2 }"), v3(""), []string{"error: adverts are unicast here and multicast there"}},
		{"peers that point at each other", v3("priority 150\nunicast_src_ip 10.0.0.1\nunicast_peer { 10.0.0.2 }"),
			v3("unicast_src_ip 10.0.0.2\nunicast_peer { 10.0.0.1 }"), nil},
		{"a peer that points elsewhere", v3("priority 150\nunicast_src_ip 10.0.0.1\nunicast_peer { 10.0.0.3 }"),
			v3("unicast_src_ip 10.0.0.2\nunicast_peer { 10.0.0.1 }"), []string{"error: unicast_peer is 10.0.0.3 here, and the other director is 10.0.0.2"}},
		{"peers without a source", v3("priority 150\nunicast_peer { 10.0.0.2 }"), v3("unicast_src_ip 10.0.0.2\nunicast_peer { 10.0.0.1 }"),
			[]string{"note: this file does not say unicast_src_ip"}},
		{"one source", v3("priority 150\nmcast_src_ip 10.0.0.1"), v3("mcast_src_ip 10.0.0.1"), []string{"error: mcast_src_ip 10.0.0.1 in both"}},
		{"another VRID", v3("priority 150"), router("A", "52", "version 3"+vip), []string{"error: virtual_router_id 51 here, 52 there: they do not hear"}},
		{"another VRID and name, the same address", v3("priority 150"), router("B", "52", "version 3"+vip), []string{"error: vrrp_instance A (B there): virtual_router_id 51 here"}},
		{"another name", v3("priority 150"), router("B", "51", "version 3"+vip), nil},
		{"an instance less", v3("priority 150") + router("B", "52", "virtual_ipaddress { 192.0.2.81 }"), v3(""),
			[]string{"error: vrrp_instance B with virtual_router_id 52 is not there: when this director dies nobody takes 192.0.2.81 over"}},
		{"an address more", v3("priority 150"), v3("virtual_ipaddress_excluded { 192.0.2.81 }"), []string{"error: 192.0.2.81 is not here"}},
		{"an address that is excluded there", v3("priority 150\nvirtual_ipaddress { 192.0.2.81 }"), v3("virtual_ipaddress_excluded { 192.0.2.81 }"),
			[]string{"warning: 192.0.2.81 is in virtual_ipaddress in one file"}},
		{"another prefix length", v3("priority 150"), router("A", "51", "version 3\nvirtual_ipaddress { 192.0.2.80/24 }"), []string{"warning: 192.0.2.80 has the prefix length 32 here, 24 there"}},
		{"a weight that is not enough", v3("priority 150\ntrack_interface {\neth1 weight -20\n}"), v3(""),
			[]string{"warning: vrrp_instance A: track_interface eth1: weight -20 can never move the addresses: it leaves 130"}},
		{"a weight that is enough", v3("priority 150\ntrack_interface {\neth1 weight -60\n}"), v3(""), nil},
		{"a weight of the owner, which its file tells", v3("priority 255\ntrack_interface {\neth1 weight -60\n}"), v3(""), nil},
		{"a weight that nopreempt beats", v3("priority 150\nnopreempt\ntrack_interface {\neth1 weight -60\n}"), v3("priority 100\nnopreempt"),
			[]string{"warning: weight -60 can never move the addresses: it leaves 90, and the other director has 100, but nopreempt"}},
		{"a weight that is not enough there", v3(""), v3("priority 150\ntrack_interface {\neth1 weight -20\n}"),
			[]string{"warning: in the other file: vrrp_instance A: track_interface eth1: weight -20 can never"}},
		{"a weight of the backup", v3("priority 150"), v3("track_interface {\neth1 weight -20\n}"), nil},
		{"one router_id", v3("priority 150") + "global_defs {\nrouter_id x\n}\n", v3("") + "global_defs {\nrouter_id x\n}\n", []string{"note: router_id is \"x\" in both"}},

		{"a service", serving("", ""), serving("", ""), nil},
		{"a service more", serving("", "") + strings.Replace(serving("", ""), "80 80", "80 81", 1), serving("", ""), []string{"error: is not there: its clients are refused while the other director"}},
		{"another protocol", serving("", ""), strings.Replace(serving("", ""), "TCP", "UDP", 1), []string{"error: virtual_server 192.0.2.80:80: protocol TCP here, UDP there"}},
		{"another scheduler", serving("", ""), serving("lb_algo wrr", ""), []string{"warning: lb_algo rr here, wrr there: the servers get other shares"}},
		{"a hashing scheduler", serving("", ""), serving("lb_algo sh", ""), []string{"warning: clients are sent to other servers than before"}},
		{"another flag", serving("lb_algo sh", ""), serving("lb_algo sh\nsh-port", ""), []string{"warning: the flags of its scheduler are - here and"}},
		{"persistence", serving("", ""), serving("persistence_timeout 60", ""), []string{"error: persistence_timeout is none here and 60 s there"}},
		{"longer persistence", serving("persistence_timeout 50", ""), serving("persistence_timeout 60", ""), []string{"warning: persistence_timeout is 50 s here and 60 s there"}},
		{"wider persistence", serving("persistence_timeout 60\npersistence_granularity 255.255.255.0", ""), serving("persistence_timeout 60", ""), []string{"warning: clients persist by other rules there"}},
		{"another method", serving("", ""), strings.Replace(serving("", ""), "DR", "NAT", 1), []string{"error: real_server 10.0.0.1:80: it is reached by DR here and by NAT there", "error: real_server 10.0.0.2:80: it is reached"}},
		{"another weight", serving("", "weight 3"), serving("", ""), []string{"warning: real_server 10.0.0.1:80: weight 3 here, 1 there"}},
		{"other limits", serving("", "uthreshold 9"), serving("", ""), []string{"warning: its limits of connections are 9 and 0 here, 0 and 0 there"}},
		{"a check less", serving("", "TCP_CHECK {\n}"), serving("", ""), []string{"warning: it is checked here and not there"}},
		{"a check more", serving("", ""), serving("", "TCP_CHECK {\n}"), []string{"warning: it is checked there and not here"}},
		{"another check", serving("", "TCP_CHECK {\nconnect_port 81\n}"), serving("", "TCP_CHECK {\n}"), []string{"warning: its checks are not the same in both (at 10.0.0.1:81 here, 10.0.0.1:80 there)"}},
		{"a slower check", serving("", "TCP_CHECK {\nconnect_timeout 1\n}"), serving("", "TCP_CHECK {\nconnect_timeout 2.5\n}"), []string{"warning: (connect_timeout 1 here, 2.5 there)"}},
		{"checks of two kinds", serving("", "TCP_CHECK {\n}"), serving("", "HTTP_GET {\nurl {\npath /\n}\n}"), []string{"warning: (TCP_CHECK here, HTTP_GET there)"}},
		{"another answer", serving("", "HTTP_GET {\nurl {\npath /\nstatus_code 200\n}\n}"), serving("", "HTTP_GET {\nurl {\npath /\n}\n}"), []string{"warning: (status_code 200 here, 200-299 there)"}},
		{"a check from another address", serving("", "TCP_CHECK {\nbindto 10.0.0.8\n}"), serving("", "TCP_CHECK {\nbindto 10.0.0.9\n}"), nil},
		{"other packets", marked("192.0.2.80 tcp 80"), marked("192.0.2.80 tcp 80,443"), []string{"error: virtual_server fwmark 7: mark_match is not the same"}},
		{"a server less", serving("", ""), strings.Replace(serving("", ""), "10.0.0.2", "10.0.0.3", 1), []string{"error: real_server 10.0.0.3:80 is not here", "error: real_server 10.0.0.2:80 is not there"}},
		{"a sorry server", serving("sorry_server 10.0.0.9 80", ""), serving("", ""), []string{"warning: sorry_server 10.0.0.9:80 is not there"}},
		{"another sorry server", serving("sorry_server 10.0.0.9 80", ""), serving("sorry_server 10.0.0.8 80", ""), []string{"warning: sorry_server 10.0.0.9:80 here, 10.0.0.8:80 there"}},
		{"another quorum", serving("quorum 2", ""), serving("", ""), []string{"warning: quorum 2 with hysteresis 0 here, 1 with 0 there"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			this, found := ReadText("here", []byte(tt.here), Options{})
			other, more := ReadText("there", []byte(tt.there), Options{})
			if found.Fatal() || more.Fatal() {
				t.Fatal(found, more)
			}
			findings := Against(this, other)
			holdPlaces(t, findings, this, other)
			for i, d := range findings {
				if i >= len(tt.want) {
					t.Errorf("beyond what is wanted: %s", d)
					continue
				}
				sev, part, _ := strings.Cut(tt.want[i], ": ")
				if d.Severity.String() != sev || !strings.Contains(d.Message, part) {
					t.Errorf("got %s: %s\nwant %s", d.Severity, d.Message, tt.want[i])
				}
				if strings.Contains(strings.ToLower(strings.ReplaceAll(d.String(), "--show-secrets", "")), "secret") {
					t.Errorf("it shows a password: %s", d)
				}
			}
			if len(findings) < len(tt.want) {
				t.Errorf("it lacks %q", tt.want[len(findings):])
			}
		})
	}
}

func TestAgainstRefused(t *testing.T) {
	good, _ := ReadText("good", []byte(router("A", "51", "virtual_ipaddress { 192.0.2.1 }")), Options{})
	bad, found := ReadText("bad", []byte(router("A", "0", "")), Options{})
	if !found.Fatal() {
		t.Fatal("the file is not refused")
	}
	if got := append(Against(good, bad), Against(bad, good)...); got != nil {
		t.Errorf("a file that means nothing was compared: %v", got)
	}
}

func TestList(t *testing.T) {
	for want, n := range map[string]int{"nothing": 0, "0": 1, "0 and 1": 2, "0, 1, 2 and 3": 4, "0, 1, 2 and 2 more": 5} {
		var values []int
		for i := range n {
			values = append(values, i)
		}
		if got := list(values); got != want {
			t.Errorf("%d values are %q, want %q", n, got, want)
		}
	}
}

// TestAgainstItself holds that a file and itself are a pair but for what must
// differ.
func TestAgainstItself(t *testing.T) {
	for name, archive := range golden.Archives(t, "testdata/*.txtar") {
		f, _ := readGolden(archive)
		for _, d := range Against(f, f) {
			if d.Pos != d.See || d.Pos == (syntax.Pos{}) || !strings.Contains(d.Message, "in both") && !strings.Contains(d.Message, "cannot be told") && !strings.Contains(d.Message, "auth_pass is masked") &&
				!strings.Contains(d.Message, "unicast_peer is") && !strings.Contains(d.Message, "move together") {
				t.Errorf("%s: %s", name, d)
			}
		}
	}
}

// TestAgainstTemplates holds that a template of the other file does not pass for
// this host's address.
func TestAgainstTemplates(t *testing.T) {
	host := &Host{Name: "lb1", Interfaces: []Interface{{Name: "eth0", Index: 2, Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}}}
	text := router("A", "51", "priority 150\nmcast_src_ip \"{{ GetInterfaceIP `eth0` }}\"\nvirtual_ipaddress { 192.0.2.80 }")
	this, found := ReadText("here", []byte(text), Options{Host: host})
	other, more := ReadText("there", []byte(strings.Replace(text, "150", "100", 1)), Options{Host: host})
	if found.Fatal() || more.Fatal() {
		t.Fatal(found, more)
	}
	got := Against(this, other)
	if len(got) != 1 || got[0].Severity != Note || !strings.Contains(got[0].Message, "templates of the other file") {
		t.Errorf("got %v", got)
	}
}

// TestAgainstSyncPlace holds that what differs of connection sync is shown where
// the files say it.
func TestAgainstSyncPlace(t *testing.T) {
	file := func(name, period string) *File {
		f, _ := ReadText(name, []byte("global_defs {\nlvs_sync_daemon eth0 id 51\nlvs_sync_refresh_period "+period+"\n}\n"+router("A", "51", "virtual_ipaddress { 192.0.2.80 }")), Options{})
		return f
	}
	for _, d := range Against(file("here", "10"), file("there", "20")) {
		if strings.Contains(d.Message, "sync_refresh_period 10 here") && d.Pos.Line == 3 && d.See.Line == 3 {
			return
		}
	}
	t.Error("the lines are not named")
}
