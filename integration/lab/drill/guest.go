package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

// resultEnv tells the command that it runs in a test kernel for the same
// command outside, and where that expects the report.
const resultEnv = "TANDEM_DRILL_RESULT"

// anywhere runs the drill on this kernel where that has IPVS, else in a test
// kernel. In the test kernel it hands the report out and returns none. A drill
// that broke off returns what it had measured, with the error.
func anywhere(ctx context.Context, o Options) (*Report, error) {
	if path := os.Getenv(resultEnv); path != "" {
		report, err := Run(ctx, o)
		return nil, broken(errors.Join(err, handOut(path, report)))
	}
	switch need, why := lab.Needs(); need {
	case lab.Ready:
		report, err := Run(ctx, o)
		return report, broken(err)
	case lab.Boot:
		return boot(ctx, o)
	default:
		return nil, exitError{exitHost, errors.New(why)}
	}
}

// boot runs this command again in a test kernel and reads its report.
func boot(ctx context.Context, o Options) (*Report, error) {
	dir, err := os.MkdirTemp("", "tandem-drill-")
	if err != nil {
		return nil, exitError{exitHost, err}
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	var took time.Duration
	guest := testkernel.Options{
		Env: append(os.Environ(), resultEnv+"="+path), Out: []string{dir},
		Stdout: os.Stdout, Stderr: os.Stderr,
		OnStart: func(boot time.Duration) { took = boot },
	}
	if o.Linger != nil {
		guest.Stdin = os.Stdin // For its shell.
	}
	code, err := lab.Rerun(ctx, guest)
	if err != nil {
		return nil, exitError{exitHost, fmt.Errorf("run the drill in a test kernel: %w", err)}
	}
	report, err := readReport(path)
	if err == nil && code != 0 {
		err = errors.New("it broke off, so the figures above are not all")
	}
	if report != nil {
		report.Boot = millis(took)
	}
	return report, broken(err)
}

// broken marks the error of a drill that did not come to its end.
func broken(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitMissed, err}
}

func handOut(path string, r *Report) error {
	if r == nil {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func readReport(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the drill left no report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read the drill's report: %w", err)
	}
	return &r, nil
}
