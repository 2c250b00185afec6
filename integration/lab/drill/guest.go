package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tandem-ha/tandem/integration/lab"
	"github.com/tandem-ha/tandem/integration/lab/testkernel"
)

// insideEnv tells the command that it runs in a test kernel for the same
// command outside, which reads the report from its standard output.
const insideEnv = "TANDEM_DRILL_INSIDE"

// anywhere runs the drill on this kernel where that has IPVS, else in a test
// kernel. In the test kernel it hands the report out and returns none. A drill
// that broke off returns what it had measured, with the error.
func anywhere(ctx context.Context, o Options) (*Report, error) {
	if os.Getenv(insideEnv) != "" {
		report, err := Run(ctx, o)
		if report != nil {
			err = errors.Join(err, json.NewEncoder(os.Stdout).Encode(report))
		}
		return nil, broken(err)
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
	var text bytes.Buffer
	var took time.Duration
	guest := testkernel.Options{
		Env:    append(os.Environ(), insideEnv+"=1"),
		Stdout: &text, Stderr: os.Stderr,
		OnStart: func(boot time.Duration) { took = boot },
	}
	if o.Linger != nil {
		guest.Stdin = os.Stdin // For its shell.
	}
	code, err := lab.Rerun(ctx, guest)
	if err != nil {
		return nil, exitError{exitHost, fmt.Errorf("run the drill in a test kernel: %w", err)}
	}
	var r Report
	if err := json.Unmarshal(text.Bytes(), &r); err != nil {
		return nil, broken(fmt.Errorf("the drill in the test kernel left no report: %w", err))
	}
	r.Boot = millis(took)
	if code != 0 {
		return &r, broken(errors.New("the drill broke off: what was measured is not all"))
	}
	return &r, nil
}

// broken marks the error of a drill that did not come to its end.
func broken(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitMissed, err}
}
