package conf

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// script is a vrrp_script while it is read.
type script struct {
	*tracked
	command syntax.Command
}

var scriptBlock = block[script]{"vrrp_script", []row[script]{
	commandAt("script", func(s *script) *syntax.Command { return &s.command }).later().doc("none: it must be said", "program to run; exit status 0 is success"),
	period[script]("interval").later().doc("1", "time between two runs"),
	period[script]("timeout").later().doc("the interval", "a run that takes longer has failed"),
	custom("weight", "-253..253 [reverse]", (*script).setWeight).later().doc("0", "what it adds to the priority; 0: its failure is a fault"),
	count[script]("rise", nil).later().doc("1", "successes in a row until it is up"),
	count[script]("fall", nil).later().doc("1", "failures in a row until it is down"),
	account[script]("user").later().doc("that of script_user", "account to run it as"),
	plain[script]("init_fail", nil).later().doc("", "it counts as failed until its first run"),
}}

// readScript reads a vrrp_script. One without a program is none.
func readScript(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedScript, s)
	if t == nil {
		s.Refused = true
		return
	}
	l.within("vrrp_script "+t.name, func() {
		it := script{tracked: t}
		read(l, scriptBlock, &it, s.Block)
		if it.command.Line == "" {
			l.errorf(s.Pos, "write script and the command, in quotes", "the block is ignored: it has no script that could run")
			s.Refused = true
			return
		}
		l.addTracked(trackedScript, t)
	})
}

// setWeight reads the weight. One out of range counts as far as a priority can
// go, as in keepalived.
func (t *script) setWeight(l *loader, s *syntax.Statement) {
	if n, ok := whole(s.Words[1].Text, -1<<31, 1<<31-1); ok && (n > maxWeight || n < -maxWeight) {
		cut := max(-maxWeight, min(n, maxWeight))
		l.warnf(s.Words[1].Pos, "", "weight %d is cut to %d: a priority goes no further", n, cut)
		s.Words[1].Text = strconv.Itoa(cut)
		rewrite(s, texts(s.Words))
	}
	t.tracked.setWeight(l, s, maxWeight)
}

// period is a time between two runs of something; as in keepalived 0 is a
// second.
func period[T any](name string) row[T] {
	return custom(name, "SECONDS", func(_ *T, l *loader, s *syntax.Statement) {
		if d, ok := l.seconds(name, s.Words[1], 0, maxDelay*time.Second); ok && d < time.Millisecond {
			l.errorf(s.Words[1].Pos, "", "%s %s makes no sense: 1 is used", name, s.Words[1].Text)
		}
	})
}

// trackedWeight is weight N [reverse] in the block of a thing that can be
// tracked.
func trackedWeight[T any](most int, at func(*T) *tracked) row[T] {
	return custom("weight", fmt.Sprintf("-%d..%d [reverse]", most, most), func(t *T, l *loader, s *syntax.Statement) {
		at(t).setWeight(l, s, most)
	})
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

// account is the user, and perhaps the group, to run something as.
func account[T any](name string) row[T] {
	return custom(name, "USER [GROUP]", func(_ *T, l *loader, s *syntax.Statement) {
		for _, w := range s.Args() {
			if l.printable(name, w) && strings.Trim(w.Text, ":") == "" {
				l.errorf(w.Pos, "", "%s %s is ignored: it names nobody", name, quote(w.Text))
			}
		}
	})
}
