package conf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// TestSuggest holds what is said of words that are no keyword where they stand:
// those of real files, and those of tired fingers.
func TestSuggest(t *testing.T) {
	const (
		root, globals, instance, group = "the top level", "global_defs", "vrrp_instance", "vrrp_sync_group"
		service, server, tcp, http     = "virtual_server", "real_server", "TCP_CHECK", "HTTP_GET"
	)
	tests := []struct{ name, block, word, want string }{
		// Met in real files.
		{"two letters swapped, in the right block", server, "weigth", "did you mean weight?"},
		{"the same where there is no such keyword", instance, "weigth", "did you mean weight, which belongs in virtual_server, in real_server, in vrrp_script and others?"},
		{"a checker", server, "SMTP_CHEKC", "did you mean SMTP_CHECK?"},
		{"a root block", root, "vvrp_script", "did you mean vrrp_script?"},
		{"a letter missing in a long word", instance, "lvs_sync_daemon_inteface", "did you mean lvs_sync_daemon_interface?"},
		{"the same in global_defs", globals, "lvs_sync_daemon_inteface", "did you mean lvs_sync_daemon_interface, which belongs in vrrp_instance?"},
		{"a letter too many", instance, "unicasti_src_ip", "did you mean unicast_src_ip?"},
		{"an instance's keyword in global_defs", globals, "garp_master_delay", "here it is called vrrp_garp_master_delay"},
		{"a global keyword in an instance", instance, "vrrp_garp_master_refresh", "here it is called garp_master_refresh"},
		{"a service's keyword in an instance", instance, "sorry_server", "sorry_server belongs in virtual_server"},
		{"an equals sign and a value", instance, "mcast_src_ip=192.0.2.9", "write mcast_src_ip, a blank, and the value"},
		{"a no-break space", server, "\u00a0weight", "it holds the character U+00A0, which looks like a blank but is none"},
		{"an ideographic space", server, "\u3000weight", "it holds the character U+3000, which looks like a blank but is none"},
		{"a here-document", root, "EOF", "it is the end of a here-document of a shell"},
		{"a prompt", root, "lizx@lb1:~$", "it looks like the prompt of a shell"},
		{"a prompt in brackets", root, "[root@lb1", "it looks like the prompt of a shell"},

		// DPVS and Alibaba's LVS.
		{"source addresses of FULLNAT", service, "laddr_group_name", "it is of DPVS: write lb_kind FULLNAT, and snat_pool with the source addresses, into the virtual_server"},
		{"their group", root, "local_address_group", "it is of DPVS: write lb_kind FULLNAT, and snat_pool with the source addresses, into the virtual_server"},
		{"who may not come", root, "deny_address_group", "it is of DPVS: let nftables choose who may come"},
		{"the same in a service", service, "daddr_group_name", "it is of DPVS: let nftables choose who may come"},
		{"a timeout", service, "establish_timeout", "it is of DPVS: write lvs_timeouts tcp SECONDS into global_defs"},
		{"an interface", instance, "dpdk_interface", "it is of DPVS: tandem lets the kernel forward, over its own interfaces"},
		{"SYN cookies", service, "syn_proxy", "it is of DPVS: nftables has synproxy"},

		// Other programs.
		{"HAProxy's service", root, "frontend", "it is of HAProxy: write a virtual_server for each address"},
		{"nginx's servers", root, "upstream", "it is of nginx: write real_server into a virtual_server"},
		{"a comment of C", root, "//", "a comment begins with # or !"},
		{"a merge conflict", root, "<<<<<<<", "it is left from a merge conflict"},
		{"YAML", root, "---", "it is of YAML: blocks have braces here"},

		// Fingers.
		{"a letter missing", instance, "virtual_ipaddres", "did you mean virtual_ipaddress?"},
		{"letters swapped", service, "sorry_sevrer", "did you mean sorry_server?"},
		{"a short word", server, "wight", "did you mean weight?"},
		{"a missing letter in a block", service, "real_sever", "did you mean real_server?"},
		{"the other case", instance, "Interface", "did you mean interface?"},
		{"shouted", instance, "INTERFACE", "did you mean interface?"},
		{"whispered", server, "tcp_check", "did you mean TCP_CHECK?"},
		{"dashes", instance, "virtual-router-id", "did you mean virtual_router_id?"},
		{"in one word", instance, "virtualRouterID", "did you mean virtual_router_id?"},
		{"in one word, elsewhere", root, "globalDefs", "did you mean global_defs?"},
		{"a colon", instance, "priority:", `write priority without ":"`},
		{"a semicolon", instance, "nopreempt;", `write nopreempt without ";"`},
		{"a colon and a value", instance, "priority:100", "write priority, a blank, and the value"},
		{"plural", tcp, "connect_ports", "did you mean connect_port?"},
		{"the block's own comes before another's", instance, "interfaces", "did you mean interface?"},
		{"a synonym", instance, "vrid", "did you mean virtual_router_id?"},
		{"the name of the other id", instance, "router_id", "did you mean virtual_router_id?"},
		{"the password", "authentication", "password", "did you mean auth_pass?"},
		{"a check that there is not", server, "HTTP_CHECK", "did you mean HTTP_GET?"},
		{"another program's word for it", service, "balance", "did you mean lb_algo?"},
		{"a service's keyword in a check", tcp, "delay_loops", "did you mean delay_loop?"},
		{"a check's keyword in a service", service, "status_code", "status_code belongs in url"},
		{"a check's keyword one block too high", http, "path", "path belongs in url"},
		{"near to another block's keyword", instance, "misc_paht", "did you mean misc_path, which belongs in MISC_CHECK?"},
		{"the priority of a process is none of an instance", globals, "priority", "priority belongs in vrrp_instance"},
		{"a group's keyword", group, "virtual_ipaddress", "virtual_ipaddress belongs in vrrp_instance"},
		{"tandem's own", globals, "lvs_sync_treshold", "did you mean lvs_sync_threshold?"},
		{"what is gone is meant by nobody", server, "nat_maks", ""},

		{"like nothing", instance, "frobnicate", ""},
		{"two letters are like nothing", instance, "xy", ""},
		{"nothing", instance, "", ""},
	}
	l := &loader{reporter: reporter{words: newVocabulary}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := l.suggest(&syntax.Statement{Words: []syntax.Word{{Text: tt.word}}}, tt.block); got != tt.want {
				t.Errorf("%q in %s: got %q, want %q", tt.word, tt.block, got, tt.want)
			}
		})
	}
}

// TestSuggestsKeywords holds for every keyword that where it is
// misspelled by one letter in its own block, it is what is suggested, or another
// one that is as near.
func TestSuggestsKeywords(t *testing.T) {
	v := newVocabulary()
	for block, names := range v.blocks {
		for _, name := range names {
			if len(name) < 5 {
				continue
			}
			word := name[:2] + name[3:]
			near := nearest(word, names)
			if near == "" || len(near) < len(word) || len(near) > len(name)+1 {
				t.Errorf("%s, for %s in %s, is taken for %q", word, name, block, near)
			}
		}
	}
}

// TestSynonyms holds that every word that is a synonym leads to a keyword.
func TestSynonyms(t *testing.T) {
	v := newVocabulary()
	for word, meant := range synonyms {
		if v.homes[meant] == nil {
			t.Errorf("%s leads to %s, which is no keyword", word, meant)
		}
	}
	for word := range foreignWords {
		if v.homes[word] != nil {
			t.Errorf("%s is a keyword", word)
		}
	}
}

// TestGuessesEnd holds that a file of nothing but unknown words costs no more
// than some guesses.
func TestGuessesEnd(t *testing.T) {
	var b strings.Builder
	for i := range 2 * maxGuesses {
		fmt.Fprintf(&b, "vrrp_scirpt%s\n", string(rune('a'+i%26)))
	}
	_, found := Parse("f", []byte(b.String()))
	hints := 0
	for _, d := range found {
		if d.Hint != "" {
			hints++
		}
	}
	if hints != maxGuesses || found.Count(Error) != 2*maxGuesses {
		t.Errorf("%d of %d errors have a hint, want %d of %d", hints, found.Count(Error), maxGuesses, 2*maxGuesses)
	}
}
