package conf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// within are the blocks of a virtual server, with %s for what is tested.
var within = map[string]string{
	"service": "lb_algo rr\nlb_kind TUN\nprotocol TCP\n%s\nreal_server 10.0.0.1 80 {\nTCP_CHECK {\n}\n}",
	"server":  "lb_algo rr\nlb_kind TUN\nprotocol TCP\nreal_server 10.0.0.1 80 {\nTCP_CHECK {\n}\n%s\n}",
	"TCP":     "lb_algo rr\nlb_kind TUN\nprotocol TCP\nreal_server 10.0.0.1 80 {\nTCP_CHECK {\n%s\n}\n}",
	"HTTP":    "lb_algo rr\nlb_kind TUN\nprotocol TCP\nreal_server 10.0.0.1 80 {\nHTTP_GET {\nurl {\npath /\n}\n%s\n}\n}",
	"url":     "lb_algo rr\nlb_kind TUN\nprotocol TCP\nreal_server 10.0.0.1 80 {\nHTTP_GET {\nurl {\npath /\n%s\n}\n}\n}",
}

// said are the findings about a virtual server with a statement in one of its
// blocks, without the places.
func said(block, statement string) string {
	body := fmt.Sprintf(within[block], statement)
	_, found := Parse("f", []byte("virtual_server 192.0.2.1 80 {\n"+body+"\n}\n"))
	var lines []string
	for _, d := range found {
		_, message, _ := strings.Cut(d.Message, "192.0.2.1:80: ")
		message = strings.TrimPrefix(message, "real_server 10.0.0.1:80: ")
		lines = append(lines, fmt.Sprintf("%s: %s", d.Severity, message))
	}
	return strings.Join(lines, "\n")
}

// TestServiceKeywords holds what each keyword of a virtual server refuses, and
// the last thing that it takes.
func TestServiceKeywords(t *testing.T) {
	tests := []struct {
		block, statement string
		want             string
	}{
		{"service", "lb_algo wrr", ""},
		{"service", "lb_algo RR", `error: lb_algo "RR" is ignored: it takes rr, wrr, lc, wlc, lblc, lblcr, sh, mh, dh, fo, ovf, sed, nq or twos`},
		{"service", "lvs_sched wrr", ""},
		{"service", "protocol sctp", ""},
		{"service", "persistence_timeout 2678400", ""},
		{"service", "persistence_timeout 2678401", `error: persistence_timeout "2678401" is not a number from 1 to 2678400: clients do not persist`},
		{"service", "persistence_granularity 24", `error: persistence_granularity "24" is ignored: it takes a mask such as 255.255.255.0 for IPv4, a prefix length for IPv6`},
		{"service", "persistence_engine h323", `error: persistence_engine "h323" is ignored: it takes sip, the only one there is`},
		{"service", "ip_family inet6", "error: ip_family inet6 is ignored: the service is IPv4"},
		{"service", "quorum 0", `error: quorum "0" is not a number from 1 to 2147483647: 1 is used`},
		{"service", "hysteresis -1", `error: hysteresis "-1" is ignored: it takes a number from 0 to 2147483647`},
		{"service", "weight 0", `error: weight "0" is ignored: it takes a number from 1 to 2147483647`},
		{"service", "delay_loop 0", `error: delay_loop "0" is ignored: it takes 0.000001 to 4294.967295 seconds`},
		{"service", "delay_loop 6s", `error: delay_loop "6s" is ignored: it takes 0.000001 to 4294.967295 seconds, without a unit`},
		{"service", "delay_loop 3", "note: delay_loop 3 is shorter than connect_timeout 5, the default: a server that is silent, such as one without power, counts as down after up to 14 seconds"},
		{"service", "delay_loop 5", ""},
		{"service", "delay_before_retry 0", ""},
		{"service", "retry 0", "error: retry 0 is ignored: keepalived does not take it here"},
		{"service", "warmup x", `error: warmup "x" is ignored: it takes 0 to 4294.967295 seconds`},
		{"service", "ha_suspend", "warning: ha_suspend is not supported yet and has no effect"},
		{"service", "smtp_alert maybe", `error: smtp_alert "maybe" is ignored: it takes on, true, yes, off, false or no`},
		{"service", "quorum_up", "error: quorum_up lacks a value: quorum_up COMMAND [USER [GROUP]]"},
		{"service", "virtualhost a\nvirtualhost b", `error: virtualhost is said twice: this one counts, not "a"`},
		{"service", "sh-port", "error: sh-port is ignored: it belongs to the scheduler sh"},
		{"service", "flag-1", ""},
		{"service", "ops", "error: ops is ignored: one-packet scheduling is for UDP only, and the service is TCP"},
		{"service", "sorry_server_inhibit", "error: sorry_server_inhibit is ignored: there is no sorry_server above it"},
		{"service", "nat_mask 255.255.255.0", "warning: nat_mask has no effect: keepalived has not known it for years"},
		{"service", "snmp_name x", "note: snmp_name has no effect here: " + noSNMP},

		{"server", "weight 2147483648", `error: weight "2147483648" is ignored: it takes a number from 0 to 2147483647`},
		{"server", "lb_kind NAT", `error: unknown keyword "lb_kind": it is ignored`},
		{"server", "uthreshold x", `error: uthreshold "x" is ignored: it takes a number from 0 to 2147483647`},
		{"server", "lthreshold 5", "error: lthreshold 5 is ignored: it is above uthreshold 0"},
		{"server", "inhibit_on_failure ON", `error: inhibit_on_failure "ON" is ignored: it takes on, true, yes, off, false or no`},
		{"server", "alpha off", ""},
		{"server", "retry 0", "error: retry 0 is ignored: keepalived does not take it here"},
		{"server", "notify_up /bin/true\nnotify_up /bin/false", "warning: notify_up is not supported yet and has no effect\nerror: a second notify_up is ignored: the first counts, in line 8"},
		{"server", "PING_CHECK", "warning: PING_CHECK lacks its braces: it is read as PING_CHECK { }\nwarning: PING_CHECK is not supported yet and has no effect"},
		{"server", "SSL_GET", "error: SSL_GET lacks its block in braces and has no effect: SSL_GET { }"},

		{"TCP", "connect_port 65536", `error: TCP_CHECK: connect_port "65536" is ignored: it takes a number from 1 to 65535`},
		{"TCP", "connect_timeout 0", `error: TCP_CHECK: connect_timeout "0" is ignored: it takes 0.000001 to 4294.967295 seconds`},
		{"TCP", "bind_port 0", `error: TCP_CHECK: bind_port "0" is ignored: it takes a number from 1 to 65535`},
		{"TCP", "bind_if a/b", `error: TCP_CHECK: bind_if "a/b": ` + badInterface},
		{"TCP", "fwmark 4294967296", `error: TCP_CHECK: fwmark "4294967296" is ignored: it takes a number from 0 to 4294967295`},
		{"TCP", "log_all_failures", "warning: TCP_CHECK: log_all_failures is not supported yet and has no effect"},
		{"TCP", "bindto 2001:db8::1", "error: bindto 2001:db8::1 is ignored: 10.0.0.1 is not IPv6"},
		{"TCP", "nb_get_retry 3", "warning: TCP_CHECK: nb_get_retry has no effect: keepalived does not know it in a TCP_CHECK, which has retry instead"},

		{"HTTP", "http_protocol 2", `error: HTTP_GET: http_protocol "2" is ignored: it takes 1.0, 1.0C or 1.1`},
		{"HTTP", "nb_get_retry 3", "warning: HTTP_GET: nb_get_retry is deprecated"},
		{"HTTP", "enable_sni", "note: HTTP_GET: enable_sni has no effect here: " + noTLS},
		{"HTTP", "fast_recovery", "warning: HTTP_GET: fast_recovery is not supported yet and has no effect"},
		{"HTTP", "tls_compliant", `error: HTTP_GET: unknown keyword "tls_compliant": it is ignored`},

		{"url", "path /b", `error: HTTP_GET: url: path is said twice: this one counts, not "/"`},
		{"url", "digest 0123", `error: HTTP_GET: url: digest "0123" is ignored: an MD5 digest has 32 hexadecimal digits, and this has 4 characters`},
		{"url", "digest 9b3a0c85a887a256d6939da88aabd8cd\ndigest 9b3a0c85a887a256d6939da88aabd8ce", "error: HTTP_GET: url: digest 9b3a0c85a887a256d6939da88aabd8ce is ignored: the url has one already"},
		{"url", "status_code 99-200", `error: HTTP_GET: url: status_code "99-200" is ignored: it takes codes from 100 to 599 and ranges of them, such as 200-204`},
		{"url", "regex_stack 1", "error: HTTP_GET: url: regex_stack lacks a value: regex_stack START MAX"},
		{"url", "regex_min_offset -1", `error: HTTP_GET: url: regex_min_offset "-1" is ignored: it takes a number from 0 to 2147483647`},

		{"server", "SSL_GET {\nurl {\npath /\ntls_compliant\nregex x\n}\nenable_sni\nsni_name a\n}", "warning: SSL_GET is not supported yet and has no effect"},
		{"server", "SSL_GET {\n}", "error: SSL_GET: the check is ignored: it has no url"},
		{"server", "SMTP_CHECK {\nhelo_name a\nhelo_name b\n}", "warning: SMTP_CHECK is not supported yet and has no effect\nerror: SMTP_CHECK: helo_name is said twice: this one counts, not \"a\""},
		{"server", "DNS_CHECK {\ntype aaaa\nname example.com.\n}", "warning: DNS_CHECK is not supported yet and has no effect"},
		{"server", "DNS_CHECK {\ntype PTR\n}", "warning: DNS_CHECK is not supported yet and has no effect\nerror: DNS_CHECK: type \"PTR\" is ignored: it takes A, NS, CNAME, SOA, MX, TXT, AAAA, RRSIG or DNSKEY"},
		{"server", "DNS_CHECK {\nname a..b\n}", "warning: DNS_CHECK is not supported yet and has no effect\nerror: DNS_CHECK: name \"a..b\" is ignored: a domain name has labels of 1 to 63 bytes with dots between, and 253 bytes in all"},
		{"server", "DNS_CHECK {\nname a\nname b\n}", "warning: DNS_CHECK is not supported yet and has no effect\nerror: DNS_CHECK: name \"b\" is ignored: the check asks for \"a\" already"},
		{"server", "MISC_CHECK {\n}", "error: MISC_CHECK: the check is ignored: it lacks misc_path, the program to run"},
		{"server", "MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 1.5\n}", "warning: MISC_CHECK is not supported yet and has no effect\nerror: MISC_CHECK: misc_timeout \"1.5\" is ignored: it takes a number from 0 to 2147483647"},
		{"server", "MISC_CHECK {\nmisc_path /bin/true\nconnect_timeout 3\n}", "warning: MISC_CHECK is not supported yet and has no effect\nerror: MISC_CHECK: unknown keyword \"connect_timeout\": it is ignored"},
		{"server", "UDP_CHECK {\npayload 0a1\n}", "warning: UDP_CHECK is not supported yet and has no effect\nerror: UDP_CHECK: payload \"0a1\" is ignored: it takes bytes of two hexadecimal digits each, and one is missing"},
		{"server", "UDP_CHECK {\npayload 0a xx\n}", "warning: UDP_CHECK is not supported yet and has no effect\nerror: UDP_CHECK: payload \"xx\" is ignored: it takes bytes of two hexadecimal digits each, and \"x\" is none"},
		{"server", "UDP_CHECK {\npayload 0a 0B\nrequire_reply 0aXX\nmin_reply_length 1\nmax_reply_length 65535\n}", "warning: UDP_CHECK is not supported yet and has no effect"},
		{"server", "BFD_CHECK {\nname x\n}", "warning: BFD_CHECK is not supported yet and has no effect\nerror: BFD_CHECK: there is no bfd_instance \"x\": it is not tracked"},
		{"server", "BFD_CHECK {\n}", "error: BFD_CHECK: the check is ignored: it lacks name, the bfd_instance to follow"},
		{"server", "FILE_CHECK {\nweight 1\n}", "error: FILE_CHECK: the check is ignored: it lacks track_file, the track_file to follow"},
		{"server", "FILE_CHECK {\ntrack_file x\nweight 5 backwards\n}", "warning: FILE_CHECK is not supported yet and has no effect\nerror: FILE_CHECK: there is no track_file \"x\": it is not tracked\nerror: FILE_CHECK: weight \"backwards\" is ignored: behind the number it takes reverse or noreverse"},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, said(tt.block, tt.statement)); diff != "" {
			t.Errorf("%s: %q (-want +got):\n%s", tt.block, tt.statement, diff)
		}
	}
}

// TestServiceReference holds that every keyword of a virtual server says what it
// does, and every one that is not another's name what it is without.
func TestServiceReference(t *testing.T) {
	for _, b := range append([]table{serviceBlock, serverBlock, tcpBlock, httpBlock, urlBlock}, unbuiltCheckers...) {
		for _, k := range b.keywords() {
			if k.effect == "" {
				t.Errorf("%s: %s does not say what it does", b.title(), k.name)
			}
		}
	}
}
