package conf

import "testing"

func TestPolicyRule(t *testing.T) {
	tests := []lineTest{
		{"a table", "from 192.0.2.0/24 table 5 preference 100", "from 192.0.2.0/24 preference 100 table 5"},
		{"a table by name", "to 2001:db8::/32 lookup web priority 100", "to 2001:db8::/32 preference 100 table web"},
		{"all", "from all to any lookup main order 0x64", "preference 100 table main"},
		{"not", "not from 192.0.2.1 lookup 7 order 9", "not from 192.0.2.1/32 preference 9 table 7"},
		{"a mark", "fwmark 0x10/0xff iif eth0 oif eth1 table 5 preference 1", "fwmark 16/255 iif eth0 oif eth1 preference 1 table 5"},
		{"ports and users", "sport 80 dport 1024-65535 uidrange 0-99 ipproto tcp table 5 preference 1", "sport 80 dport 1024-65535 uidrange 0-99 ipproto tcp preference 1 table 5"},
		{"a kind", "inet6 type blackhole preference 1", "inet6 preference 1 blackhole"},
		{"a jump", "goto 200 preference 100", "preference 100 goto 200"},
		{"suppressed", "table main sup_pl 0 sup_group 3 preference 1", "suppress_prefixlength 0 suppress_ifgroup 3 preference 1 table main"},
		{"a VRF", "l3mdev preference 1000 protocol 18", "preference 1000 protocol 18 l3mdev"},

		{"nothing to do", "from 192.0.2.1 preference 5", `f:1:1: error: rule "192.0.2.1" is ignored: it does not say what becomes of the packets (write table and its name or number)`},
		{"table 0", "table 0", `f:1:1: error: rule "table 0" is ignored: table 0 is none`},
		{"two things to do", "table 5 blackhole", `f:1:3: error: rule "table 5" is ignored: there are both table and blackhole (one of them for each rule)`},
		{"a jump from nowhere", "goto 5", `f:1:1: error: rule "goto 5" is ignored: goto needs a preference to go on from (write preference N)`},
		{"a jump back", "goto 5 preference 5", `f:1:1: error: rule "goto 5" is ignored: goto 5 leads back: its preference is 5`},
		{"a table's option without one", "blackhole realms 5 preference 5", `f:1:1: error: rule "blackhole realms" is ignored: realms is for rules with a table only`},
		{"both families", "from 192.0.2.1 to 2001:db8::1 table 5", `f:1:4: error: rule "192.0.2.1" is ignored: "2001:db8::1" is of IPv6, and what stands before it of IPv4`},
		{"a misspelt option", "form 192.0.2.1 table 5", `f:1:1: error: rule "192.0.2.1" is ignored: unknown option "form" (did you mean from?)`},
		{"the manual's word", "ip_proto tcp table 5", `f:1:1: error: rule "ip_proto tcp" is ignored: unknown option "ip_proto" (write ipproto)`},
		{"an unknown kind", "type drop", `f:1:2: error: rule "type drop" is ignored: type "drop": it takes goto, nop, blackhole, prohibit or unreachable`},
		{"a mark that is none", "fwmark 1/x table 5", `f:1:2: error: rule "fwmark 1/x" is ignored: fwmark "1/x": it takes MARK or MARK/MASK`},
		{"a range backwards", "dport 9-8 table 5", `f:1:2: error: rule "dport 9-8" is ignored: dport "9-8": it takes N or N-M, up to 65535`},
		{"one user", "uidrange 9 table 5", `f:1:2: error: rule "uidrange 9" is ignored: uidrange "9": it takes N-M, up to 4294967295`},
		{"an interface that is none", "iif a/b table 5", `f:1:2: error: rule "iif a/b" is ignored: iif "a/b": it takes an interface: 1 to 15 bytes, and no /`},
	}
	testLines(t, tests, (*loader).policyRule)
}

// FuzzPolicyRule holds that a rule that is understood is written such that it
// is understood as the same.
func FuzzPolicyRule(f *testing.F) {
	fuzzLines(f, (*loader).policyRule,
		"not from 192.0.2.0/24 to 10.0.0.0/8 table 5 preference 100 tos 10 fwmark 1/2 realms 3",
		"inet6 iif eth0 oif eth1 sup_pl 0 sup_group 3 tunnel-id 5 uidrange 1-2 l3mdev",
		"protocol 18 ipproto tcp sport 80 dport 1-2 type goto 5 preference 1 no_track",
		"from 2001:db8::/32 blackhole order 0x10",
	)
}
