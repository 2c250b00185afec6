package conf

import (
	"fmt"

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

// Diagnostic is one finding about a configuration file.
type Diagnostic struct {
	Pos      syntax.Pos
	Severity Severity
	Message  string
	Hint     string // what to do, or what was probably meant; empty: nothing to add
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
