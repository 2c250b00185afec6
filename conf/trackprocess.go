package conf

import (
	"time"

	"github.com/tandem-ha/tandem/conf/syntax"
	"github.com/tandem-ha/tandem/vrrp/track"
)

// trackProcess is a vrrp_track_process while it is read.
type trackProcess struct {
	*tracked
	track.Process
	said string // the statement of the process as the file has it, where its words do not say all of it
	full bool   // full_command
}

var trackProcessBlock = block[trackProcess]{"vrrp_track_process", []row[trackProcess]{
	custom("process", "NAME [ARG ...]", (*trackProcess).setProcess).single().shown((*trackProcess).showProcess).
		doc("none: it must be said", "name of the program; or with arguments, full_command or param_match its command line, of which the first word is compared as it stands there"),
	custom("param_match", "[initial|partial]", (*trackProcess).setMatch).shown((*trackProcess).showMatch).
		doc("none", "arguments match where they begin so, or their first ones do; without a word they match as a whole"),
	trackedWeight(maxFileWeight, func(p *trackProcess) *tracked { return p.tracked }).doc("", "what it adds to the priority; 0: its lack is a fault"),
	number("quorum", 1, 65535, func(p *trackProcess) *int { return &p.QuorumMin }).shown((*trackProcess).showQuorum).doc("1; 0 with quorum_max 0", "how many must run"),
	number("quorum_max", 0, 65535, func(p *trackProcess) *int { return &p.QuorumMax }).shown((*trackProcess).showMost).doc("none", "how many may run; else any number"),
	custom("delay", "SECONDS", (*trackProcess).setDelay).doc("0", "both fork_delay and terminate_delay"),
	custom("fork_delay", "SECONDS", (*trackProcess).setDelay).shown(func(p *trackProcess) []Node { return showDelay("fork_delay", p.UpDelay) }).
		doc("0", "how long as many as must run have to before that counts"),
	custom("terminate_delay", "SECONDS", (*trackProcess).setDelay).shown(func(p *trackProcess) []Node { return showDelay("terminate_delay", p.DownDelay) }).
		doc("0", "how long they have to be gone before that counts"),
	plain("full_command", func(p *trackProcess) *bool { return &p.full }).doc("", "the command line is compared, with the program's path as it stands there"),
}}

// newTrackProcess is a vrrp_track_process with nothing in it.
func newTrackProcess(t *tracked) *trackProcess {
	return &trackProcess{tracked: t, Process: track.Process{Name: t.name, QuorumMin: 1, QuorumMax: track.NoLimit}}
}

// readTrackProcess reads a vrrp_track_process. One without a process is none.
func readTrackProcess(_ *none, l *loader, s *syntax.Statement) {
	t := l.define(trackedProcess, s)
	if t == nil {
		return
	}
	l.within("vrrp_track_process "+t.name, func() {
		p := newTrackProcess(t)
		t.met = read(l, trackProcessBlock, p, s.Block)
		if len(p.Command) == 0 {
			l.errorf(s.Pos, "write process and its name", "the block is ignored: it names no process")
			return
		}
		p.judge(l)
		l.addTracked(trackedProcess, t)
		l.processes = append(l.processes, p)
	})
}

// judge completes what only the whole block tells: arguments that nobody says
// how to compare match as a whole, and whatever compares them compares the
// command line.
func (p *trackProcess) judge(l *loader) {
	if len(p.Command) > 1 && p.Match == track.AnyArgs {
		p.Match = track.ExactArgs
	}
	p.FullPath = p.full || p.Match != track.AnyArgs
	if p.QuorumMax == track.NoLimit || p.QuorumMin <= p.QuorumMax {
		return
	}
	if p.QuorumMax == 0 && !p.met.has("quorum") {
		p.QuorumMin = 0 // None may run.
		return
	}
	l.errorf(p.met.at(p.pos, "quorum_max"), "", "quorum_max %d is ignored: it is less than the quorum, %d", p.QuorumMax, p.QuorumMin)
	p.QuorumMax = track.NoLimit
}

func (p *trackProcess) setProcess(l *loader, s *syntax.Statement) {
	if s.Words[1].Text == "" {
		l.errorf(s.Words[1].Pos, "", `process "" is ignored: it names no process`)
		return
	}
	p.Command = texts(s.Args())
	if !simple(s) {
		p.said = s.Line
	}
	for _, w := range s.Args() {
		l.warnCut("process", w)
	}
}

func (p *trackProcess) showProcess() []Node {
	n := Node{Keyword: "process", line: p.said}
	for _, w := range p.Command {
		n.Values = append(n.Values, w)
	}
	return []Node{n}
}

// setMatch reads how arguments are compared.
func (p *trackProcess) setMatch(l *loader, s *syntax.Statement) {
	switch {
	case len(s.Args()) == 0:
		p.Match = track.ExactArgs
	case !l.oneOf("param_match", s.Words[1], []string{"initial", "partial"}):
	case s.Words[1].Text == "initial":
		p.Match = track.InitialArgs
	default:
		p.Match = track.PartialArgs
	}
}

func (p *trackProcess) showMatch() []Node {
	switch p.Match {
	case track.ExactArgs:
		return statement("param_match")
	case track.PartialArgs:
		return statement("param_match", "partial")
	case track.InitialArgs:
		return statement("param_match", "initial")
	}
	return nil
}

func (p *trackProcess) showQuorum() []Node {
	if p.QuorumMin == 0 {
		return nil
	}
	return statement("quorum", p.QuorumMin)
}

func (p *trackProcess) showMost() []Node {
	if p.QuorumMax == track.NoLimit {
		return nil
	}
	return statement("quorum_max", p.QuorumMax)
}

// setDelay reads the three delays.
func (p *trackProcess) setDelay(l *loader, s *syntax.Statement) {
	d, ok := l.seconds(s.Keyword(), s.Words[1], time.Microsecond, time.Hour)
	if !ok {
		return
	}
	if s.Keyword() != "terminate_delay" {
		p.UpDelay = d
	}
	if s.Keyword() != "fork_delay" {
		p.DownDelay = d
	}
}

func showDelay(name string, d time.Duration) []Node {
	if d == 0 {
		return nil
	}
	return statement(name, d)
}

// node is the process as the effective configuration shows it.
func (p *trackProcess) node() Node {
	return p.tracked.node("vrrp_track_process", trackProcessBlock.show(p, p.met))
}
