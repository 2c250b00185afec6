package conf

import "slices"

// The blocks of keepalived that are not built yet. Their keywords are listed
// so that a misspelling is told from what is merely not supported, and so that
// a keyword in the wrong block is sent to the right one. Building one of them
// means to give its rows a set function.

// laterBlocks are all of them.
var laterBlocks = []block[none]{
	scriptBlock, trackFileBlock, trackProcessBlock, trackGroupBlock, garpGroupBlock, sslBlock, bfdBlock, hmacBlock,
	sslGetBlock, sslURLBlock, smtpBlock, dnsBlock, pingBlock, udpBlock, miscBlock, bfdCheckBlock, fileCheckBlock,
}

// laterRows makes rows of pairs: a keyword and what follows it.
func laterRows(names ...[2]string) []row[none] {
	rows := make([]row[none], len(names))
	for i, n := range names {
		rows[i] = later[none](n[0], n[1])
	}
	return rows
}

var scriptBlock = block[none]{"vrrp_script", laterRows([][2]string{
	{"script", "COMMAND"},
	{"interval", "SECONDS"},
	{"timeout", "SECONDS"},
	{"weight", "N [reverse]"},
	{"rise", "N"},
	{"fall", "N"},
	{"user", "USER [GROUP]"},
	{"init_fail", ""},
}...)}

var trackFileBlock = block[none]{"track_file", laterRows([][2]string{
	{"file", "PATH"},
	{"weight", "N [reverse]"},
	{"init_file", "[VALUE] [overwrite]"},
}...)}

var trackProcessBlock = block[none]{"vrrp_track_process", laterRows([][2]string{
	{"process", "NAME [ARG ...]"},
	{"param_match", "[initial|partial]"},
	{"weight", "N [reverse]"},
	{"quorum", "N"},
	{"quorum_max", "N"},
	{"delay", "SECONDS"},
	{"fork_delay", "SECONDS"},
	{"terminate_delay", "SECONDS"},
	{"full_command", ""},
}...)}

var trackGroupBlock = block[none]{"track_group", laterRows([2]string{"group", "{ INSTANCE ... }"})}

var garpGroupBlock = block[none]{"garp_group", laterRows([][2]string{
	{"garp_interval", "SECONDS"},
	{"gna_interval", "SECONDS"},
	{"interface", "IF"},
	{"interfaces", "{ IF ... }"},
}...)}

var sslBlock = block[none]{"SSL", laterRows([][2]string{
	{"password", "STRING"},
	{"ca", "PATH"},
	{"certificate", "PATH"},
	{"key", "PATH"},
}...)}

var bfdBlock = block[none]{"bfd_instance", laterRows([][2]string{
	{"neighbor_ip", "IP"},
	{"neighbour_ip", "IP"},
	{"source_ip", "IP"},
	{"min_rx", "MS"},
	{"min_tx", "MS"},
	{"idle_tx", "MS"},
	{"multiplier", "N"},
	{"passive", ""},
	{"ttl", "N"},
	{"hoplimit", "N"},
	{"max_hops", "N"},
	{"multihop", "[BOOL]"},
	{"weight", "N [reverse]"},
	{"vrrp", ""},
	{"checker", ""},
}...)}

var hmacBlock = block[none]{"auth_hmac", laterRows([][2]string{
	{"key", "ID KEY"},
	{"active_key", "ID"},
	{"anti_replay", "time|monotonic"},
	{"time_window", "SECONDS"},
	{"mode", "enforce|permissive|receive-only"},
}...)}

// connectRows are what every checker that connects has.
var connectRows = laterRows([][2]string{
	{"connect_ip", "IP"},
	{"connect_port", "PORT"},
	{"bindto", "IP"},
	{"bind_port", "PORT"},
	{"bind_if", "IF"},
	{"connect_timeout", "SECONDS"},
	{"fwmark", "N"},
	{"retry", "N"},
	{"delay_before_retry", "SECONDS"},
	{"warmup", "SECONDS"},
	{"delay_loop", "SECONDS"},
	{"alpha", "[BOOL]"},
	{"log_all_failures", "[BOOL]"},
}...)

func checkerBlock(name string, own ...[2]string) block[none] {
	return block[none]{name, slices.Concat(connectRows, laterRows(own...))}
}

var (
	sslGetBlock = block[none]{"SSL_GET", slices.Concat(connectRows, laterRows([][2]string{
		{"nb_get_retry", "N"},
		{"virtualhost", "STRING"},
		{"http_protocol", "1.0|1.0C|1.1"},
		{"enable_sni", "[BOOL]"},
		{"sni_name", "STRING"},
		{"fast_recovery", "[BOOL]"},
		{"tls_compliant", "[BOOL]"},
	}...), []row[none]{laterBlock[none]("url", "{ }", sslURLBlock)})}

	sslURLBlock = block[none]{"url", laterRows([][2]string{
		{"path", "STRING"},
		{"digest", "MD5"},
		{"status_code", "CODE ..."},
		{"virtualhost", "STRING"},
		{"regex", "PATTERN"},
		{"regex_no_match", ""},
		{"regex_options", "WORD ..."},
		{"regex_stack", "START MAX"},
		{"regex_min_offset", "N"},
		{"regex_max_offset", "N"},
		{"tls_compliant", "[BOOL]"},
	}...)}

	smtpBlock = checkerBlock("SMTP_CHECK", [2]string{"helo_name", "STRING"}, [2]string{"host", "{ }"})
	dnsBlock  = checkerBlock("DNS_CHECK", [2]string{"type", "TYPE"}, [2]string{"name", "DOMAIN"})
	pingBlock = checkerBlock("PING_CHECK")
	udpBlock  = checkerBlock("UDP_CHECK",
		[2]string{"payload", "HEX ..."},
		[2]string{"require_reply", "[HEX]"},
		[2]string{"min_reply_length", "N"},
		[2]string{"max_reply_length", "N"},
	)
)

var miscBlock = block[none]{"MISC_CHECK", laterRows([][2]string{
	{"misc_path", "COMMAND"},
	{"misc_timeout", "SECONDS"},
	{"misc_dynamic", ""},
	{"user", "USER [GROUP]"},
	{"retry", "N"},
	{"delay_before_retry", "SECONDS"},
	{"warmup", "SECONDS"},
	{"delay_loop", "SECONDS"},
	{"alpha", "[BOOL]"},
	{"log_all_failures", "[BOOL]"},
}...)}

var bfdCheckBlock = block[none]{"BFD_CHECK", laterRows([][2]string{
	{"name", "INSTANCE"},
	{"alpha", "[BOOL]"},
}...)}

var fileCheckBlock = block[none]{"FILE_CHECK", laterRows([][2]string{
	{"track_file", "NAME"},
	{"weight", "N [reverse|noreverse]"},
	{"alpha", "[BOOL]"},
}...)}
