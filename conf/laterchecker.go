package conf

import "slices"

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
	}...), []row[none]{unknownYet[none]("url", "{ }", sslURLBlock)})}

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
