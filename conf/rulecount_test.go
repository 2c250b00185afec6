package conf

import (
	"fmt"
	"strings"
	"testing"
)

// TestRules holds how many rules of nftables FULLNAT may need, of a service and
// of all.
func TestRules(t *testing.T) {
	const server = "real_server 10.0.0.1 80 { }\n"
	group := func(name, members, more string) string {
		return fmt.Sprintf("virtual_server_group %[1]s {\n%[2]s\n}\nvirtual_server group %[1]s {\nlb_algo rr\nlb_kind FULLNAT\nprotocol TCP\n"+
			"snat_pool 10.0.9.1\n%[3]s%[4]s}\n", name, members, server, more)
	}
	var matches strings.Builder
	for i := range 600 {
		fmt.Fprintf(&matches, "mark_match 10.1.%d.%d tcp 80\n", i/200, i%200+1)
	}
	tests := []struct {
		name, file string
		runs       int
		why        string // of what does not
	}{
		{"as many members as can be", group("A", "10.1.0.0/22 80", ""), 1, ""},
		{"a member too many", group("A", "10.1.0.0/22 80\n10.2.0.1 80", ""), 0, "at most 1024, not 1025"},
		{"smaller groups", group("A", "10.1.0.0/23 80", "") + group("B", "10.1.2.0/23 80", "") + group("C", "10.1.4.0/22 80", "") + group("D", "10.1.8.0/30 80", ""), 3, "D: the block is ignored: with it, FULLNAT would need 2052 rules"},
		{"a pool of several ranges", group("A", "10.1.0.0/23 80", "snat_pool 10.0.9.3 10.0.9.5 10.0.9.7 10.0.9.9\n"), 0, "2560 rules"},
		{"a server of NAT beside it", group("A", "10.1.0.0/22 80", "real_server 10.0.0.2 80 {\nlvs_method NAT\n}\nreal_server 10.0.0.3 80 { }\nreal_server 10.0.0.4 80 { }\n"), 0, "3072 rules"},
		{"a mark that is set elsewhere", group("A", "fwmark 1", ""), 1, ""},
		{"a mark with mark_match", "virtual_server fwmark 1 {\nlb_algo rr\nlb_kind FULLNAT\nsnat_pool 10.0.9.1\n" + server + matches.String() + "}\n", 1, ""},
		{"DR", strings.ReplaceAll(group("A", "10.1.0.0/20 80", ""), "FULLNAT", "DR"), 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg, found := Parse("f", []byte(tt.file))
			if len(cfg.Services) != tt.runs {
				t.Errorf("%d services run, want %d", len(cfg.Services), tt.runs)
			}
			if got := lines(found); !strings.Contains(got, tt.why) || (found.Count(Error) > 0) != (tt.why != "") {
				t.Errorf("want %q in:\n%s", tt.why, got)
			}
		})
	}
}
