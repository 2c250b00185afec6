package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Why tandem needs no files for what keepalived keeps in them.
const (
	askStatus = "tandem status and tandem check --dump print it when asked"
	oneRead   = "tandem reads the files once and keeps no copy"
)

// fileRows are the keywords of global_defs about reloads and about files that
// keepalived reads and writes.
var fileRows = []row[globals]{
	custom("reload_check_config", "[FILE]", checkWords).inert("a reload always reads and judges the file first, and changes nothing where it is refused").
		doc("off", "test the configuration before a reload"),
	text[globals]("reload_time_file", "PATH", nil).later().
		doc("none", "a file that holds the time of the next reload"),
	plain[globals]("reload_repeat", nil).later().
		doc("off", "reload at that time every day"),
	custom("reload_file", "[PATH]", checkWords).later().
		doc("none", "a file that exists while a reload lasts"),
	custom("include_check", "[[+|-]OPTION ...]", (*globals).checkInclude).
		doc("none", "what is wrong with an include below: read, match, wildcard_match, brace_match; nothing: all of them"),
	inRange[globals]("random_seed", 0, 1<<32-1).
		inert("${_RANDOM} gives a host the same numbers at every load, and another host others").
		doc("the time", "what ${_RANDOM} below is made of, to have the same numbers again"),

	text[globals]("config_save_dir", "DIR", nil).inert(askStatus).
		doc("none", "where each configuration that was loaded is kept"),
	once(text[globals]("tmp_config_directory", "DIR", nil).inert(oneRead)).
		doc("/tmp", "where the configuration with its includes is put together"),
	boolean[globals]("data_use_instance", nil).inert(askStatus).
		doc("off", "have the name of instance in the names of those files"),
	text[globals]("state_dump_file", "PATH", nil).inert(askStatus).
		doc("/tmp/keepalived.data", "what SIGUSR1 writes"),
	text[globals]("stats_dump_file", "PATH", nil).inert(askStatus).
		doc("/tmp/keepalived.stats", "what SIGUSR2 writes"),
	text[globals]("json_dump_file", "PATH", nil).inert(askStatus).
		doc("/tmp/keepalived.json", "what the signal for JSON writes"),
	inRange[globals]("json_version", 1, 2).inert(askStatus).
		doc("1", "form of that file"),
	text[globals]("iproute_usr_dir", "DIR", nil).later().
		doc("/usr/share/iproute2", "where names of routing tables are found"),
	text[globals]("iproute_etc_dir", "DIR", nil).later().
		doc("/etc/iproute2", "where more of them are found, which go first"),
}

// checkInclude checks include_check. It takes effect while the text is read.
func (g *globals) checkInclude(l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		switch strings.TrimLeft(w.Text, "+-") {
		case "read", "match", "wildcard_match", "brace_match":
		default:
			l.invalid(s.Keyword(), w, "it takes read, match, wildcard_match and brace_match, each with + or - before it")
		}
	}
}
