package lab

import (
	"context"
	"io"
)

// DefaultCommand is the command template of a director.
const DefaultCommand = "bin/tandem run -f {conf} --run-dir {run} --state-dir {state}"

// DirectorCommand makes an argument list of a command template: words split at
// white space, {conf}, {run} and {state} replaced, "-f {conf}" appended where
// no {conf} is in it.
func DirectorCommand(template, conf, run, state string) []string { panic("soon") }

// DirectorFiles are the paths of a director's files, the same for every start.
type DirectorFiles struct {
	Conf, RunDir, StateDir string
}

// Files returns the paths of a director's files below Dir.
func (l *Lab) Files(d Director) DirectorFiles { panic("soon") }

// WriteConfig writes a director's configuration file, for a start or a reload.
func (l *Lab) WriteConfig(d Director, text string) error { panic("soon") }

// StartDirector starts a director by a command template, "" for
// DefaultCommand, with the configuration as last written. Its environment has
// RUNTIME_DIRECTORY and STATE_DIRECTORY; its output goes to log, nil for the
// null device.
func (l *Lab) StartDirector(ctx context.Context, d Director, template string, log io.Writer) (*Process, error) {
	panic("soon")
}

// Process returns a director's process as last started, nil before the first.
func (l *Lab) Process(d Director) *Process { panic("soon") }
