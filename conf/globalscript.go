package conf

import (
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/notify"
	"github.com/tandem-ha/tandem/vrrp/program"
)

// scripts is what global_defs says of programs and named pipes.
type scripts struct {
	startup, shutdown          commandLine
	startupTime, shutdownTime  time.Duration
	timeout                    time.Duration
	policy                     program.Policy
	pipes                      [len(pipeKinds)]namedPipe
	statesOnReload, priorities bool
}

// namedPipe is one of the three pipes.
type namedPipe struct {
	notify.Pipe
	pos    syntax.Pos
	reader commandLine
}

// pipeKinds are the prefixes of their keywords.
var pipeKinds = [...]string{notify.AllEvents: "", notify.VRRPEvents: "vrrp_", notify.LVSEvents: "lvs_"}

// noServerLines is what is left to do for pipes.
const noServerLines = "the pipe is made, but nothing is told of virtual and real servers yet"

// scriptRows are the keywords of global_defs about what is run and told when
// something happens.
var scriptRows = append([]row[globals]{
	programRow("startup_script", func(g *globals) *commandLine { return &g.scripts.startup }).
		doc("none", "run once, before anything else starts"),
	wholeSeconds("startup_script_timeout", 1, 1000, func(g *globals) *time.Duration { return &g.scripts.startupTime }).
		doc("", "seconds after which that script is killed, with all that it has started"),
	programRow("shutdown_script", func(g *globals) *commandLine { return &g.scripts.shutdown }).
		doc("none", "run once, after everything else has stopped"),
	wholeSeconds("shutdown_script_timeout", 1, 1000, func(g *globals) *time.Duration { return &g.scripts.shutdownTime }).
		doc("", "seconds after which that script is killed, with all that it has started"),
	custom("script_user", "USER [GROUP]", (*globals).setScriptUser).shown((*globals).showScriptUser).
		doc("keepalived_script where there is such a user, else root", "who runs the scripts that name no user; a name or a number"),
	plain("enable_script_security", func(g *globals) *bool { return &g.scripts.policy.Secure }).
		doc("off", "never run a script as root that somebody else could change: the file, its interpreter, or a directory or link on the way"),
	boolean("use_symlink_paths", func(g *globals) *bool { return &g.scripts.policy.KeepSymlinks }).
		doc("", "keep symbolic links in the paths of scripts, instead of what they point to"),
	boolean("set_supplementary_groups", func(g *globals) *bool { return &g.scripts.policy.Supplementary }).
		doc("", "run scripts with all groups of their user"),
	wholeSeconds("notify_timeout", 1, 86400, func(g *globals) *time.Duration { return &g.scripts.timeout }).own().
		doc("", "seconds that a program on a change of state may keep something newer waiting; then it is ended. While nothing waits it may run on"),
}, append(append(append(pipeRows(notify.AllEvents), pipeRows(notify.VRRPEvents)...), pipeRows(notify.LVSEvents)...),
	plain("fifo_write_vrrp_states_on_reload", func(g *globals) *bool { return &g.scripts.statesOnReload }).
		doc("off", "tell the pipes every state again after a reload"),
	boolean("vrrp_notify_priority_changes", func(g *globals) *bool { return &g.scripts.priorities }).
		doc("", "tell the pipes every change of a priority too"),
	boolean[globals]("rs_init_notifies", nil).later().
		doc("off", "run notify_up and notify_down of real servers at the start too"),
	boolean[globals]("checker_log_all_failures", nil).later().
		doc("off", "log every failed check, not only those that take a server out"),
)...)

// pipeRows are the two keywords of a pipe.
func pipeRows(kind notify.PipeKind) []row[globals] {
	name := pipeKinds[kind] + "notify_fifo"
	at := func(g *globals) *namedPipe { return &g.scripts.pipes[kind] }
	told := [...]string{notify.AllEvents: "that is told every change of state", notify.VRRPEvents: "for instances and groups only", notify.LVSEvents: "for virtual and real servers only"}[kind]
	pipe := custom(name, "PATH [USER [GROUP]]", func(g *globals, l *loader, s *syntax.Statement) { at(g).set(l, s, kind) }).single().
		shown(func(g *globals) []Node { return at(g).node(name) }).
		doc("none", "a named pipe "+told)
	if kind == notify.VRRPEvents {
		pipe = pipe.departing("when nobody reads it, lines that later ones make untrue are dropped, and the last state always arrives")
	} else {
		pipe = pipe.departing(noServerLines)
	}
	return []row[globals]{pipe, programRow(name+"_script", func(g *globals) *commandLine { return &at(g).reader }).single().
		departing("it is started again when it ends, and reads to the end when tandem stops").
		doc("none", "started to read that pipe, whose path is its last argument")}
}

// set reads the path of a named pipe and its owner.
func (p *namedPipe) set(l *loader, s *syntax.Statement, kind notify.PipeKind) {
	good := true
	for _, w := range s.Args() {
		good = l.printable(s.Keyword(), w) && good
	}
	if w := s.Words[1]; good && !strings.HasPrefix(w.Text, "/") {
		l.errorf(w.Pos, "write it from / on", "%s %s is ignored: a director has no working directory", s.Keyword(), quote(w.Text))
		good = false
	}
	if !good {
		return
	}
	words := append(texts(s.Args()), "", "")
	p.Pipe, p.pos = notify.Pipe{Path: words[0], User: words[1], Group: words[2], What: kind}, s.Pos
}

func (p *namedPipe) node(name string) []Node {
	var values []any
	for _, w := range []string{p.Path, p.User, p.Group} {
		if w != "" {
			values = append(values, w)
		}
	}
	if values == nil {
		return nil
	}
	return statement(name, values...)
}

// setScriptUser reads who runs the scripts that name no user.
func (g *globals) setScriptUser(l *loader, s *syntax.Statement) {
	if !l.namesAccount(s) {
		return
	}
	words := append(texts(s.Args()), "")
	g.scripts.policy.User, g.scripts.policy.Group = words[0], words[1]
}

func (g *globals) showScriptUser() []Node {
	p := g.scripts.policy
	switch {
	case p.User == "":
		return nil
	case p.Group == "":
		return statement("script_user", p.User)
	}
	return statement("script_user", p.User, p.Group)
}

// judge refuses pipes that cannot be: two at one path, and a program that reads
// none.
func (c *scripts) judge(l *loader) {
	for i := range c.pipes {
		p, name := &c.pipes[i], pipeKinds[i]+"notify_fifo"
		for j := range i {
			if o := &c.pipes[j]; p.Path != "" && o.Path == p.Path {
				l.seeing(Error, p.pos, o.pos, "name another path", "%s %s is ignored: %snotify_fifo writes there already", name, p.Path, pipeKinds[j])
				p.Pipe = notify.Pipe{}
			}
		}
		if p.Path == "" && !p.reader.Empty() {
			l.errorf(p.reader.pos, "write "+name+" and a path", "%s_script is ignored: there is no pipe that it could read", name)
			p.reader = commandLine{}
		}
	}
}

// unlessDefault is 0 for a default.
func unlessDefault(d, def time.Duration) time.Duration {
	if d == def {
		return 0
	}
	return d
}

// result is what runs.
func (c *scripts) result() notify.Config {
	out := notify.Config{
		Policy: c.policy, Startup: c.startup.Command, Shutdown: c.shutdown.Command,
		StartupTimeout: unlessDefault(c.startupTime, notify.DefaultScriptTimeout), ShutdownTimeout: unlessDefault(c.shutdownTime, notify.DefaultScriptTimeout),
		StatesOnReload: c.statesOnReload, Timeout: unlessDefault(c.timeout, notify.DefaultTimeout),
	}
	for _, p := range c.pipes {
		if p.Path != "" {
			p.Reader = p.reader.Command
			out.Pipes = append(out.Pipes, p.Pipe)
		}
	}
	return out
}
