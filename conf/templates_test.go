package conf

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// prefixes reads addresses with their lengths.
func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

// directorHost is a director with an outside and an inside interface.
func directorHost() *Host {
	return &Host{Name: "lb1", Interfaces: []Interface{
		{Name: "lo", Index: 1, MTU: 65536, Up: true, Loopback: true, Addresses: prefixes("127.0.0.1/8", "::1/128")},
		{Name: "eth0", Index: 2, MTU: 1500, Up: true, Broadcast: true, Multicast: true, Default4: true, Addresses: prefixes("198.51.100.2/24")},
		{Name: "eth1", Index: 3, MTU: 1500, Up: true, Broadcast: true, Multicast: true, Addresses: prefixes("10.0.0.2/24")},
		{Name: "eth10", Index: 4, MTU: 1500, Up: true, Broadcast: true, Multicast: true, Addresses: prefixes("172.16.10.2/24")},
	}}
}

// replaceIn puts what a test is about into a file in which nothing else is worth
// a word.
func replaceIn(file string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(file)
}

const templated = "vrrp_instance A {\n" +
	"    interface eth0\n" +
	"    virtual_router_id 5\n" +
	"    unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\"\n" +
	"    unicast_peer {\n" +
	"        198.51.100.3\n" +
	"    }\n" +
	"    virtual_ipaddress {\n" +
	"        198.51.100.80/24\n" +
	"    }\n" +
	"}\n"

// shortest is the findings without those that are the same in every row.
func shortest(ds Diagnostics) string {
	var b strings.Builder
	for _, d := range withoutAuthNote(ds) {
		b.WriteString(strings.TrimPrefix(d.String(), "a.conf:") + "\n")
	}
	return b.String()
}

func TestTemplates(t *testing.T) {
	const source = "{{ GetInterfaceIP `eth0` }}"
	tests := []struct {
		name  string
		pairs []string // of what is replaced in the file
		want  string   // the findings
		gives string   // the source address
	}{
		{"an address", nil,
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", "198.51.100.2"},
		{"a name that is not there", []string{source, "{{ GetInterfaceIP `eth` }}"},
			"4:20: error: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth` }}\" is ignored: no interface of this host is named eth: there is lo, eth0, eth1, eth10\n", "invalid IP"},
		{"no address", []string{source, "{{ GetDefaultInterfaces | attr `name` }}"},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetDefaultInterfaces | attr `name` }}\" is eth0 on this host\n" +
				"4:20: error: vrrp_instance A: unicast_src_ip \"eth0\" is ignored: it is no IP address\n", "invalid IP"},
		{"the peers", []string{"198.51.100.3", "\"{{ GetInterfaceIP `eth10` }}\""},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n" +
				"6:9: note: vrrp_instance A: unicast_peer \"{{ GetInterfaceIP `eth10` }}\" is 172.16.10.2 on this host\n", "198.51.100.2"},
		{"the interface, as one that the source uses too", []string{"interface eth0", "interface \"{{ GetDefaultInterfaces | attr `name` }}\""},
			"2:15: note: vrrp_instance A: interface \"{{ GetDefaultInterfaces | attr `name` }}\" is eth0 on this host\n" +
				"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", "198.51.100.2"},
		{"an interface that cannot be told", []string{"interface eth0", "interface \"{{ GetInterfaceIP `bond0` }}\""},
			" warning: there is no vrrp_instance and no virtual_server: nothing to do\n" +
				"2:15: error: vrrp_instance A: the block is ignored: interface \"{{ GetInterfaceIP `bond0` }}\": no interface of this host is named bond0: there is lo, eth0, eth1, eth10 (reload once this host has what it looks for)\n" +
				"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", ""},
		{"an interface that is an address", []string{"interface eth0", "interface \"{{ GetInterfaceIP `eth0` }}/24\""},
			"2:15: note: vrrp_instance A: interface \"{{ GetInterfaceIP `eth0` }}/24\" is 198.51.100.2/24 on this host\n" +
				"2:15: fatal: vrrp_instance A: interface \"198.51.100.2/24\": an interface name has 1 to 15 bytes, and no /\n" +
				"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", ""},
		{"said once", []string{"198.51.100.3", "198.51.100.3\n\"{{ GetInterfaceIP `eth0` }}\""},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n" +
				"7:1: note: vrrp_instance A: unicast_peer 198.51.100.2 is left out: it is the source of this router's adverts\n", "198.51.100.2"},
		{"a virtual address", []string{"198.51.100.80/24", "198.51.100.80/24\n\"{{ GetInterfaceIP `eth1` }}\""},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n" +
				"10:1: error: vrrp_instance A: address \"{{ GetInterfaceIP `eth1` }}\" is ignored: no template can stand here, because both directors must have the same (write the address)\n", "198.51.100.2"},
		{"the interface of a virtual address", []string{"198.51.100.80/24", "198.51.100.80/24\n10.0.0.80 dev \"{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}\""},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n" +
				"10:15: note: vrrp_instance A: dev \"{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}\" is eth1 on this host\n", "198.51.100.2"},
		{"an interface of a virtual address that is not there", []string{"198.51.100.80/24", "198.51.100.80/24\n10.0.0.80 dev \"{{ GetAllInterfaces | include `network` `10.9.0.0/24` | attr `name` }}\""},
			"4:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n" +
				"10:15: error: vrrp_instance A: address 10.0.0.80 is ignored: dev \"{{ GetAllInterfaces | include `network` `10.9.0.0/24` | attr `name` }}\": no address is left of which attr could tell anything\n", "198.51.100.2"},
		{"a number", []string{"virtual_router_id 5", "virtual_router_id 5\npriority \"{{ len . }}\""},
			"4:10: error: vrrp_instance A: priority \"{{ len . }}\" is not a number from 1 to 255: 100 is used (a template can stand for an address or an interface only)\n" +
				"5:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", "198.51.100.2"},
		{"tracked interfaces, and the sync daemon", []string{"vrrp_instance A {", "global_defs {\nlvs_sync_daemon \"{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}\" A\n}\n" +
			"vrrp_instance A {\ntrack_interface {\n\"{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}\"\n}"},
			"2:17: note: global_defs: lvs_sync_daemon \"{{ GetAllInterfaces | include `network` `10.0.0.0/24` | attr `name` }}\" is eth1 on this host\n" +
				"10:20: note: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is 198.51.100.2 on this host\n", "198.51.100.2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, found := ReadText("a.conf", []byte(replaceIn(templated, tt.pairs...)), Options{Host: directorHost()})
			if diff := cmp.Diff(tt.want, shortest(found)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			got := ""
			if all := f.Config().VRRP.Instances; len(all) > 0 {
				got = all[0].Source.String()
			}
			if got != tt.gives {
				t.Errorf("the source is %s, want %s", got, tt.gives)
			}
			runs(t, f.Config(), found)
		})
	}
}

// TestTemplateOfService fills in what a service has of its director, and refuses
// what both directors must agree on.
func TestTemplateOfService(t *testing.T) {
	const file = `virtual_server 198.51.100.80 80 {
    protocol TCP
    lb_algo rr
    lb_kind FULLNAT
    snat_pool 10.0.0.81 "{{ GetInterfaceIP ` + "`eth1`" + ` }}"
    sorry_server "{{ GetInterfaceIP ` + "`eth1`" + ` }}" 8080
    real_server 10.0.0.11 80 {
        TCP_CHECK {
            bindto "{{ GetInterfaceIP ` + "`eth1`" + ` }}"
        }
    }
}
virtual_server "{{ GetInterfaceIP ` + "`eth0`" + ` }}" 80 {
}
virtual_server_group G {
    "{{ GetInterfaceIP ` + "`eth0`" + ` }}" 80
    fwmark 1
}
`
	f, found := ReadText("a.conf", []byte(file), Options{Host: directorHost()})
	var refused []string
	for _, d := range found {
		if d.Severity == Error {
			refused = append(refused, d.Message)
		}
	}
	want := []string{
		"virtual_server 198.51.100.80 80: snat_pool \"{{ GetInterfaceIP `eth1` }}\" is ignored: no template can stand here, because both directors must have the same",
		"virtual_server \"{{ GetInterfaceIP `eth0` }}\" is ignored: no template can stand here, because both directors must have the same",
		"virtual_server_group G: member \"{{ GetInterfaceIP `eth0` }}\" is ignored: no template can stand here, because both directors must have the same",
	}
	for i, w := range want {
		want[i] = strings.Replace(w, "198.51.100.80 80:", "198.51.100.80:80:", 1)
	}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	services := f.Config().Services
	if len(services) != 1 {
		t.Fatalf("%d services, want 1", len(services))
	}
	if got := services[0].Sorry.Addr.String(); got != "10.0.0.2:8080" {
		t.Errorf("the sorry server is %s", got)
	}
	if got := services[0].Checks[0].Spec.Bind.String(); got != "10.0.0.2" {
		t.Errorf("the check is bound to %s", got)
	}
}

// TestTemplateOfUnbuilt fills in what keywords take that are checked only.
func TestTemplateOfUnbuilt(t *testing.T) {
	const inside = "\"{{ GetInterfaceIP `eth1` }}\""
	tests := []struct{ name, inside, want string }{
		{"a route", "virtual_routes {\n10.9.0.0/16 via " + inside + " dev eth1\n}",
			"5:17: note: vrrp_instance A: route \"{{ GetInterfaceIP `eth1` }}\" is 10.0.0.2 on this host\n"},
		{"a rule", "virtual_rules {\nfrom \"{{ GetInterfaceIP `eth9` }}\" table 5\n}",
			"5:6: error: vrrp_instance A: rule \"from {{ GetInterfaceIP `eth9` }}\" is ignored: \"{{ GetInterfaceIP `eth9` }}\": no interface of this host is named eth9: there is lo, eth0, eth1, eth10\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := replaceIn(templated, "virtual_router_id 5", "virtual_router_id 5\n"+tt.inside)
			_, found := ReadText("a.conf", []byte(file), Options{Host: directorHost()})
			if got := shortest(found); !strings.Contains(got, tt.want) {
				t.Errorf("findings:\n%swant among them:\n%s", got, tt.want)
			}
		})
	}
}

// TestTemplateNeedsHost reads a template where there are no facts to fill it in
// with.
func TestTemplateNeedsHost(t *testing.T) {
	_, found := Parse("a.conf", []byte(templated))
	want := "4:20: error: vrrp_instance A: unicast_src_ip \"{{ GetInterfaceIP `eth0` }}\" is ignored: a template needs the host that it is filled in for: check the file there\n"
	if diff := cmp.Diff(want, shortest(found)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestTemplateNeverVirtual reads a file again on the director that is master: it
// has all that floats, listed before its own address, in the same or a larger
// network, and the file says so only below the template.
func TestTemplateNeverVirtual(t *testing.T) {
	file := replaceIn(templated, "198.51.100.80/24\n    }", `198.51.100.80/24
    }
    virtual_ipaddress_excluded {
        198.51.100.81/99
        198.51.0.82/16 dev eth0
    }`) + `virtual_server 198.51.100.80 80 {
    protocol TCP
    lb_algo rr
    lb_kind FULLNAT
    snat_pool 198.51.100.90-91
    real_server 10.0.0.11 80 {
    }
}
`
	backup := directorHost()
	master := directorHost()
	master.Interfaces[1].Addresses = prefixes("198.51.0.82/16", "198.51.100.80/24", "198.51.100.81/32",
		"198.51.100.90/32", "198.51.100.91/32", "198.51.100.2/24")
	left := directorHost() // an address that the file has no more, and tandem still holds
	left.Interfaces[1].Floating = prefixes("198.50.0.99/8")
	for name, host := range map[string]*Host{"backup": backup, "master": master, "before a reload": left} {
		f, found := ReadText("a.conf", []byte(file), Options{Host: host})
		if got := f.Config().VRRP.Instances[0].Source.String(); got != "198.51.100.2" {
			t.Errorf("on the %s the source is %s:\n%s", name, got, lines(found))
		}
	}
	// The virtual addresses may be in a file of their own.
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "virtual.conf"), []byte("198.51.100.80/24\n198.51.0.82/16\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	split := replaceIn(templated, "198.51.100.80/24", "include "+folder+"/virtual.conf")
	f, found := ReadText("a.conf", []byte(split), Options{Host: master, Files: Disk{}})
	if got := f.Config().VRRP.Instances; len(got) != 1 || len(got[0].Addresses) != 2 || got[0].Source.String() != "198.51.100.2" {
		t.Errorf("with an include the instances are %+v:\n%s", got, lines(found))
	}
	// Where nothing but virtual addresses is there, none is taken.
	master.Interfaces[1].Addresses = prefixes("198.51.100.80/24")
	f, found = ReadText("a.conf", []byte(file), Options{Host: master})
	if got := f.Config().VRRP.Instances[0].Source; got.IsValid() || !strings.Contains(lines(found), "eth0 has no address of its own; virtual and link-local ones do not count") {
		t.Errorf("with virtual addresses only the source is %s:\n%s", got, lines(found))
	}
}
