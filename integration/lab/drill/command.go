package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tandem-ha/tandem/integration/lab"
)

// Exit statuses of the command.
const (
	exitMissed = 1 // A budget was missed, or the drill broke off.
	exitHost   = 2 // This machine cannot run it.
)

// exitError is an error that knows its exit status.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string { return e.err.Error() }
func (e exitError) Unwrap() error { return e.err }

// ExitCode returns the exit status that the error asks for.
func (e exitError) ExitCode() int { return e.code }

// flags are the command line.
type flags struct {
	scenarios        []string
	list             bool
	runs             int
	advert           time.Duration
	mode             string
	a, b, compare    string
	mixed            bool
	json             string
	keep, countsOnly bool
}

// Command returns the subcommand `drill`. Its main must call lab.MaybeInit
// first. Errors that carry an exit status have a method ExitCode() int; others
// are errors of the command line.
func Command() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Rehearse failovers in a lab and measure what they cost",
		Long: `Builds a network in namespaces (a client, a router, two directors, three real
servers, a witness), lets a director pair carry traffic, breaks something, and
measures from outside: the outage, connections lost, who owns the VIP.

Where this kernel has no IPVS it boots User Mode Linux and runs itself inside.
It needs root. Nothing of the host is changed, nothing is left behind.

A director is any command that reads a keepalived.conf: {conf}, {run} and
{state} in it are replaced, "-f {conf}" is appended where {conf} is absent.
The word keepalived alone stands for "keepalived -n -l".

Exit status: 0 every budget met, 1 a budget missed or the drill broke off,
2 this machine cannot run it.`,
		Example: `  tandem drill --scenario power-loss,failback --runs 5
  tandem drill --compare keepalived --mixed --runs 1
  tandem drill --director-a keepalived --director-b keepalived --json k.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.list {
				return list(cmd.OutOrStdout())
			}
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	own := defaultDirector()
	set := cmd.Flags()
	set.StringSliceVar(&f.scenarios, "scenario", nil, "`names` of scenarios, with commas between; all by default")
	set.BoolVar(&f.list, "list", false, "list the scenarios and their budgets")
	set.IntVar(&f.runs, "runs", 0, "`times` to run each scenario; each scenario's own number by default")
	set.DurationVar(&f.advert, "advert-int", 200*time.Millisecond, "`interval` between adverts")
	set.StringVar(&f.mode, "mode", "dr", "forwarding `method`: dr, nat or tun")
	set.StringVar(&f.a, "director-a", own, "`command` of the director with the higher priority")
	set.StringVar(&f.b, "director-b", own, "`command` of the other director")
	set.StringVar(&f.compare, "compare", "", "drill a pair of this `command` too, in turns, and compare")
	set.BoolVar(&f.mixed, "mixed", false, "with --compare: drill both mixed pairs too")
	set.StringVar(&f.json, "json", "", "write every sample to this `file`")
	set.BoolVar(&f.keep, "keep", false, "open a shell in the last lab before it goes, and say how to enter its hosts")
	set.BoolVar(&f.countsOnly, "counts-only", false, "judge counts and not times: for a busy machine")
	return cmd
}

// defaultDirector is this very program as a director.
func defaultDirector() string {
	self, err := os.Executable()
	if err != nil {
		self = "tandem"
	}
	return self + " run -f {conf} --run-dir {run} --state-dir {state}"
}

// director expands the one abbreviation of a director's command.
func director(command string) string {
	if command == "keepalived" {
		return "keepalived -n -l" // In the foreground, its log to its output.
	}
	return command
}

// parseMode reads a forwarding method.
func parseMode(name string) (lab.Mode, error) {
	for _, m := range []lab.Mode{lab.DR, lab.NAT, lab.TUN} {
		if strings.EqualFold(name, m.String()) {
			return m, nil
		}
	}
	return 0, fmt.Errorf("no mode %q; there are dr, nat and tun", name)
}

// options checks the command line.
func (f *flags) options() (Options, error) {
	mode, err := parseMode(f.mode)
	if err != nil {
		return Options{}, err
	}
	if _, _, err := choose(f.scenarios, mode); err != nil {
		return Options{}, err
	}
	// RFC 9568 section 5.2.7: the field holds centiseconds, 12 bits of them.
	if f.advert < 10*time.Millisecond || f.advert > 40950*time.Millisecond || f.advert%(10*time.Millisecond) != 0 {
		return Options{}, fmt.Errorf("--advert-int %s: want a multiple of 10ms from 10ms to 40.95s", f.advert)
	}
	if f.runs < 0 {
		return Options{}, fmt.Errorf("--runs %d: want 1 or more", f.runs)
	}
	if f.mixed && f.compare == "" {
		return Options{}, errors.New("--mixed needs --compare")
	}
	return Options{
		Scenarios: f.scenarios, Runs: f.runs, AdvertInt: f.advert, Mode: mode,
		Pairs:   Pairs(director(f.a), director(f.b), director(f.compare), f.mixed),
		Talkers: StandardTalkers, Silent: StandardSilent,
	}, nil
}

func (f *flags) run(ctx context.Context, stdout, stderr io.Writer) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Progress = stderr
	if f.keep {
		o.Linger = linger
	}
	report, err := anywhere(ctx, o)
	if report == nil || len(report.Samples) == 0 {
		return err // Inside the test kernel the report has gone outside.
	}
	return errors.Join(f.publish(report, stdout), err)
}

// publish writes the report and returns an error where a budget was missed.
func (f *flags) publish(report *Report, stdout io.Writer) error {
	if f.json != "" {
		file, err := os.Create(f.json)
		if err != nil {
			return exitError{exitMissed, err}
		}
		defer file.Close()
		if err := errors.Join(report.WriteJSON(file), file.Close()); err != nil {
			return exitError{exitMissed, fmt.Errorf("write %s: %w", f.json, err)}
		}
	}
	if err := report.Write(stdout, f.countsOnly); err != nil {
		return exitError{exitMissed, err}
	}
	if missed := Missed(report.Rows(f.countsOnly)); len(missed) > 0 {
		return exitError{exitMissed, fmt.Errorf("budgets missed: %d", len(missed))}
	}
	return nil
}
