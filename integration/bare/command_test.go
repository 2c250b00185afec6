package bare

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/tandem-ha/tandem/integration/rig"
)

// The exit statuses that scripts go by, of commands that touch nothing.
func TestExitStatuses(t *testing.T) {
	t.Parallel()
	good := strings.Replace(one, "interface outside", "interface lo0missing", 1)
	for name, tt := range map[string]struct {
		args []string
		code int
		say  string
	}{
		"version":                          {[]string{"version"}, 0, "tandem "},
		"help names the exit statuses":     {[]string{"run", "--help"}, 0, "Exit status:"},
		"unknown command":                  {[]string{"rum"}, 64, `unknown command "rum"`},
		"unknown flag":                     {[]string{"run", "--nonsense"}, 64, "unknown flag: --nonsense"},
		"argument too many":                {[]string{"run", "please"}, 64, "please"},
		"check of a usable file":           {[]string{"check", "-f", write(t, good)}, 0, "usable"},
		"check of a fatal file":            {[]string{"check", "-f", write(t, strings.Replace(one, "51", "0", 1))}, 1, "given.conf:5:23: fatal: "},
		"check --strict of doubtful file":  {[]string{"check", "--strict", "-f", write(t, good)}, 2, "lo0missing does not exist"},
		"status where nothing ever ran":    {[]string{"status", "--run-dir", t.TempDir()}, 1, "no tandem is running"},
		"drill of a scenario there is not": {[]string{"drill", "--scenario", "comet"}, 64, `no scenario "comet"`},
	} {
		t.Run(name, func(t *testing.T) {
			var said bytes.Buffer
			cmd := exec.CommandContext(t.Context(), rig.Binary(), tt.args...)
			cmd.Stdout, cmd.Stderr = &said, &said
			err := cmd.Run()
			if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(said.String(), tt.say) {
				t.Errorf("exit status %d, want %d, and %q in: %s", code, tt.code, tt.say, &said)
			}
			noPanic(t, said.String())
		})
	}
}
