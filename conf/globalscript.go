package conf

import (
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// scriptRows are the keywords of global_defs about what is run and told when
// something happens.
var scriptRows = []row[globals]{
	command[globals]("startup_script").later().
		doc("none", "run once, before anything else starts"),
	inRange[globals]("startup_script_timeout", 1, 1000).later().
		doc("10", "seconds after which that script is killed"),
	command[globals]("shutdown_script").later().
		doc("none", "run once, after everything else has stopped"),
	inRange[globals]("shutdown_script_timeout", 1, 1000).later().
		doc("10", "seconds after which that script is killed"),
	account[globals]("script_user").later().
		doc("keepalived_script where there is such a user, else root", "who runs the scripts that name no user"),
	plain[globals]("enable_script_security", nil).later().
		doc("off", "never run a script as root that somebody else could change"),
	boolean[globals]("use_symlink_paths", nil).later().
		doc("off", "keep symbolic links in the paths of scripts, instead of what they point to"),
	boolean[globals]("set_supplementary_groups", nil).later().
		doc("off", "run scripts with all groups of their user"),

	once(custom("notify_fifo", "PATH [USER [GROUP]]", (*globals).checkFIFO).later()).
		doc("none", "a named pipe that is told every change of state"),
	once(command[globals]("notify_fifo_script").later()).
		doc("none", "started to read that pipe"),
	once(custom("vrrp_notify_fifo", "PATH [USER [GROUP]]", (*globals).checkFIFO).later()).
		doc("none", "a named pipe for instances and groups only"),
	once(command[globals]("vrrp_notify_fifo_script").later()).
		doc("none", "started to read that pipe"),
	once(custom("lvs_notify_fifo", "PATH [USER [GROUP]]", (*globals).checkFIFO).later()).
		doc("none", "a named pipe for virtual and real servers only"),
	once(command[globals]("lvs_notify_fifo_script").later()).
		doc("none", "started to read that pipe"),
	plain[globals]("fifo_write_vrrp_states_on_reload", nil).later().
		doc("off", "tell the pipes every state again after a reload"),
	boolean[globals]("vrrp_notify_priority_changes", nil).later().
		doc("off", "tell the pipes every change of a priority too"),
	boolean[globals]("rs_init_notifies", nil).later().
		doc("off", "run notify_up and notify_down of real servers at the start too"),
	boolean[globals]("checker_log_all_failures", nil).later().
		doc("off", "log every failed check, not only those that take a server out"),
}

// checkFIFO checks the path of a named pipe and its owner.
func (g *globals) checkFIFO(l *loader, s *syntax.Statement) {
	checkWords(g, l, s)
	if w := s.Words[1]; !strings.HasPrefix(w.Text, "/") {
		l.errorf(w.Pos, "write it from / on", "%s %s is ignored: a director has no working directory", s.Keyword(), quote(w.Text))
	}
}

// once makes a keyword of global_defs one of which the first statement counts.
func once(r row[globals]) row[globals] {
	set := r.set
	r.set = func(g *globals, l *loader, s *syntax.Statement) {
		if first, ok := g.met.idled(r.name); ok {
			l.seeing(Error, s.Pos, first, "", "a second %s is ignored: it is said already, in %s", r.name, first.LineFrom(s.Pos))
			return
		}
		if set != nil {
			set(g, l, s)
		}
	}
	return r
}
