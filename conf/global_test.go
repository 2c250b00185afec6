package conf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGlobalStatements holds what each kind of bad statement of global_defs is
// answered with; good ones are in TestGlobalAccepts.
func TestGlobalStatements(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // the messages, "severity: message (hint)"
	}{
		{"a gap of 0, as many files have it", "vrrp_garp_interval 0",
			"warning: vrrp_garp_interval 0 is ignored, as in keepalived: it takes 0.000001 to 4294.967295 seconds (remove the line: nothing waits between them anyway)"},
		{"the same written otherwise", "vrrp_gna_interval 0.000",
			"warning: vrrp_gna_interval 0 is ignored, as in keepalived: it takes 0.000001 to 4294.967295 seconds (remove the line: nothing waits between them anyway)"},
		{"a gap with a unit", "vrrp_garp_interval 10ms",
			`error: vrrp_garp_interval "10ms" is ignored: it takes 0.000001 to 4294.967295 seconds, without a unit`},
		{"a gap in milliseconds", "vrrp_garp_interval 100", `warning: vrrp_garp_interval 100: with many addresses a takeover would last minutes (a gap is some milliseconds: 0.001)`},
		{"announcements without their seconds", "vrrp_garp_extra_if all", "error: vrrp_garp_extra_if lacks its seconds"},
		{"announcements once in two days", "vrrp_vmac_garp_intvl 172800", `warning: vrrp_vmac_garp_intvl is the old name of vrrp_garp_extra_if (write vrrp_garp_extra_if)
error: vrrp_garp_extra_if "172800" is ignored: it takes a number from 1 to 86400`},
		{"a group that is none", "vrrp_mcast_group4 192.0.2.1", `error: vrrp_mcast_group4 "192.0.2.1" is ignored: it takes a multicast address of IPv4`},
		{"a group of the other family", "vrrp_mcast_group6 224.0.0.18", `error: vrrp_mcast_group6 "224.0.0.18" is ignored: it takes a multicast address of IPv6`},
		{"a group beyond the link", "vrrp_mcast_group6 ff05::12", `warning: vrrp_mcast_group6 ff05::12 is not of this link only: RFC 9568 section 5.1.2.2 wants that (write one of ff02::)`},
		{"a switch that is neither", "vrrp_min_garp ON", `error: vrrp_min_garp "ON" is ignored: it takes on, true, yes, off, false or no`},
		{"a checksum that off switches on", "v3_checksum_as_v2 off",
			"warning: v3_checksum_as_v2 off switches it on, as in keepalived: in global_defs no word counts behind it (remove the line to switch it off)"},
		{"a lifetime that is none", "vip_lifetime 0", `error: vip_lifetime "0" is ignored: it takes auto, infinite, or seconds from 1 to 86400`},
		{"a wait of a day", "forwarding_wait 86400", `error: forwarding_wait "86400" is ignored: it takes 0 to 3600 seconds`},
		{"an option of dynamic_interfaces", "dynamic_interfaces always", `warning: dynamic_interfaces "always" is ignored: it takes allow_if_changes`},
		{"a name that no interface has", "default_interface eth0/1", `error: default_interface "eth0/1": an interface name has 1 to 15 bytes, and no /`},
		{"a prefix without room for a number", "vmac_prefix abcdefghijklmno", `error: vmac_prefix "abcdefghijklmno" is ignored: an interface name has 1 to 15 bytes, and no /`},
		{"mail to nobody", "notification_email { }", `warning: notification_email names nobody (write one address a line)`},
		{"a mail server and its port in one word", "smtp_server 192.0.2.9 smtp", `error: smtp_server "192.0.2.9": the port "smtp" is ignored: it takes a number from 1 to 65535`},
		{"no time for the mail server", "smtp_connect_timeout 0", "error: smtp_connect_timeout 0 makes no sense: 1 is used"},
		{"an hour for a script", "startup_script_timeout 3600", `error: startup_script_timeout "3600" is ignored: it takes a number from 1 to 1000`},
		{"a pipe below nothing", "notify_fifo run/pipe", `error: notify_fifo "run/pipe" is ignored: a director has no working directory (write it from / on)`},
		{"two pipes", "notify_fifo /run/a\nnotify_fifo /run/b", `error: a second notify_fifo is ignored: the first counts, in line 2`},
		{"a table twice", "nftables a\nnftables b", `note: nftables has no effect here: tandem keeps the rules of no_accept in an nftables table of its own, inet tandem_vrrp, which is there only while it is needed
warning: a second nftables is ignored: it is said already, in line 2`},
		{"a mark that is none", "nftables_ipvs_start_fwmark 0", `warning: nftables_ipvs_start_fwmark "0" is ignored: it takes a number from 1 to 4294967295`},
		{"sets too many", "vrrp_ipsets a b c d e f g", `note: vrrp_ipsets has no effect here: tandem writes its rules with nftables, beside those of iptables
warning: vrrp_ipsets: "g" is left over and ignored`},
		{"a niceness that no process has", "vrrp_priority -21", `error: vrrp_priority "-21" is ignored: it takes a number from -20 to 19`},
		{"a processor by its name", "vrrp_cpu_affinity 0 cpu1", `warning: vrrp_cpu_affinity "cpu1" is ignored: it takes a number from 0 to 8191`},
		{"a boost beyond the highest", "max_auto_priority 100", `warning: max_auto_priority "100" is ignored: it takes a number from -1 to 99`},
		{"a name too long for the kernel", "process_name director-number-one", `warning: process_name "director-number-one": the kernel keeps 15 bytes: director-number`},
		{"a policy for nothing", "vrrp_rx_bufs_policy LARGE", `warning: vrrp_rx_bufs_policy "LARGE" is ignored: it takes MTU, ADVERT or a number of bytes`},
		{"a mask of no rights", "umask IRUSR|READ", `warning: umask "IRUSR|READ" is ignored: it takes a number up to 0777, or names such as IWGRP|IWOTH`},
		{"an include check that is none", "include_check +exists", `error: include_check "+exists" is ignored: it takes read, match, wildcard_match and brace_match, each with + or - before it`},
		{"a seed with a sign", "random_seed -1", `warning: random_seed "-1" is ignored: it takes a number from 0 to 4294967295`},
		{"a layout that is none", "json_version 3", `warning: json_version "3" is ignored: it takes a number from 1 to 2`},
		{"counters too old", "snmp_vs_stats_update_interval 31", `warning: snmp_vs_stats_update_interval "31" is ignored: it takes 0.001 to 30 seconds`},
		{"foreign services at the start", "lvs_flush", "warning: lvs_flush is not supported yet and has no effect: services that are not tandem's stay; ipvsadm -C removes them"},
		{"a way to stop that is none", "lvs_flush_on_stop RS", `warning: lvs_flush_on_stop "RS" is ignored: it takes VS`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, inGlobals(tt.text)); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGlobalAccepts holds that what is right is answered with no more than that
// it has no effect.
func TestGlobalAccepts(t *testing.T) {
	for text := range strings.Lines(`notification_email { a@example.com b@example.com }
smtp_server mail.example.com 587
smtp_connect_timeout 30
vrrp_garp_interval 0.001
vrrp_garp_extra_if all 60
vrrp_garp_lower_prio_repeat 3
vrrp_mcast_group4 224.0.0.200
vrrp_mcast_group6 ff02::200
vrrp_startup_delay 5.5
vrrp_delay_after_boot 60
vrrp_strict
forwarding_wait 0
vip_lifetime infinite
vip_lifetime 30
log_unknown_vrids
v3_checksum_as_v2
dynamic_interfaces allow_if_changes
script_user nobody :nogroup
startup_script "/bin/true now" nobody
vrrp_notify_fifo /run/pipe root
vrrp_ipsets
vrrp_iptables IN OUT
nftables_priority -150
vrrp_rt_priority 50
max_auto_priority
max_auto_priority -1
vrrp_cpu_affinity 0 2 5
vrrp_rx_bufs_policy advert
vrrp_rx_bufs_policy 65536
umask 0077
umask IWGRP | IWOTH
include_check +read -match
random_seed 4294967295
reload_check_config
snmp_rs_stats_update_interval 0.5
`) {
		for line := range strings.Lines(inGlobals(text)) {
			if !strings.Contains(line, "not supported yet") && !strings.Contains(line, "no effect here") {
				t.Errorf("%s: %s", text, line)
			}
		}
	}
}

// inGlobals is what is said of the text within global_defs, without what is said
// of a file that holds nothing else.
func inGlobals(text string) string {
	_, found := Parse("f", []byte("global_defs {\n"+text+"\n}\n"))
	var b strings.Builder
	for _, d := range found {
		if d.Pos.Line > 0 {
			line := strings.TrimPrefix(d.String(), d.Pos.String()+": ")
			b.WriteString(strings.Replace(line, "global_defs: ", "", 1) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestEveryGlobalIsDocumented(t *testing.T) {
	for _, k := range globalBlock.keywords() {
		if k.effect == "" {
			t.Errorf("%s has no line in the reference", k.name)
		}
	}
}

func TestUmask(t *testing.T) {
	tests := []struct {
		text string
		mask uint32
		ok   bool
	}{
		{"022", 0o022, true},
		{"18", 0o022, true},
		{"0x12", 0o022, true},
		{"IWGRP|IWOTH", 0o022, true},
		{"IRUSR|IWUSR|IXUSR|IRGRP|IWGRP|IXGRP|IROTH|IWOTH|IXOTH", 0o777, true},
		{"01000", 0, false},
		{"-1", 0, false},
		{"", 0, false},
		{"IWGRP|", 0, false},
		{"S_IWGRP", 0, false},
		{"IRWXU", 0, false},
	}
	for _, tt := range tests {
		if mask, ok := umask(tt.text); ok != tt.ok || ok && mask != tt.mask {
			t.Errorf("umask of %q is %#o, %v, want %#o, %v", tt.text, mask, ok, tt.mask, tt.ok)
		}
	}
}
