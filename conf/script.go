package conf

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/program"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// script is a vrrp_script while it is read.
type script struct {
	*tracked
	track.Script
	command     syntax.Command
	said        string // the statement of the command as the file has it, where its words do not say all of it
	user, group string // that the block names apart from the command
}

var scriptBlock = block[script]{"vrrp_script", []row[script]{
	custom("script", "COMMAND [USER [GROUP]]", (*script).setCommand).shown((*script).showCommand).
		doc("none: it must be said", "program to run; exit status 0 is success"),
	period("interval", func(s *script) *time.Duration { return &s.Interval }).
		doc("", "time between two runs").
		departing("the runs of several scripts are spread over it, where keepalived starts them all at once"),
	period("timeout", func(s *script) *time.Duration { return &s.Timeout }).shown(showTimeout).
		doc("the interval", "a run that takes longer has failed, and is killed with all that it has started"),
	custom("weight", "-253..253 [reverse]", (*script).setWeight).shown(func(s *script) []Node { return s.showWeight() }).
		doc("", "what it adds to the priority; 0: its failure is a fault"),
	count("rise", func(s *script) *int { return &s.Rise }).doc("", "successes in a row until it is up; before anything is known one is enough"),
	count("fall", func(s *script) *int { return &s.Fall }).doc("", "failures in a row until it is down; before anything is known one is enough"),
	custom("user", "USER [GROUP]", (*script).setUser).shown((*script).showUser).
		doc("that of the command, else of script_user", "account to run it as"),
	plain("init_fail", func(s *script) *bool { return &s.InitFail }).doc("", "it counts as failed until its first run"),
}}

// newScript is a vrrp_script with nothing in it.
func newScript(t *tracked) *script {
	return &script{tracked: t, Script: track.Script{Name: t.name, Interval: time.Second, Rise: 1, Fall: 1}}
}

// readScript reads a vrrp_script. One without a program is none.
func readScript(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedScript, s)
	if t == nil {
		return
	}
	l.within("vrrp_script "+t.name, func() {
		it := newScript(t)
		t.met = read(l, scriptBlock, it, s.Block)
		if it.command.Line == "" {
			l.errorf(s.Pos, "write script and the command, in quotes", "the block is ignored: it has no script that could run")
			return
		}
		it.Command = program.Command{Line: it.command.Line, Args: it.command.Args, User: it.command.User, Group: it.command.Group}
		if it.user != "" {
			it.Command.User, it.Command.Group = it.user, it.group
		}
		l.addTracked(trackedScript, t)
		l.scripts = append(l.scripts, it)
	})
}

// setCommand reads the program.
func (it *script) setCommand(l *loader, s *syntax.Statement) {
	c, ok := l.command(s)
	if !ok {
		return
	}
	it.command, it.said = c, ""
	if !simple(s) {
		it.said = s.Line
	}
}

func (it *script) showCommand() []Node {
	nodes := commandNode("script", it.command)
	if len(nodes) > 0 {
		nodes[0].line = it.said
	}
	return nodes
}

// setUser reads the account to run it as.
func (it *script) setUser(l *loader, s *syntax.Statement) {
	if !l.namesAccount(s) {
		return
	}
	it.user, it.group = s.Words[1].Text, ""
	if len(s.Args()) > 1 {
		it.group = s.Words[2].Text
	}
}

func (it *script) showUser() []Node {
	switch {
	case it.user == "":
		return nil
	case it.group == "":
		return statement("user", it.user)
	}
	return statement("user", it.user, it.group)
}

func showTimeout(it *script) []Node {
	if it.Timeout == 0 {
		return nil
	}
	return statement("timeout", it.Timeout)
}

// node is the script as the effective configuration shows it.
func (it *script) node() Node { return it.tracked.node("vrrp_script", scriptBlock.show(it, it.met)) }

// setWeight reads the weight. One out of range counts as far as a priority can
// go, as in keepalived.
func (it *script) setWeight(l *loader, s *syntax.Statement) {
	if n, ok := whole(s.Words[1].Text, -1<<31, 1<<31-1); ok && (n > maxWeight || n < -maxWeight) {
		cut := max(-maxWeight, min(n, maxWeight))
		l.warnf(s.Words[1].Pos, "", "weight %d is cut to %d: a priority goes no further", n, cut)
		s.Words[1].Text = strconv.Itoa(cut)
	}
	it.tracked.setWeight(l, s, maxWeight)
}

// period is a time between two runs of something; as in keepalived 0 is a
// second.
func period[T any](name string, at func(*T) *time.Duration) row[T] {
	return showDuration(custom(name, "SECONDS", func(t *T, l *loader, s *syntax.Statement) {
		d, ok := l.seconds(name, s.Words[1], 0, maxDelay*time.Second)
		if !ok {
			return
		}
		if d < time.Millisecond {
			l.errorf(s.Words[1].Pos, "", "%s %s makes no sense: 1 is used", name, s.Words[1].Text)
			d = time.Second
		}
		*at(t) = d
	}), at)
}

// trackedWeight is weight N [reverse] in the block of a thing that can be
// tracked.
func trackedWeight[T any](most int, at func(*T) *tracked) row[T] {
	return custom("weight", fmt.Sprintf("-%d..%d [reverse]", most, most), func(t *T, l *loader, s *syntax.Statement) {
		at(t).setWeight(l, s, most)
	}).shown(func(t *T) []Node { return at(t).showWeight() })
}

// setWeight reads N [reverse].
func (t *tracked) setWeight(l *loader, s *syntax.Statement, most int) {
	n, ok := l.number("weight", s.Words[1], -most, most)
	if !ok {
		return
	}
	t.weight, t.reverse = n, false
	if len(s.Args()) > 1 {
		t.reverse = l.oneOf("weight", s.Words[2], []string{"reverse", "noreverse"}) && s.Words[2].Text == "reverse"
	}
}

func (t *tracked) showWeight() []Node {
	if t.reverse {
		return statement("weight", t.weight, "reverse")
	}
	return statement("weight", t.weight)
}

// account is the user, and perhaps the group, to run something as.
func account[T any](name string) row[T] {
	return custom(name, "USER [GROUP]", func(_ *T, l *loader, s *syntax.Statement) { l.namesAccount(s) })
}

// namesAccount reports words that cannot be a user or a group.
func (l *loader) namesAccount(s *syntax.Statement) bool {
	ok := true
	for _, w := range s.Args() {
		good := l.printable(s.Keyword(), w)
		if good && strings.Trim(w.Text, ":") == "" {
			l.errorf(w.Pos, "", "%s %s is ignored: it names nobody", s.Keyword(), quote(w.Text))
			good = false
		}
		ok = ok && good
	}
	return ok
}
