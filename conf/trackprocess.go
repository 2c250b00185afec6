package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// trackProcess is a vrrp_track_process while it is read.
type trackProcess struct {
	*tracked
	named bool // it says which process
}

var trackProcessBlock = block[trackProcess]{"vrrp_track_process", []row[trackProcess]{
	custom("process", "NAME [ARG ...]", (*trackProcess).setProcess).single().later().doc("none: it must be said", "name of the program, or its command line, to look for"),
	oneOrNone[trackProcess]("param_match", "initial", "partial").later().doc("none", "arguments match where they begin so, or their first ones do; without a word they match as a whole"),
	trackedWeight(maxFileWeight, func(p *trackProcess) *tracked { return p.tracked }).later().doc("0", "what it adds to the priority; 0: its lack is a fault"),
	inRange[trackProcess]("quorum", 1, 65535).later().doc("1", "how many must run"),
	inRange[trackProcess]("quorum_max", 0, 65535).later().doc("none", "how many may run; else any number"),
	seconds[trackProcess]("delay", time.Microsecond, time.Hour, nil).later().doc("0", "both fork_delay and terminate_delay"),
	seconds[trackProcess]("fork_delay", time.Microsecond, time.Hour, nil).later().doc("0", "how long a process runs before it counts"),
	seconds[trackProcess]("terminate_delay", time.Microsecond, time.Hour, nil).later().doc("0", "how long a process is gone before that counts"),
	plain[trackProcess]("full_command", nil).later().doc("", "the whole command line is compared, with the program's path"),
}}

// readTrackProcess reads a vrrp_track_process. One without a process is none.
func readTrackProcess(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedProcess, s)
	if t == nil {
		s.Refused = true
		return
	}
	l.within("vrrp_track_process "+t.name, func() {
		p := trackProcess{tracked: t}
		read(l, trackProcessBlock, &p, s.Block)
		if !p.named {
			l.errorf(s.Pos, "write process and its name", "the block is ignored: it names no process")
			s.Refused = true
			return
		}
		l.addTracked(trackedProcess, t)
	})
}

func (p *trackProcess) setProcess(l *loader, s *syntax.Statement) {
	if s.Words[1].Text == "" {
		l.errorf(s.Words[1].Pos, "", `process "" is ignored: it names no process`)
		return
	}
	p.named = true
	for _, w := range s.Args() {
		l.warnCut("process", w)
	}
}
