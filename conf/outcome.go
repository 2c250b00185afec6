package conf

import (
	"fmt"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Director is one of the two that hold a virtual router together.
type Director uint8

// The directors, as seen by the one whose file is asked.
const (
	Nobody Director = iota
	This            // the director of the file that is asked
	Other           // its peer
	Either          // the files do not tell which
)

var directorNames = [...]string{"nobody", "this director", "the other director", "either director"}

// String is what a sentence calls the director.
func (d Director) String() string { return directorNames[d] }

// Verdict is what a failure means for who is master.
type Verdict uint8

// The verdicts.
const (
	Stays   Verdict = iota // who is master does not change
	MayMove                // a peer of a priority above Outcome.Priority takes over
	Moves                  // the other director takes over
	Lost                   // nobody is master, and nobody has the addresses
	Open                   // the files do not tell
)

var verdictNames = [...]string{"stays", "may move", "moves", "lost", "open"}

func (v Verdict) String() string { return verdictNames[v] }

// Outcome is what one failure, or none, makes of one instance.
type Outcome struct {
	Failure  string   // what fails: "vrrp_script chk fails"; empty: nothing does
	At       Director // whose it is; Nobody where nothing fails
	Instance string
	Before   int // the priority without the failure; 0: it is in FAULT all the same
	Priority int // with it, of the director where it happens; 0: FAULT
	Peer     int // that of the other director then; 0: FAULT; -1: not known, or it has no such instance
	Verdict  Verdict
	Master   Director   // with the failure; of one file alone, Nobody says that it is not known
	Returned Director   // once it is over; the same
	Pos      syntax.Pos // of the line that tracks it, else of the instance
}

// String says the outcome in words.
func (o Outcome) String() string {
	s := fmt.Sprintf("%s: %s", o.Instance, o.priorities())
	if o.Failure != "" {
		s = fmt.Sprintf("%s at %s: %s", o.Failure, o.At, s)
	}
	return s + ": " + o.Consequence()
}

func (o Outcome) priorities() string {
	s := "priority " + priorityName(o.Priority)
	if o.Priority == 0 {
		s = "FAULT"
	}
	if o.Peer >= 0 {
		s += ", the other's " + priorityName(o.Peer)
	}
	return s
}

func priorityName(n int) string {
	if n == 0 {
		return "FAULT"
	}
	return fmt.Sprint(n)
}

// Consequence is the rest of the sentence: who is master, and after the repair.
func (o Outcome) Consequence() string {
	var s string
	switch o.Verdict {
	case MayMove:
		return fmt.Sprintf("a peer above %d takes over, unless it has nopreempt", o.Priority)
	case Lost:
		s = "nobody is master"
	case Open:
		s = "the files do not tell who is master"
	case Moves:
		if o.Master == Nobody {
			return "any peer takes over"
		}
		s = o.Master.String() + " takes over"
	default:
		if o.Master == Nobody {
			return "nothing changes"
		}
		if o.Failure == "" {
			return o.Master.String() + " is master"
		}
		s = o.Master.String() + " stays master"
	}
	if o.Failure != "" && o.Returned != Nobody && o.Returned != o.Master && o.Returned != Either {
		s += ", and after the repair " + o.Returned.String()
	} else if o.Verdict == Moves && o.Returned == o.Master {
		s += ", and keeps it after the repair"
	}
	return s
}
