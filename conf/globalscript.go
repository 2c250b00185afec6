package conf

import "github.com/tandem-ha/tandem/conf/syntax"

// scriptRows are the keywords of global_defs about what is run and told when
// something happens.
var scriptRows = []row[globals]{
	unchecked[globals]("startup_script", "COMMAND [USER [GROUP]]").
		doc("none", "run once, before anything else starts"),
	inRange[globals]("startup_script_timeout", 1, 1000).later().
		doc("10", "seconds after which that script is killed"),
	unchecked[globals]("shutdown_script", "COMMAND [USER [GROUP]]").
		doc("none", "run once, after everything else has stopped"),
	inRange[globals]("shutdown_script_timeout", 1, 1000).later().
		doc("10", "seconds after which that script is killed"),
	custom("script_user", "USER [GROUP]", (*globals).checkUser).later().
		doc("keepalived_script where there is such a user, else root", "who runs the scripts that name no user"),
	plain[globals]("enable_script_security", nil).later().
		doc("off", "never run a script as root that somebody else could change"),
	boolean[globals]("use_symlink_paths", nil).later().
		doc("off", "keep symbolic links in the paths of scripts, instead of what they point to"),
	boolean[globals]("set_supplementary_groups", nil).later().
		doc("off", "run scripts with all groups of their user"),

	once(unchecked[globals]("notify_fifo", "PATH [USER [GROUP]]")).
		doc("none", "a named pipe that is told every change of state"),
	once(unchecked[globals]("notify_fifo_script", "COMMAND [USER [GROUP]]")).
		doc("none", "started to read that pipe"),
	once(unchecked[globals]("vrrp_notify_fifo", "PATH [USER [GROUP]]")).
		doc("none", "a named pipe for instances and groups only"),
	once(unchecked[globals]("vrrp_notify_fifo_script", "COMMAND [USER [GROUP]]")).
		doc("none", "started to read that pipe"),
	once(unchecked[globals]("lvs_notify_fifo", "PATH [USER [GROUP]]")).
		doc("none", "a named pipe for virtual and real servers only"),
	once(unchecked[globals]("lvs_notify_fifo_script", "COMMAND [USER [GROUP]]")).
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

// checkUser checks script_user. Whether there is such a user is known to the
// host that runs the scripts.
func (g *globals) checkUser(l *loader, s *syntax.Statement) {
	for _, w := range s.Args() {
		l.printable(s.Keyword(), w)
	}
}

// once makes a keyword of global_defs one of which the first statement counts.
func once(r row[globals]) row[globals] {
	set := r.set
	r.set = func(g *globals, l *loader, s *syntax.Statement) {
		if first, ok := g.met.idled(r.name); ok {
			l.errorf(s.Pos, "", "a second %s is ignored: line %d says it already", r.name, first.Line)
			return
		}
		if set != nil {
			set(g, l, s)
		}
	}
	return r
}
