package conf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-ha/tandem/conf/syntax"
)

// Severity says what a diagnostic means for the load.
type Severity uint8

// The severities, worst first. A start refuses Fatal; a reload refuses Fatal
// and any Error that the running file did not have.
const (
	Fatal   Severity = iota // the file is refused
	Error                   // this statement or block has no effect, the rest runs
	Warning                 // it runs, but perhaps not as meant
	Note                    // worth knowing
)

var severityNames = [...]string{"fatal", "error", "warning", "note"}

func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "?"
}

// Class tells findings apart that keepalived answers with an exit status of
// their own, where scripts go by that. It says nothing of what tandem does.
type Class uint8

// The classes.
const (
	Ordinary         Class = iota
	MissingArgument        // a statement lacks a word that it cannot do without
	FailedInclude          // an include that had to find its files has not
	MissingInterface       // an interface is not there
	ScriptSecurity         // programs run as root without enable_script_security
)

var classNames = [...]string{"", "missing argument", "failed include", "missing interface", "script security"}

func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "?"
}

// Diagnostic is one finding about a configuration file.
type Diagnostic struct {
	Pos      syntax.Pos
	Severity Severity
	Message  string
	Hint     string // what to do, or what was probably meant; empty: nothing to add
	Class    Class
	// See is another place that it speaks of, such as the first definition of
	// a name, or the other director's file; zero: none. A message that names
	// its line does so by LineFrom, which NewErrors goes by.
	See syntax.Pos
}

// String is the line that `tandem check` prints:
// "file:line:col: severity: message (hint)".
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s: %s: %s", d.Pos, d.Severity, d.Message)
	if d.Hint != "" {
		s += " (" + d.Hint + ")"
	}
	return s
}

// Diagnostics are the findings about one load, in the order of the file.
type Diagnostics []Diagnostic

// Count is how many findings have the severity.
func (ds Diagnostics) Count(s Severity) int {
	n := 0
	for _, d := range ds {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Fatal reports whether the file is refused.
func (ds Diagnostics) Fatal() bool { return ds.Count(Fatal) > 0 }

// NewErrors returns what must stop a reload: every fatal finding, and every
// error that the running file's diagnostics do not have. Position and hint do
// not count, nor does the line that a message names, since a line inserted above
// moves every finding below it, and a block may move to another file; a message
// that comes more often than before does.
func (ds Diagnostics) NewErrors(running Diagnostics) Diagnostics {
	known := make(map[string]int)
	for _, d := range running {
		if d.Severity == Error {
			known[d.lasting()]++
		}
	}
	var fresh Diagnostics
	for _, d := range ds {
		switch {
		case d.Severity == Fatal:
			fresh = append(fresh, d)
		case d.Severity == Error && known[d.lasting()] > 0:
			known[d.lasting()]--
		case d.Severity == Error:
			fresh = append(fresh, d)
		}
	}
	return fresh
}

// lasting is the message without the line that it sees: "defined already, in
// line 12" is the same finding in line 13, and in line 2 of an included file.
func (d Diagnostic) lasting() string {
	return strings.Replace(d.Message, d.See.LineFrom(d.Pos), "a line", 1)
}

// Sort puts the findings in the order of the file; those about one place stay
// in the order in which they were found.
func (ds Diagnostics) Sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int { return a.Pos.Compare(b.Pos) })
}
