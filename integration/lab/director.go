package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultCommand is the command template of a director.
const DefaultCommand = "bin/tandem run -f {conf} --run-dir {run} --state-dir {state}"

// DirectorCommand makes an argument list of a command template: words split at
// white space, {conf}, {run} and {state} replaced, "-f {conf}" appended where
// no {conf} is in it.
func DirectorCommand(template, conf, run, state string) []string {
	if !strings.Contains(template, "{conf}") {
		template += " -f {conf}"
	}
	argv := strings.Fields(template)
	replacer := strings.NewReplacer("{conf}", conf, "{run}", run, "{state}", state)
	for i, word := range argv {
		argv[i] = replacer.Replace(word)
	}
	return argv
}

// DirectorFiles are the paths of a director's files, the same for every start.
type DirectorFiles struct {
	Conf, RunDir, StateDir string
}

// Files returns the paths of a director's files below Dir.
func (l *Lab) Files(d Director) DirectorFiles {
	dir := filepath.Join(l.dir, d.String())
	return DirectorFiles{
		Conf:     filepath.Join(dir, "director.conf"),
		RunDir:   filepath.Join(dir, "run"),
		StateDir: filepath.Join(dir, "state"),
	}
}

// WriteConfig writes a director's configuration file, for a start or a reload.
func (l *Lab) WriteConfig(d Director, text string) error {
	files := l.Files(d)
	for _, dir := range []string{files.RunDir, files.StateDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make a folder of director %s: %w", d, err)
		}
	}
	if err := os.WriteFile(files.Conf, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the configuration of director %s: %w", d, err)
	}
	return nil
}

// StartDirector starts a director by a command template, "" for
// DefaultCommand, with the configuration as last written. Its environment has
// RUNTIME_DIRECTORY and STATE_DIRECTORY; its output goes to log, nil for the
// null device.
func (l *Lab) StartDirector(ctx context.Context, d Director, template string, log io.Writer) (*Process, error) {
	if template == "" {
		template = DefaultCommand
	}
	files := l.Files(d)
	p, err := l.Director(d).Start(ctx, Command{
		Argv:   DirectorCommand(template, files.Conf, files.RunDir, files.StateDir),
		Env:    []string{"RUNTIME_DIRECTORY=" + files.RunDir, "STATE_DIRECTORY=" + files.StateDir},
		Stdout: log,
		Stderr: log,
		RunDir: files.RunDir,
	})
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.processes[d-1] = p
	l.mu.Unlock()
	l.log.Info("director started", "director", d, "pid", p.Pid())
	return p, nil
}

// Process returns a director's process as last started, nil before the first.
func (l *Lab) Process(d Director) *Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.processes[d-1]
}

// validDirector is the check of every fault.
func validDirector(d Director) error {
	if !slices.Contains([]Director{A, B}, d) {
		return fmt.Errorf("there is no director %s", d)
	}
	return nil
}
