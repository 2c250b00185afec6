package conf

import (
	"errors"
	"fmt"

	"github.com/tandem-ha/tandem/vrrp/program"
)

// What a host makes of the programs that a file names.

// programs says which of them would not run, and what an operator should know of
// those that do. A director looks at each again before it runs it.
func (g ground) programs(r *reporter, f *File) {
	if g.host.Resolve == nil {
		return
	}
	p := hostPrograms{r: r, resolve: g.host.Resolve, policy: f.config.Notify.Policy, known: make(map[[3]string]resolution), said: make(map[string]*saidOnce)}
	l := f.loader
	r.within("global_defs", func() {
		p.judge(namedCommand{"startup_script", &l.global.scripts.startup})
		p.judge(namedCommand{"shutdown_script", &l.global.scripts.shutdown})
		for i := range l.global.scripts.pipes {
			p.judge(namedCommand{pipeKinds[i] + "notify_fifo_script", &l.global.scripts.pipes[i].reader})
		}
	})
	for _, s := range l.scripts {
		r.within("vrrp_script "+s.name, func() {
			p.judge(namedCommand{"script", &commandLine{Command: s.Command, pos: s.met.at(s.pos, "script")}})
		})
	}
	for _, grp := range l.groups {
		r.within("vrrp_sync_group "+grp.name, func() { p.judge(grp.hooks.commands()...) })
	}
	for _, in := range l.instances {
		r.within("vrrp_instance "+in.Name, func() { p.judge(in.hooks.commands()...) })
	}
	p.finish()
}

// hostPrograms judges programs by a host.
type hostPrograms struct {
	r       *reporter
	resolve func(program.Command, program.Policy) (program.Resolved, error)
	policy  program.Policy
	known   map[[3]string]resolution // by program, user and group
	said    map[string]*saidOnce     // by what is the matter
	asRoot  bool
}

// resolution is what a host says of a program.
type resolution struct {
	program.Resolved
	refusal *program.Refusal
}

// look resolves a command. A thousand instances often run one program with their
// names as arguments, which do not count.
func (p *hostPrograms) look(c program.Command) (program.Resolved, *program.Refusal) {
	key := [3]string{c.Args[0], c.User, c.Group}
	known, ok := p.known[key]
	if !ok {
		var err error
		known.Resolved, err = p.resolve(c, p.policy)
		errors.As(err, &known.refusal)
		p.known[key] = known
	}
	return known.Resolved, known.refusal
}

// saidOnce is what is the matter with several programs, or one that many run.
type saidOnce struct {
	index int // of the finding
	more  int // others
}

// judge judges the programs of a block.
func (p *hostPrograms) judge(all ...namedCommand) {
	for _, c := range all {
		if c.Empty() {
			continue
		}
		resolved, refusal := p.look(c.Command)
		if refusal != nil {
			p.once(refusal.Message, func() {
				p.r.errorf(c.pos, refusal.Hint, "%s is not run: %s", c.keyword, refusal.Message)
			})
			continue
		}
		for _, w := range resolved.Warnings {
			p.once(w, func() { p.r.warnf(c.pos, "", "%s: %s", c.keyword, w) })
		}
		if resolved.Account.UID == 0 && !p.policy.Secure && !p.asRoot {
			p.asRoot = true
			p.r.notef(c.pos, "write enable_script_security in global_defs", "%s and perhaps others run as root, and nothing sees to it that nobody else can change them", c.keyword)
			p.r.classify(ScriptSecurity)
		}
	}
}

// once says what is the matter at the first place.
func (p *hostPrograms) once(what string, say func()) {
	if s := p.said[what]; s != nil {
		s.more++
		return
	}
	p.said[what] = &saidOnce{index: len(p.r.found)}
	say()
}

// finish says of each how many other places have it.
func (p *hostPrograms) finish() {
	for _, s := range p.said {
		switch {
		case s.more == 1:
			p.r.found[s.index].Message += " (and in 1 other place)"
		case s.more > 1:
			p.r.found[s.index].Message += fmt.Sprintf(" (and in %d other places)", s.more)
		}
	}
}
