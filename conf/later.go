package conf

// The blocks of keepalived that are not built yet. Their keywords are listed
// so that a misspelling is told from what is merely not supported, and so that
// a keyword in the wrong block is sent to the right one. Building one of them
// means to give its rows a set function.

// laterBlocks are all of them.
var laterBlocks = []block[none]{
	trackGroupBlock, garpGroupBlock, sslBlock, hmacBlock,
}

// laterRows makes rows of pairs: a keyword and what follows it.
func laterRows(names ...[2]string) []row[none] {
	rows := make([]row[none], len(names))
	for i, n := range names {
		rows[i] = custom[none](n[0], n[1], nil)
	}
	return rows
}

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

var hmacBlock = block[none]{"auth_hmac", laterRows([][2]string{
	{"key", "ID KEY"},
	{"active_key", "ID"},
	{"anti_replay", "time|monotonic"},
	{"time_window", "SECONDS"},
	{"mode", "enforce|permissive|receive-only"},
}...)}
